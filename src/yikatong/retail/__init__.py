"""Retail: taps that pay a provider for goods, meals, medicine or bills.

Owns      nothing; the ledger keeps what it costs, the counter keeps the tap
Promises  an amount is paid whole or not at all, from the sources its item names, in their order
Asks      an item with its funding list, a holder, balances under lock
Never     asks a bank; moves money itself
"""
