"""Payouts: what providers are paid, what banks are asked to do, and whether both sides agree on it.

Owns      payouts.provider_statement, payouts.settlement, payouts.bank_request
Promises  a provider's day is stated once, from the ledger alone; a bank is asked once for each id, after we wrote that
          we ask; what became of a request is found out, however often somebody dies meanwhile
Asks      a bank that knows requests by our ids (`outside.Bank`)
Never     keeps an account number; pays out what the ledger does not owe
"""
