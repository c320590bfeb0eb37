"""Cards: residents and their families, the physical card, the e-card, and the devices that show it.

Owns      cards.region_rule, cards.resident, cards.person, cards.id_mark, cards.gate, cards.card, cards.card_number,
          cards.card_event, cards.production_batch, cards.e_card, cards.association, cards.device,
          cards.bank_binding, cards.guardian, cards.family_member, cards.concession
Promises  one person holds one card and one e-card; the e-card follows its card at once; every command on a resident
          locks the resident's gate first and adds one to its version; every change of a card's state leaves an event
Asks      trust to seal personal fields and to prove passwords; a bank to confirm accounts; a face check
Never     moves money, decides a tap, or shows a personal field to a caller who keeps no record of the look
"""
