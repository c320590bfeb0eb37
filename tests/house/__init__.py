"""The house's own rules, checked without a database: what a rule cannot catch here is advice, not a rule.

Each checker gives the faults it finds as sentences; each is shown a small bad sample, so that it is known to bite.
"""
