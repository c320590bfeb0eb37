"""One typed function per named query of cards; one file a noun."""
