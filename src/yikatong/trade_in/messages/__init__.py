"""Files that lists and prices come in, read strictly: text with commas, and spreadsheets."""
