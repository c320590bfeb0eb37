"""Trade-in: the goods chain of one claim, from the old bike to the money and back.

Owns      trade_in.claim, trade_in.deed, trade_in.decision, trade_in.person_count, trade_in.prepared_sale,
          trade_in.vehicle, trade_in.overnight, trade_in.refusal, trade_in.listed_party, trade_in.price_pledge,
          trade_in.rostered, trade_in.payment_at_odds, trade_in.coupon_use
Promises  a claim, an old bike, its plate and a new bike move only along the table, each by who may move it; what was
          reserved is held, paid, owed back, released or reclaimed, to the fen; a vehicle counts once; a lithium bike
          that stays in a store overnight is found
Asks      amounts that `programmes` decided; days on which something happened; who acts
Never     decides an amount or a place's rule; counts a return as a chance given back; reads a clock
"""
