"""The decisions of cards, pure: one file a noun. Time, ids and facts are arguments."""
