"""What the system of a bank asks whose coupons qualifications for a trade-in are."""

from datetime import date

from yikatong.client.calls import Calls
from yikatong.client.trade_in_answers import Coupon, CouponLines, CouponUsed

_COUPONS = "/v1/trade-in/bank/coupons"


class Banks:
    """What the system of a bank asks whose coupons qualifications are."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Partner`."""
        self._calls = calls

    def list(self, *, place: str, after: str | None = None, limit: int = 100) -> CouponLines:
        """Coupons of a place that may be used."""
        return self._calls.ask(_COUPONS, CouponLines, place=place, after=after, limit=limit)

    def view(self, claim_id: str, *, purpose: str) -> Coupon:
        """The coupon that a buyer shows."""
        return self._calls.ask(f"{_COUPONS}/{claim_id}", Coupon, purpose=purpose)

    def use(self, claim_id: str, *, on: date, price_fen: int, reference: str) -> CouponUsed:
        """Say that the bank took a coupon, under its own number; the same again is already so."""
        body = {"on": on, "price_fen": price_fen, "reference": reference}
        return self._calls.command("POST", f"{_COUPONS}/{claim_id}/use", CouponUsed, body=body)
