"""A coupon: a qualification under a sheet that gives coupons, which a bank takes when the new bike is paid."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class CouponUse(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank says of a coupon that it took: its partner's id, the day, the price that was paid, its own number."""

    bank_id: UUID
    used_on: date
    price_fen: int
    reference: str


class CouponUseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon's use as it is kept, once for a claim."""

    bucket: int
    claim_id: UUID
    resident_id: UUID
    bank_id: UUID
    used_on: date
    price_fen: int
    reference: str
    made_at: datetime

    @property
    def use(self) -> CouponUse:
        """What the bank said."""
        return CouponUse(bank_id=self.bank_id, used_on=self.used_on, price_fen=self.price_fen, reference=self.reference)


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A claim's coupon: the day it was taken, the first day on which it is no longer good, and its use, if any."""

    taken_on: date
    good_until: date
    use: CouponUseRow | None


class ListedCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon that may be used, in a list: whose claim's, how much at most, and its facts for the day it was taken."""

    claim_id: UUID
    sheet: str
    held_fen: int
    facts: dict[str, str]
