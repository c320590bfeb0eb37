"""Presence: taps that prove who is there: a gate, a queue ticket, a counter, a reader's desk.

Owns      nothing; the counter keeps the tap
Promises  nothing is charged; the terminal learns no more than the item and its own purpose allow
Asks      a presentation as strong as the item names
Never     takes an amount
"""
