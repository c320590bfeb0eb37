"""Desk: what is done at the counter and in the wallet where cards, codes and money meet.

Owns      desk.top_up, desk.kept_payout; else it joins what other rooms own
Promises  a card reported lost stops its codes in the same transaction; an ended card's money is moved with it;
          a wallet's session ends with its device
Asks      a face check, and the bank of the card
Never     decides a card's state, a code or a transfer itself
"""
