"""Long random histories of taps, compared step by step with a small reference."""
