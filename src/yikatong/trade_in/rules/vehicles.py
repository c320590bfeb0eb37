"""Which vehicles and which chance a claim uses."""

from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import Claim, ClaimState, NewState, OldState, Reason, Spending, VehicleRole

ENDED_UNPAID = frozenset({ClaimState.EXPIRED, ClaimState.WITHDRAWN})
"""Ends that give the chance back: nothing was paid, and nobody was found false."""


def uses_chance(claim: Claim) -> bool:
    """Whether a claim counts for its person's limit: from qualification on, unless it expired or was withdrawn.

    A return or a claw-back gives no chance back.
    """
    return claim.state not in ENDED_UNPAID | {ClaimState.DRAFT}


def list_spendings(claim: Claim) -> tuple[Spending, ...]:
    """The vehicle codes that count for a claim: the old one from qualification on, the new one from its sale on.

    An expiry or a withdrawal gives back the code of an old bike that is still its owner's. Goods that have moved stay
    with their claim, and with the one that resumes it; a return gives nothing back, so a returned bike is no new one.
    """
    if claim.was_resumed:
        return ()
    spendings = []
    if uses_chance(claim) or claim.old is not OldState.OWNED:
        spendings.append(Spending(claim.old_code, VehicleRole.OLD, claim.claim_id))
    if claim.new is not NewState.NOT_BOUGHT:
        spendings.append(Spending(claim.new_code, VehicleRole.NEW, claim.claim_id))
    return tuple(spendings)


def verify_free(held: Spending | None, wanted: Spending) -> Spending:
    """The spending, if nobody holds its code or this claim does in the same role.

    Refuses VEHICLE_IS_COUNTED_ALREADY, also for one vehicle as old and new of one claim.
    """
    if held not in (None, wanted):
        raise Refused(Reason.VEHICLE_IS_COUNTED_ALREADY, role=wanted.role.value)
    return wanted


def verify_new_code(claim: Claim, code: str) -> str:
    """The whole-vehicle code of a new bike that is sold under a claim.

    Refuses, in this order: NEW_VEHICLE_CODE_IS_MISSING, VEHICLE_IS_COUNTED_ALREADY (a bike as its own replacement).
    """
    if not code:
        raise Refused(Reason.NEW_VEHICLE_CODE_IS_MISSING)
    if code == claim.old_code:
        raise Refused(Reason.VEHICLE_IS_COUNTED_ALREADY, role=VehicleRole.NEW.value)
    return code
