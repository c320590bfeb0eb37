"""Client: what a terminal or a partner's system runs to speak with the platform.

Owns      nothing of the platform's database; a journal file beside each terminal
Promises  what is sent was journalled and on disk before; an unknown answer is never taken for a no, nor for a yes;
          the same request is sent again as the same bytes, so nothing is charged twice
Asks      an address, a key, a place for the journal
Never     waits without a limit; shows a secret in a log or a representation
"""
