"""Pure decisions of desk: how much a purse may hold."""

from yikatong.desk.model import Reason
from yikatong.kernel.outcomes import Refused

PURSE_FEN_MAX = 100_000
"""The most a purse may hold: 1 000 yuan. It is small money; more belongs into the bank account of the card."""


def verify_top_up(amount_fen: int, *, posted_fen: int) -> int:
    """Give the amount back when a purse that holds `posted_fen` may take it; refuses PURSE_WOULD_HOLD_TOO_MUCH."""
    if posted_fen + amount_fen > PURSE_FEN_MAX:
        raise Refused(Reason.PURSE_WOULD_HOLD_TOO_MUCH, purse_fen_max=PURSE_FEN_MAX)
    return amount_fen
