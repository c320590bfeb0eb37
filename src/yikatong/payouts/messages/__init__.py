"""Bank files, written and read piece by piece: ISO 20022 messages, and the plain pair for banks without them."""
