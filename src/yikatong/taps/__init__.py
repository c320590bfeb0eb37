"""Taps: the counter, the one way every use of a card goes.

Owns      taps.tap, taps.request, taps.waiting, taps.reversal, taps.refund, taps.second_use, taps.unread
Promises  one code, one tap; the same request gives the same receipt; what was acknowledged is committed
Asks      a presentation from an authenticated terminal; service lines that decide
Never     knows a line by name; moves money without a receipt
"""
