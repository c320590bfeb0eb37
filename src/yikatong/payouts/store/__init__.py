"""The statements of payouts, typed, by noun."""
