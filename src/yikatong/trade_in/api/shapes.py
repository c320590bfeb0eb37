"""What routes of a trade-in answer: each role sees of a claim what its steps need, and no more."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from yikatong.kernel.ids import ClaimIdText, ProviderIdText, ResidentIdText, show_id
from yikatong.kernel.outcomes import Change
from yikatong.trade_in.api.coupon_shapes import CouponSeenAnswer, show_coupon
from yikatong.trade_in.api.unmet import UnmetAnswer, show_unmet
from yikatong.trade_in.model import (
    Battery,
    ClaimState,
    Coupon,
    KeptClaim,
    Mode,
    NewState,
    OldState,
    PlateState,
    PreparedSale,
    Step,
    Unmet,
)


class SaleAnswer(Struct, frozen=True, kw_only=True):
    """A sale that waits to be paid: the resident taps the whole price, of which they pay their own share."""

    provider_id: ProviderIdText
    price_fen: int
    subsidy_fen: int
    own_fen: int
    new_code: str
    model: str
    clause: str
    bought_on: date


class OldBikeAnswer(Struct, frozen=True, kw_only=True):
    """The old bike of a claim."""

    code: str
    battery: Battery
    state: OldState
    plate: PlateState
    received_on: date | None
    collected_on: date | None
    dismantled_on: date | None
    cancelled_on: date | None


class NewBikeAnswer(Struct, frozen=True, kw_only=True):
    """The new bike of a claim; no code before it is sold."""

    code: str
    state: NewState
    bought_on: date | None
    registered_on: date | None
    returned_on: date | None


class StoreClaimAnswer(Struct, frozen=True, kw_only=True):
    """A claim as a store sees it: what it may do next, and no person. `most_fen` is the most that is reserved."""

    claim_id: ClaimIdText
    place: str
    mode: Mode
    needs: tuple[Step, ...]
    state: ClaimState
    valid_until: date | None
    old: OldBikeAnswer
    new: NewBikeAnswer
    most_fen: int
    sale: SaleAnswer | None
    unmet: tuple[UnmetAnswer, ...]


class RecyclerClaimAnswer(Struct, frozen=True, kw_only=True):
    """A claim as a recycler sees it: the old bike, and whether it may still be handed in."""

    claim_id: ClaimIdText
    place: str
    state: ClaimState
    old: OldBikeAnswer


class PoliceClaimAnswer(Struct, frozen=True, kw_only=True):
    """A claim as traffic police sees it: two bikes and their plates. Whose they are stands in its own register."""

    claim_id: ClaimIdText
    old_code: str
    plate: PlateState
    cancelled_on: date | None
    new_code: str
    new: NewState
    bought_on: date | None
    registered_on: date | None


class MoneyAnswer(Struct, frozen=True, kw_only=True):
    """Where the fen are that were reserved for a claim; `reserved_fen` is the sum of the others."""

    reserved_fen: int
    held_fen: int
    paid_fen: int
    owed_back_fen: int
    released_fen: int
    reclaimed_fen: int


class FinanceClaimAnswer(Struct, frozen=True, kw_only=True):
    """A claim as finance sees it: whose, how it stands, and its money."""

    claim_id: ClaimIdText
    resident_id: ResidentIdText
    place: str
    budget: str
    mode: Mode
    state: ClaimState
    amount_fen: int
    price_fen: int
    money: MoneyAnswer
    public_until: date | None


class ClaimAnswer(Struct, frozen=True, kw_only=True):
    """A claim whole, as its resident sees it."""

    claim_id: ClaimIdText
    place: str
    sheet: str
    mode: Mode
    needs: tuple[Step, ...]
    state: ClaimState
    valid_until: date | None
    public_until: date | None
    old: OldBikeAnswer
    new: NewBikeAnswer
    price_fen: int
    amount_fen: int
    money: MoneyAnswer
    facts: dict[str, str]
    sale: SaleAnswer | None


class CommerceClaimAnswer(Struct, frozen=True, kw_only=True):
    """A claim whole, as the department that checks it sees it."""

    resident_id: ResidentIdText
    claim: ClaimAnswer
    old_store_id: ProviderIdText | None
    recycler_id: ProviderIdText | None
    store_id: ProviderIdText | None
    proof: Annotated[str | None, Meta(description="SHA-256 of the proof of dismantling, in hexadecimal")]
    version: int
    coupon: CouponSeenAnswer | None


class StepAnswer(Struct, frozen=True, kw_only=True):
    """Whether a step was done now or before, and how the claim stands; of a sale also what should have come first."""

    change: Change
    claim_id: ClaimIdText
    state: ClaimState
    old: OldState
    plate: PlateState
    new: NewState
    unmet: tuple[UnmetAnswer, ...] = ()


class QualifiedAnswer(Struct, frozen=True, kw_only=True):
    """Whether a claim was opened now or before, and the claim."""

    change: Change
    claim: ClaimAnswer


class PreparedAnswer(Struct, frozen=True, kw_only=True):
    """A sale that waits for the resident's tap."""

    claim_id: ClaimIdText
    sale: SaleAnswer


def show_step(kept: KeptClaim, change: Change, unmet: Iterable[Unmet] = ()) -> StepAnswer:
    """What a step came to."""
    claim = kept.claim
    return StepAnswer(
        change=change,
        claim_id=show_id("claim", claim.claim_id),
        state=claim.state,
        old=claim.old,
        plate=claim.plate,
        new=claim.new,
        unmet=show_unmet(unmet),
    )


def show_sale(sale: PreparedSale) -> SaleAnswer:
    """A sale that waits to be paid."""
    return SaleAnswer(
        provider_id=show_id("provider", sale.provider_id),
        price_fen=sale.price_fen,
        subsidy_fen=sale.subsidy_fen,
        own_fen=sale.own_fen,
        new_code=sale.new_code,
        model=sale.model,
        clause=sale.clause,
        bought_on=sale.bought_on,
    )


def show_old(kept: KeptClaim) -> OldBikeAnswer:
    """The old bike."""
    claim, days = kept.claim, kept.claim.days
    return OldBikeAnswer(
        code=claim.old_code,
        battery=claim.old_battery,
        state=claim.old,
        plate=claim.plate,
        received_on=days.received_on,
        collected_on=days.collected_on,
        dismantled_on=days.dismantled_on,
        cancelled_on=days.cancelled_on,
    )


def show_new(kept: KeptClaim) -> NewBikeAnswer:
    """The new bike."""
    claim, days = kept.claim, kept.claim.days
    return NewBikeAnswer(
        code=claim.new_code,
        state=claim.new,
        bought_on=days.bought_on,
        registered_on=days.registered_on,
        returned_on=days.returned_on,
    )


def show_for_store(kept: KeptClaim, sale: PreparedSale | None, unmet: Iterable[Unmet]) -> StoreClaimAnswer:
    """A claim to a store."""
    claim = kept.claim
    return StoreClaimAnswer(
        claim_id=show_id("claim", claim.claim_id),
        place=kept.place,
        mode=claim.terms.mode,
        needs=_needs_of(kept),
        state=claim.state,
        valid_until=claim.valid_until,
        old=show_old(kept),
        new=show_new(kept),
        most_fen=claim.money.held_fen,
        sale=None if sale is None else show_sale(sale),
        unmet=show_unmet(unmet),
    )


def show_for_recycler(kept: KeptClaim) -> RecyclerClaimAnswer:
    """A claim to a recycler."""
    claim_id = show_id("claim", kept.claim.claim_id)
    return RecyclerClaimAnswer(claim_id=claim_id, place=kept.place, state=kept.claim.state, old=show_old(kept))


def show_for_police(kept: KeptClaim) -> PoliceClaimAnswer:
    """A claim to traffic police."""
    claim, days = kept.claim, kept.claim.days
    return PoliceClaimAnswer(
        claim_id=show_id("claim", claim.claim_id),
        old_code=claim.old_code,
        plate=claim.plate,
        cancelled_on=days.cancelled_on,
        new_code=claim.new_code,
        new=claim.new,
        bought_on=days.bought_on,
        registered_on=days.registered_on,
    )


def show_for_finance(kept: KeptClaim) -> FinanceClaimAnswer:
    """A claim to finance."""
    claim = kept.claim
    return FinanceClaimAnswer(
        claim_id=show_id("claim", claim.claim_id),
        resident_id=show_id("resident", claim.resident_id),
        place=kept.place,
        budget=kept.budget,
        mode=claim.terms.mode,
        state=claim.state,
        amount_fen=claim.amount_fen,
        price_fen=claim.price_fen,
        money=_show_money(kept),
        public_until=claim.public_until,
    )


def show_claim(kept: KeptClaim, sale: PreparedSale | None) -> ClaimAnswer:
    """A claim to its resident."""
    claim = kept.claim
    return ClaimAnswer(
        claim_id=show_id("claim", claim.claim_id),
        place=kept.place,
        sheet=kept.sheet,
        mode=claim.terms.mode,
        needs=_needs_of(kept),
        state=claim.state,
        valid_until=claim.valid_until,
        public_until=claim.public_until,
        old=show_old(kept),
        new=show_new(kept),
        price_fen=claim.price_fen,
        amount_fen=claim.amount_fen,
        money=_show_money(kept),
        facts=dict(kept.facts),
        sale=None if sale is None else show_sale(sale),
    )


def show_for_commerce(kept: KeptClaim, sale: PreparedSale | None, coupon: Coupon | None) -> CommerceClaimAnswer:
    """A claim to commerce."""
    claim = kept.claim
    return CommerceClaimAnswer(
        resident_id=show_id("resident", claim.resident_id),
        claim=show_claim(kept, sale),
        old_store_id=_shown_provider(claim.old_store_id),
        recycler_id=_shown_provider(claim.recycler_id),
        store_id=_shown_provider(claim.store_id),
        proof=None if kept.proof is None else kept.proof.hex(),
        version=kept.version,
        coupon=None if coupon is None else show_coupon(kept, coupon),
    )


def _show_money(kept: KeptClaim) -> MoneyAnswer:
    money = kept.claim.money
    return MoneyAnswer(**{name: getattr(money, name) for name in MoneyAnswer.__struct_fields__})


def _needs_of(kept: KeptClaim) -> tuple[Step, ...]:
    return tuple(step for step in Step if step in kept.claim.terms.needs)


def _shown_provider(provider_id: UUID | None) -> str | None:
    return None if provider_id is None else show_id("provider", provider_id)
