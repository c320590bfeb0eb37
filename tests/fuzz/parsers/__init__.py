"""One harness for each parser of outside bytes: whatever the bytes, it reads them or refuses in its own words."""
