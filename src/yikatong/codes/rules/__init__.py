"""Pure rules of codes: what is written, what is read, what is decided. No clock, no randomness, no I/O."""
