"""Numbers that others assign: each file reads one of them, and a number that was read is well formed.

A digit is one of the ten ASCII digits: full-width and other Unicode digits are refused, because two spellings of
one number would be two people. Nothing here proves that a number was ever issued.
"""
