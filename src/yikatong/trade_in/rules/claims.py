"""How a claim is moved: by the table, in the order of days, by who began it."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from msgspec import structs

from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import (
    MOVES,
    Act,
    Actor,
    Battery,
    Claim,
    ClaimState,
    Days,
    Deed,
    Money,
    Move,
    OldState,
    Reason,
    Terms,
)
from yikatong.trade_in.rules.effects import EFFECTS
from yikatong.trade_in.rules.money import verify_conserved
from yikatong.trade_in.rules.vehicles import ENDED_UNPAID


def decide_move(claim: Claim, deed: Deed, *, today: date) -> Claim:
    """The claim after a deed; the money it moved is the difference of the two.

    Refuses, in this order:
        ACT_IS_NOT_FOR_THIS_PARTY           no row of the table has this act by this party
        CLAIM_WAS_RESUMED                   its goods went to a later claim
        CLAIM_IS_PAID_IN_ANOTHER_WAY        the act belongs to the other mode
        CLAIM_, OLD_BIKE_, PLATE_, NEW_BIKE_IS_IN_ANOTHER_STATE
        STEP_IS_IN_THE_FUTURE, STEP_IS_BEFORE_THE_ONE_IT_FOLLOWS
        CLAIM_IS_WITH_ANOTHER_PARTY         another resident, store or recycler than the one who began
        QUALIFICATION_HAS_ENDED             for a sale; _HAS_NOT_ENDED for an expiry
        CLAIM_LACKS_A_STEP                  for a submission and a deduction
        NEW_VEHICLE_CODE_IS_MISSING, VEHICLE_IS_COUNTED_ALREADY, PRICE_IS_NOTHING, AMOUNT_IS_ABOVE_THE_PRICE
        AMOUNT_IS_NOTHING, AMOUNT_IS_ABOVE_THE_RESERVE
        PUBLICITY_HAS_NO_TERM, PUBLICITY_IS_NOT_OVER
    """
    move = find_move(claim, deed)
    _verify_days(claim, deed, today=today)
    _verify_party(claim, deed)
    _verify_term(claim, deed)
    changed = EFFECTS[deed.act](claim, deed)
    verify_conserved(changed.money)
    return structs.replace(
        changed,
        state=move.to or claim.state,
        old=move.old_to or claim.old,
        plate=move.plate_to or claim.plate,
        new=move.new_to or claim.new,
    )


def find_move(claim: Claim, deed: Deed) -> Move:
    """The row of the table that a deed follows; refuses what the table does not have, as `decide_move` says."""
    move = MOVES.get((deed.act, deed.actor))
    if move is None:
        allowed = ", ".join(actor.value for act, actor in MOVES if act is deed.act)
        raise Refused(Reason.ACT_IS_NOT_FOR_THIS_PARTY, act=deed.act.value, allowed=allowed)
    if claim.was_resumed:
        raise Refused(Reason.CLAIM_WAS_RESUMED)
    if move.mode not in (None, claim.terms.mode):
        raise Refused(Reason.CLAIM_IS_PAID_IN_ANOTHER_WAY, mode=claim.terms.mode.value)
    _verify_in(claim.state, move.claim, Reason.CLAIM_IS_IN_ANOTHER_STATE)
    _verify_in(claim.old, move.old, Reason.OLD_BIKE_IS_IN_ANOTHER_STATE)
    _verify_in(claim.plate, move.plate, Reason.PLATE_IS_IN_ANOTHER_STATE)
    _verify_in(claim.new, move.new, Reason.NEW_BIKE_IS_IN_ANOTHER_STATE)
    return move


def _verify_in(state: StrEnum, possible: frozenset[StrEnum], reason: KernelReason) -> None:
    if state not in possible:
        raise Refused(reason, state=state.value, needs=", ".join(sorted(one.value for one in possible)))


_FOLLOWS: Mapping[Act, Callable[[Days], date | None]] = {
    Act.COLLECT_OLD: lambda days: days.received_on,
    Act.DISMANTLE: lambda days: days.collected_on or days.received_on,
    Act.REGISTER_NEW: lambda days: days.bought_on,
    Act.RETURN_GOODS: lambda days: days.registered_on or days.bought_on,
}
"""The day before which an act cannot have happened. A place's own order of hand-in and purchase is the formula's."""


def _verify_days(claim: Claim, deed: Deed, *, today: date) -> None:
    if deed.on > today:
        raise Refused(Reason.STEP_IS_IN_THE_FUTURE, on=deed.on.isoformat(), today=today.isoformat())
    earlier = _FOLLOWS[deed.act](claim.days) if deed.act in _FOLLOWS else None
    if earlier is not None and deed.on < earlier:
        raise Refused(Reason.STEP_IS_BEFORE_THE_ONE_IT_FOLLOWS, on=deed.on.isoformat(), earlier=earlier.isoformat())


def _verify_party(claim: Claim, deed: Deed) -> None:
    began = None
    if deed.actor is Actor.RESIDENT:
        began = claim.resident_id
    elif deed.act is Act.RETURN_GOODS:
        began = claim.store_id
    elif deed.act is Act.DISMANTLE:
        began = claim.recycler_id
    if began not in (None, deed.by):
        raise Refused(Reason.CLAIM_IS_WITH_ANOTHER_PARTY, act=deed.act.value)


def _verify_term(claim: Claim, deed: Deed) -> None:
    """A sale and a submission need the qualification on their day, an expiry its end."""
    ended = claim.valid_until is not None and deed.on >= claim.valid_until
    if deed.act in (Act.SELL, Act.DEDUCT, Act.SUBMIT) and ended:
        raise Refused(Reason.QUALIFICATION_HAS_ENDED, until=str(claim.valid_until))
    if deed.act is Act.EXPIRE and not ended:
        raise Refused(Reason.QUALIFICATION_HAS_NOT_ENDED, until=str(claim.valid_until or ""))


def give_term_to_mend(deed: Deed, *, today: date, term: timedelta) -> Deed:
    """A deed that sends a claim back, with the day until which it may be mended: the usual one where none was said.

    Refuses MENDING_HAS_NO_TERM for one that is over when it begins: the claim would end before anybody could mend it.
    """
    if deed.until is None:
        return structs.replace(deed, until=today + term)
    if deed.until <= today:
        raise Refused(Reason.MENDING_HAS_NO_TERM, until=deed.until.isoformat())
    return deed


class Resumed(NamedTuple):
    """The claim that ended, and the draft that has its goods."""

    ended: Claim
    draft: Claim


def resume(ended: Claim, *, claim_id: UUID, terms: Terms) -> Resumed:
    """Begin a new claim of the same resident with the goods of one that ended unpaid, where they are.

    Who handed the old bike in and let the qualification end does not lose the bike to the rule that a vehicle counts
    once. Refuses, in this order: CLAIM_WAS_RESUMED, CLAIM_IS_IN_ANOTHER_STATE.
    """
    if ended.was_resumed:
        raise Refused(Reason.CLAIM_WAS_RESUMED)
    _verify_in(ended.state, ENDED_UNPAID, Reason.CLAIM_IS_IN_ANOTHER_STATE)
    draft = structs.replace(
        ended,
        claim_id=claim_id,
        terms=terms,
        state=ClaimState.DRAFT,
        money=Money(),
        amount_fen=0,
        valid_until=None,
        public_until=None,
    )
    return Resumed(structs.replace(ended, was_resumed=True), draft)


def find_lithium_in_store(claim: Claim) -> date | None:
    """The day since which an old lithium bike is in a store under this claim, else None."""
    waits = not claim.was_resumed and claim.old is OldState.IN_STORE and claim.old_battery is Battery.LITHIUM
    return claim.days.received_on if waits else None


def find_overnight(claim: Claim, *, today: date) -> date | None:
    """The day since which an old lithium bike is in a store though it must leave on that day, else None."""
    received = find_lithium_in_store(claim)
    return received if received is not None and received < today else None
