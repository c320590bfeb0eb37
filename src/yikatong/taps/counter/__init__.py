"""The counter itself: batches of taps, decided in order of arrival under the residents' gates."""
