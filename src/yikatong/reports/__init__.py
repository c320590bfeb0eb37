"""Reports: what crosses rooms, added up for whoever answers for a programme.

Owns      nothing
Promises  every figure is read from what rooms keep, and sums are those of their rows; no person stands in a report
Asks      a place, days, and the rooms' sums
Never     writes; estimates; counts what a room has not counted
"""
