"""A week of lies: one seed decides every message, every clock and every interleaving of several workers."""
