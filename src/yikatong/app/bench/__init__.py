"""Benchmarks: ratios taken in one run, on a database of their own, with durability on."""
