"""Ledger: who owes whom, in fen, by double entry.

Owns      ledger.account, ledger.open_account, ledger.transfer, ledger.entry, ledger.hold
Promises  a transfer is posted once, whole, and sums to zero; a balance is the sum of its entries; no account passes
          its floor; a hold ends once; purses are covered one to one by the reserve
Asks      amounts already decided, an opaque reference, the time, and the bucket of the resident concerned
Never     knows what was bought, or who a person is
"""
