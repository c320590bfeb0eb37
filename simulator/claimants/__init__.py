"""Claimants: made-up cases of a programme, for trying a rule on a population before it is made."""
