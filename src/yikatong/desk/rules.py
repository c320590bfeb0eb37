"""Pure decisions of desk: what may be paid into a purse, how much it may hold, and who claims what was kept."""

from yikatong.cards.model import ResidentStatus
from yikatong.catalogue.model import Item
from yikatong.desk.model import Claimant, Reason
from yikatong.kernel.outcomes import Refused

PURSE_FEN_MAX = 100_000
"""The most a purse may hold: 1 000 yuan. It is small money; more belongs into the bank account of the card."""

TOP_UP_ITEM = "purse-topup"
"""The code of the item that a top-up at the counter is."""

LINE = "desk"
"""The line of items that the counter serves; no terminal taps them."""


def verify_top_up_item(item: Item | None, *, amount_fen: int) -> Item:
    """The entry of the item list by which an amount may be paid in.

    Refuses, in this order: TOP_UP_IS_NOT_OFFERED when the region has no entry in force or another line serves it,
    TOP_UP_IS_OVER_THE_ITEM_MAXIMUM.
    """
    if item is None or item.line != LINE:
        raise Refused(Reason.TOP_UP_IS_NOT_OFFERED, item=TOP_UP_ITEM)
    if amount_fen > item.amount_fen_max:
        raise Refused(Reason.TOP_UP_IS_OVER_THE_ITEM_MAXIMUM, amount_fen_max=item.amount_fen_max)
    return item


def verify_top_up(amount_fen: int, *, posted_fen: int) -> int:
    """Give the amount back when a purse that holds `posted_fen` may take it; refuses PURSE_WOULD_HOLD_TOO_MUCH."""
    if posted_fen + amount_fen > PURSE_FEN_MAX:
        raise Refused(Reason.PURSE_WOULD_HOLD_TOO_MUCH, purse_fen_max=PURSE_FEN_MAX)
    return amount_fen


def verify_claim(kept_fen: int, *, claimant: Claimant, status: ResidentStatus) -> int:
    """Give the amount back when somebody may claim it now.

    Refuses, in this order: NOTHING_IS_KEPT; CLAIMANT_DOES_NOT_FIT for an heir of the living, and for a dead holder.
    """
    if kept_fen <= 0:
        raise Refused(Reason.NOTHING_IS_KEPT)
    if (claimant is Claimant.HEIR) != (status is ResidentStatus.DEAD):
        raise Refused(Reason.CLAIMANT_DOES_NOT_FIT)
    return kept_fen
