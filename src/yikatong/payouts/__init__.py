"""Payouts: what providers are paid and holders of ended cards get back, what banks are asked, whether both sides agree.

Owns      payouts.provider_statement, payouts.settlement, payouts.bank_request, payouts.balance_payout
Promises  a provider's day is stated once, from the ledger alone; a bank is asked once for each id, after we wrote that
          we ask; what became of a request is found out, however often somebody dies meanwhile; a balance that a bank
          does not take is kept for whoever claims it
Asks      a bank that knows requests by our ids (`outside.Bank`)
Never     keeps an account number; pays out what the ledger does not owe
"""
