"""Kernel: the values every room speaks in.

Owns      nothing; values only
Promises  money is a whole number of fen; a day is a day in Asia/Shanghai; an identifier that parses is well formed
Asks      nothing
Never     reads a clock, a file, a network or a random source
"""
