"""Payouts: benefits to people's card accounts, providers' days, what banks are asked, whether both sides agree.

Owns      payouts.provider_statement, payouts.settlement, payouts.bank_request, payouts.balance_payout,
          payouts.roster, payouts.roster_line, payouts.paid_once, payouts.objection, payouts.batch,
          payouts.application, payouts.batch_line, payouts.batch_part, payouts.return_file, payouts.payment_difference,
          payouts.roster_work
Promises  a provider's day is stated once, from the ledger alone; a bank is asked once for each id, after we wrote that
          we ask; what became of a request is found out, however often somebody dies meanwhile; a balance that a bank
          does not take is kept for whoever claims it. What a batch issued is paid, returned, stopped or still open, to
          the fen, at every commit; nobody is paid before a public term has passed; a stopped line never reaches a
          bank; a file reaches a bank once; a bank's file is applied whole and once, or refused whole with the line
Asks      a bank that knows requests by our ids (`outside.Bank`) and takes and gives files (`outside.BankFiles`);
          who is paid how much, already decided, with an opaque reference; a budget account that pays
Never     keeps an account number or a name; decides who is entitled; pays out what the ledger does not owe
"""
