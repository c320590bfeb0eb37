"""A coupon as whoever checks its claim sees it."""

from datetime import date

from msgspec import Struct

from yikatong.trade_in import service
from yikatong.trade_in.model import Coupon, KeptClaim


class CouponSeenAnswer(Struct, frozen=True, kw_only=True):
    """A claim's coupon for whoever checks it; `disagree` names what the bank that took it and the store say otherwise.

    `used_on`, `price_fen` and `reference` are the bank's, null while none has taken it.
    """

    taken_on: date
    good_until: date
    used_on: date | None
    price_fen: int | None
    reference: str | None
    disagree: tuple[str, ...]


def show_coupon(kept: KeptClaim, coupon: Coupon) -> CouponSeenAnswer:
    """A coupon, and in what bank and store disagree."""
    use = coupon.use
    return CouponSeenAnswer(
        taken_on=coupon.taken_on,
        good_until=coupon.good_until,
        used_on=None if use is None else use.used_on,
        price_fen=None if use is None else use.price_fen,
        reference=None if use is None else use.reference,
        disagree=service.list_disagreements(kept, coupon),
    )
