"""Lines: what the counter and a service line say to each other.

Owns      nothing; values and the rules every line shares
Promises  a line decides one tap from facts, and says what it costs and who pays, without moving anything itself
Asks      a presentation already verified; facts already loaded under the gate
Never     reads the database; knows which lines exist
"""
