"""A made-up population: people with valid numbers of an unassigned division, in families, of realistic ages.

Nobody in it exists. The same seed, count and day give the same people.
"""
