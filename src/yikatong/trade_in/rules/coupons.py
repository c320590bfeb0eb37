"""What a coupon is, until when it is good, and whether what a bank says of its use is believed."""

from collections.abc import Mapping
from datetime import date

from yikatong.kernel.outcomes import Change, Refused
from yikatong.programmes.model import Sheet
from yikatong.trade_in.model import ClaimState, Coupon, CouponUse, CouponUseRow, KeptClaim, Reason
from yikatong.trade_in.rules.sheets import end_of_qualification, is_coupon

TAKEN_ON = "coupon_taken_on"
"""The fact that says on which day a coupon was taken."""
_GIVEN_UP = frozenset({ClaimState.DRAFT, ClaimState.EXPIRED, ClaimState.WITHDRAWN})


def find_coupon(facts: Mapping[str, str], sheet: Sheet, *, days: int, use: CouponUseRow | None) -> Coupon | None:
    """The coupon of a claim with these facts, qualified under a sheet; None where the sheet gives none.

    Where the sheet tells no life of its coupon it is good as long as a qualification, `days`.
    """
    if not is_coupon(sheet) or TAKEN_ON not in facts:
        return None
    taken_on = date.fromisoformat(facts[TAKEN_ON])
    return Coupon(taken_on=taken_on, good_until=end_of_qualification(sheet, today=taken_on, days=days), use=use)


def verify_use(kept: KeptClaim, coupon: Coupon | None, use: CouponUse, *, today: date) -> Change:
    """Whether a use is new, or already so because the same bank said the same before.

    Refuses, in this order:
        CLAIM_HAS_NO_COUPON                its sheet gives none
        COUPON_WAS_USED                    a bank said something else of its use
        CLAIM_IS_IN_ANOTHER_STATE          the claim was given up, or has ended unused
        STEP_IS_IN_THE_FUTURE              `used_on` is after today
        COUPON_IS_NOT_GOOD_ON_THIS_DAY     `used_on` is before it was taken or after its last day
    """
    if coupon is None:
        raise Refused(Reason.CLAIM_HAS_NO_COUPON)
    if coupon.use is not None:
        if coupon.use.use == use:
            return Change.ALREADY_SO
        raise Refused(Reason.COUPON_WAS_USED, used_on=coupon.use.used_on.isoformat())
    if kept.claim.state in _GIVEN_UP:
        raise Refused(Reason.CLAIM_IS_IN_ANOTHER_STATE, state=kept.claim.state.value)
    if use.used_on > today:
        raise Refused(Reason.STEP_IS_IN_THE_FUTURE, on=use.used_on.isoformat(), today=today.isoformat())
    if not coupon.taken_on <= use.used_on < coupon.good_until:
        raise Refused(
            Reason.COUPON_IS_NOT_GOOD_ON_THIS_DAY,
            taken_on=coupon.taken_on.isoformat(),
            good_until=coupon.good_until.isoformat(),
        )
    return Change.DONE


def list_disagreements(kept: KeptClaim, coupon: Coupon) -> tuple[str, ...]:
    """In what the bank that took a coupon and the store that sold the bike disagree: `bought_on`, `price_fen`.

    Nothing before both have spoken.
    """
    use, bought_on = coupon.use, kept.claim.days.bought_on
    if use is None or bought_on is None:
        return ()
    said = {"bought_on": (use.used_on, bought_on), "price_fen": (use.price_fen, kept.claim.price_fen)}
    return tuple(name for name, (by_bank, by_store) in said.items() if by_bank != by_store)
