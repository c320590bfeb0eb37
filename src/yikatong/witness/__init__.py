"""Witness: what somebody outside runs, who signs the log's heads and remembers them.

Owns      nothing of the platform's database; a folder with the witness's key, the log's keys, every head it signed
Promises  signs no head whose log does not begin with all it signed before, whatever happens to its machine in between
Asks      nobody: it is given the log's keys when it is set up
Never     trusts the platform's word; sees anything of a person
"""
