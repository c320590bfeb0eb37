"""GB/T 32905-2016: SM3 digests."""
