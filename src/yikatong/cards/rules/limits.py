"""How much a shown code may pay without confirmation."""

from yikatong.cards.model import Reason
from yikatong.cards.rules.application import ADULT_FROM_AGE

SHOWN_LIMIT_FEN_MAX = 50_000
"""The most a resident can allow for one tap of a shown code: 500 yuan."""
SHOWN_DAY_LIMIT_FEN_MAX = 200_000
"""The most a resident can allow for one day: 2 000 yuan."""


def decide_shown_limit(*, limit_fen: int, day_limit_fen: int, age: int) -> Reason | None:
    """Say why a resident may not set these limits, or None. Zero is open to everyone.

    Refuses, in this order:
        MINORS_HAVE_NO_SMALL_PAYMENTS      under 18 and not zero
        SMALL_PAYMENT_LIMIT_IS_TOO_HIGH    above 500 yuan a tap or 2 000 yuan a day, or a tap above the day
    """
    if age < ADULT_FROM_AGE and (limit_fen > 0 or day_limit_fen > 0):
        return Reason.MINORS_HAVE_NO_SMALL_PAYMENTS
    if limit_fen > min(SHOWN_LIMIT_FEN_MAX, day_limit_fen) or day_limit_fen > SHOWN_DAY_LIMIT_FEN_MAX:
        return Reason.SMALL_PAYMENT_LIMIT_IS_TOO_HIGH
    return None
