"""Pure decisions of payouts, by noun."""
