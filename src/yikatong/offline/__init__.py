"""Offline: allowances, and taps that were made without a network and come later.

Owns      offline.allowance, offline.allowance_of_place, offline.line, offline.upload, offline.dispute,
          offline.dispute_of_provider
Promises  what an offline tap takes comes out of its allowance's hold, once, and never more than the hold has; a tap
          has one answer, however often it is uploaded; what could not be posted is a dispute with its signed code
Asks      a code that the wallet, or an answer that the card's chip, signed over challenge, amount, payee and item; taps
          to write it as one of theirs
Never     takes from a resident who granted nothing; believes a terminal's word where a signature can be verified
"""
