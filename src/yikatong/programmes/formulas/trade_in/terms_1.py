"""What a sheet of the trade-in says, version 1; `docs/formats/programme-sheet.md` explains each term."""

from enum import StrEnum
from itertools import combinations
from typing import Annotated, Literal

import msgspec

from yikatong.programmes.model import Edge, Fund, Nothing, Percent, Unknown, Window, Yuan

Count = Annotated[int, msgspec.Meta(ge=1, le=100)]
SmallCount = Annotated[int, msgspec.Meta(ge=0, le=400)]


class _Term(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A block of a sheet: values and the clause they stand in."""

    clause: str


class Flat(_Term, frozen=True, tag_field="kind", tag="flat"):
    """One amount at every price."""

    amount: Yuan


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From a price on, until the next tier, one amount."""

    from_: Yuan = msgspec.field(name="from")
    amount: Yuan


class Tiers(_Term, frozen=True, tag_field="kind", tag="tiers"):
    """An amount by price; each `from` belongs to its tier."""

    tiers: Annotated[tuple[Tier, ...], msgspec.Meta(min_length=1, max_length=20)]

    def __post_init__(self) -> None:
        begins = [tier.from_ for tier in self.tiers]
        if begins != sorted(set(begins)):
            raise ValueError("tiers begin one above the other")


class Share(_Term, frozen=True, tag_field="kind", tag="percent"):
    """A share of the price, at most the cap."""

    percent: Percent
    cap: Yuan


class ByBattery(_Term, frozen=True, tag_field="kind", tag="by_battery"):
    """The battery rules alone have amounts."""


class OldBattery(StrEnum):
    """What the old bike runs on."""

    LITHIUM = "lithium"
    LEAD_ACID = "lead_acid"
    OTHER = "other"
    NONE = "none"


class NewBattery(StrEnum):
    """What the new bike runs on."""

    LITHIUM = "lithium"
    LEAD_ACID = "lead_acid"
    OTHER = "other"


class _BatteryRule(_Term, frozen=True, kw_only=True):
    """A rule for a pair of batteries; a side that is left out does not matter."""

    old: OldBattery | None = None
    new: NewBattery | None = None

    def __post_init__(self) -> None:
        if self.old is None and self.new is None:
            raise ValueError("a battery rule names the old battery, the new one, or both")


class Add(_BatteryRule, frozen=True, tag_field="effect", tag="add"):
    """So much more, after rounding and cap."""

    amount: Yuan


class ReplaceShare(_BatteryRule, frozen=True, tag_field="effect", tag="replace_percent"):
    """Another share and cap instead of the base."""

    percent: Percent
    cap: Yuan


class ReplaceFlat(_BatteryRule, frozen=True, tag_field="effect", tag="replace_flat"):
    """One amount instead of the base, at every price."""

    amount: Yuan


class NotPublished(_BatteryRule, frozen=True, tag_field="effect", tag="unknown"):
    """There is a rule for the pair, and nobody published what it gives."""


BatteryRule = Add | ReplaceShare | ReplaceFlat | NotPublished


class MinimumPrice(_Term, frozen=True):
    """Below this price there is nothing."""

    price: Yuan


class Bonus(_Term, frozen=True):
    """So much more on a condition."""

    when: Literal["battery_checked"]
    amount: Yuan


class OtherBenefit(_Term, frozen=True):
    """What a resident gets besides, which is no trade-in; told, not counted."""

    zh: str
    en: str
    amount: Yuan


class Rounding(_Term, frozen=True):
    """How what the base gives is rounded, before the cap."""

    rule: Literal["fen_floor", "tens_half_up"]


class Windows(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window for each fact; of the claim alone it may be given to the minute."""

    old_registered: Window | Nothing | Unknown
    old_cancelled: Window | Nothing | Unknown
    handed_in: Window | Nothing | Unknown
    bought: Window | Nothing | Unknown
    new_registered: Window | Nothing | Unknown
    claimed: Window | Nothing | Unknown

    def __post_init__(self) -> None:
        for name in ("old_registered", "old_cancelled", "handed_in", "bought", "new_registered"):
            window = getattr(self, name)
            if isinstance(window, Window) and not window.is_of_days:
                raise ValueError(f"the window `{name}` is of days; only `claimed` has minutes")


class PerPerson(_Term, frozen=True):
    """How many claims a person has, and counted over what."""

    count: Count
    per: Literal["scheme", "calendar_year", "unknown"]


OrderRule = Literal["any", "hand_in_first", "cancel_first", "buy_first", "same_day", "buy_then_claim"]


class Order(_Term, frozen=True, kw_only=True):
    """In which order old and new come; online another may hold."""

    rule: OrderRule
    online: OrderRule | None = None


class DeductAtSale(_Term, frozen=True, tag_field="kind", tag="deduct_at_sale"):
    """The till takes the subsidy off; the seller advances it."""


class ClaimLater(_Term, frozen=True, tag_field="kind", tag="claim_later"):
    """The buyer pays the whole price and claims afterwards."""

    paid_by: Literal["treasury", "seller", "unknown"]


class Coupon(_Term, frozen=True, tag_field="kind", tag="coupon"):
    """A coupon with a life, then one of the two other ways. `takes` 0 is unknown."""

    then: Literal["deduct_at_sale", "claim_later", "unknown"]
    life: Literal["same_day", "days", "month", "unknown"]
    days: SmallCount
    takes: SmallCount

    def __post_init__(self) -> None:
        if (self.life == "days") != (self.days > 0):
            raise ValueError("`days` is 0 but for `life: days`, where it is not")


class Ownership(_Term, frozen=True):
    """How the old bike is shown to be one's own, and whether old owner, new owner and applicant are one person."""

    proof: Literal["plate", "plate_or_pledge", "unknown"]
    same_person: bool


class OldBike(_Term, frozen=True):
    """In what state the old bike must be."""

    battery: Literal["required", "not_required"]


class Age(_Term, frozen=True):
    """From which age on one may claim."""

    from_years: Annotated[int, msgspec.Meta(ge=8, le=100)]


class EvidenceKind(StrEnum):
    """A paper or picture that a claim brings; the place in this list is its bit."""

    ID_CARD = "id_card"
    BANK_CARD = "bank_card"
    OLD_PLATE = "old_plate"
    OLD_LICENCE = "old_licence"
    OLD_INVOICE = "old_invoice"
    PLEDGE = "pledge"
    OLD_PHOTO = "old_photo"
    PERSON_WITH_OLD_PHOTO = "person_with_old_photo"
    OLD_CODE_PHOTO = "old_code_photo"
    RECOVERY_PROOF = "recovery_proof"
    REVERSE_INVOICE = "reverse_invoice"
    CANCELLATION_PROOF = "cancellation_proof"
    NEW_INVOICE = "new_invoice"
    NEW_CERTIFICATE = "new_certificate"
    NEW_LICENCE = "new_licence"
    NEW_PLATE = "new_plate"
    NEW_PHOTO = "new_photo"
    NEW_CODE_PHOTO = "new_code_photo"
    BATTERY_CHECK_PROOF = "battery_check_proof"


class Evidence(_Term, frozen=True):
    """What a claim must bring: of each inner list one."""

    items: Annotated[
        tuple[Annotated[tuple[EvidenceKind, ...], msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1)
    ]


class PricePledge(_Term, frozen=True):
    """What the price must not exceed; the figure is a fact of the claim."""

    rule: Literal["lowest_month_before_policy", "average_month_before_joining", "filed_price"]


class Budget(_Term, frozen=True):
    """Money that the place opened, and from when."""

    total: Fund
    from_: Edge = msgspec.field(name="from")


class Returns(_Term, frozen=True):
    """What a return of the new bike means."""

    refund: Literal["own_payment", "unknown"]
    chance: Literal["stays_used", "unknown"]
    partial: Literal["stays_used", "unknown"]


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of one place; each is a value, `none`, or `unknown`."""

    base: Flat | Tiers | Share | ByBattery | Unknown
    battery: tuple[BatteryRule, ...] | Nothing | Unknown
    minimum_price: MinimumPrice | Nothing | Unknown
    bonuses: tuple[Bonus, ...] | Nothing | Unknown
    other_benefits: tuple[OtherBenefit, ...] | Nothing | Unknown
    rounding: Rounding
    windows: Windows
    per_person: PerPerson | Nothing | Unknown
    order: Order | Unknown
    mode: DeductAtSale | ClaimLater | Coupon | Unknown
    ownership: Ownership | Unknown
    old_bike: OldBike | Unknown
    age: Age | Nothing | Unknown
    evidence: Evidence | Nothing | Unknown
    price_pledge: PricePledge | Nothing | Unknown
    budget: tuple[Budget, ...] | Nothing | Unknown
    returns: Returns | Unknown

    def __post_init__(self) -> None:
        rules = self.battery if isinstance(self.battery, tuple) else ()
        for one, other in combinations(rules, 2):
            if _fit_together(one.old, other.old) and _fit_together(one.new, other.new):
                raise ValueError("two battery rules fit the same pair")
        if isinstance(self.base, ByBattery) and not any(rule for rule in rules if not isinstance(rule, Add)):
            raise ValueError("a base by battery alone needs battery rules with amounts of their own")


def _fit_together(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other
