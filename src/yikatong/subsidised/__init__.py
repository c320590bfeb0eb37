"""Subsidised: taps that pay a sale of which a programme pays a part at the till.

Owns      nothing; the claim keeps what was sold and paid, the ledger what it cost, the counter the tap
Promises  the store gets the full price in one transfer or nothing; a sale is paid once; a return brings the subsidy
          back to the treasury and the resident's own money to the resident
Asks      a sale that its store entered and the formula decided; balances under lock
Never     decides an amount or a place's rule; asks a bank. It is a room of its own, and not a second line of retail,
          so that a house without programmes has retail all the same, and retail knows no claim
"""
