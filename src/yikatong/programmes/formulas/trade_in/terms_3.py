"""What a sheet of the trade-in says, version 3: as version 2, and two things beside the amount.

At which hours of a day a coupon may be taken; how many bikes a place pays for in a year. The formula calculates with
neither: whoever admits an application holds to them.
"""

from typing import Annotated, Any, Literal

import msgspec

from yikatong.programmes.formulas.trade_in import terms_1, terms_2
from yikatong.programmes.model import Nothing, Unknown

Bikes = Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
Clock = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of every day, in Shanghai: from a minute on, until another begins."""

    from_: Clock = msgspec.field(name="from")
    until: Clock

    def __post_init__(self) -> None:
        if self.from_ >= self.until:
            raise ValueError("`hours` end after they begin, on the same day")


class Coupon(terms_2.Coupon, frozen=True, kw_only=True, tag_field="kind", tag="coupon"):
    """A coupon with a life, and the hours in which it may be taken."""

    hours: Hours | Nothing | Unknown

    def as_version_2(self) -> terms_2.Coupon:
        """The same without its hours."""
        return terms_2.Coupon(
            clause=self.clause,
            then=self.then,
            life=self.life,
            days=self.days,
            takes=self.takes,
            paid_by=self.paid_by,
        )


class Quota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many new bikes are paid for, of all that are bought in a year."""

    clause: str
    bikes: Bikes
    per: Literal["calendar_year"]


class Terms(terms_2.Terms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of one place; each is a value, `none`, or `unknown`."""

    mode: terms_1.DeductAtSale | terms_1.ClaimLater | Coupon | Unknown
    quota: Quota | Nothing | Unknown

    def as_version_2(self) -> terms_2.Terms:
        """The same in the words of version 2. Raises ValueError where version 2 refuses what stands together."""
        said: dict[str, Any] = {name: getattr(self, name) for name in terms_2.Terms.__struct_fields__}
        if isinstance(self.mode, Coupon):
            said["mode"] = self.mode.as_version_2()
        return terms_2.Terms(**said)

    def as_version_1(self) -> terms_1.Terms:
        """The same in the words of version 1. Raises ValueError where version 1 refuses what stands together."""
        return self.as_version_2().as_version_1()
