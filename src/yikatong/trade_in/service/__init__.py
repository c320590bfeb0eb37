"""What the house asks of the trade-in, by noun; each inside the caller's transaction."""
