"""Programmes: who is entitled to what, decided by rules that are law.

Owns      nothing; formulas, sheets and the lock file of what was published
Promises  one claim and ten million are decided by one text; a decision names its clauses and replays from what it
          keeps; what was published is never changed
Asks      facts that somebody vouches for; an effective day and a day of knowledge
Never     invents an amount; counts money in floats; reads a clock or a database to decide
"""
