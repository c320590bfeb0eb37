"""What a sheet of the trade-in says, version 2: as version 1, and three things that version 1 could not say.

Whether the new bike must be the applicant's own may be unknown; a coupon says who pays what is claimed later; a new
bike may have to be registered within some days of its purchase.
"""

from typing import Annotated, Any, Literal

import msgspec

from yikatong.programmes.formulas.trade_in import terms_1
from yikatong.programmes.model import Nothing, Unknown

Days = Annotated[int, msgspec.Meta(ge=1, le=400)]


class Ownership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the old bike is shown to be one's own, and whose the new bike and its invoice must be."""

    clause: str
    proof: Literal["plate", "plate_or_pledge", "unknown"]
    new_owner: Literal["applicant", "anyone", "unknown"]


class Coupon(terms_1.Coupon, frozen=True, kw_only=True, tag_field="kind", tag="coupon"):
    """A coupon with a life; where what it gives is claimed later, who pays."""

    paid_by: Literal["treasury", "seller", "unknown"]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.then != "claim_later" and self.paid_by != "unknown":
            raise ValueError("`paid_by` is `unknown` but for `then: claim_later`")


class RegisteredWithin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many days after the purchase at most the new bike is registered."""

    clause: str
    days: Days


class Windows(terms_1.Windows, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The windows of version 1, and one that begins with the purchase."""

    new_registered_within: RegisteredWithin | Nothing | Unknown


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of one place; each is a value, `none`, or `unknown`."""

    base: terms_1.Flat | terms_1.Tiers | terms_1.Share | terms_1.ByBattery | Unknown
    battery: tuple[terms_1.BatteryRule, ...] | Nothing | Unknown
    minimum_price: terms_1.MinimumPrice | Nothing | Unknown
    bonuses: tuple[terms_1.Bonus, ...] | Nothing | Unknown
    other_benefits: tuple[terms_1.OtherBenefit, ...] | Nothing | Unknown
    rounding: terms_1.Rounding
    windows: Windows
    per_person: terms_1.PerPerson | Nothing | Unknown
    order: terms_1.Order | Unknown
    mode: terms_1.DeductAtSale | terms_1.ClaimLater | Coupon | Unknown
    ownership: Ownership | Unknown
    old_bike: terms_1.OldBike | Unknown
    age: terms_1.Age | Nothing | Unknown
    evidence: terms_1.Evidence | Nothing | Unknown
    price_pledge: terms_1.PricePledge | Nothing | Unknown
    budget: tuple[terms_1.Budget, ...] | Nothing | Unknown
    returns: terms_1.Returns | Unknown

    def __post_init__(self) -> None:
        self.as_version_1()

    def as_version_1(self) -> terms_1.Terms:
        """The same in the words of version 1, which binds nobody by what version 2 alone can say.

        Raises ValueError where version 1 refuses what stands together.
        """
        said: dict[str, Any] = {name: getattr(self, name) for name in self.__struct_fields__}
        if isinstance(self.ownership, Ownership):
            owner = self.ownership
            said["ownership"] = terms_1.Ownership(
                clause=owner.clause, proof=owner.proof, same_person=owner.new_owner == "applicant"
            )
        return terms_1.Terms(**said)
