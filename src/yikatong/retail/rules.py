"""What a payment needs."""

from yikatong.ledger.model import Reason as LedgerReason
from yikatong.lines.model import Admit, Balances, Decision, Refuse, Step, TapInHand, Wait, WaitsFor
from yikatong.lines.rules import (
    counts_as_shown,
    decide_amount,
    decide_value_strength,
    needs_confirmation,
    price_parts,
)


def decide_payment(tap: TapInHand, balances: Balances) -> Decision:
    """Decide a payment: admit it with who pays what, let it wait, or refuse it.

    Refuses, in this order: the amount's reasons, then the strength's (not asked when the item makes the resident
    confirm on the wallet anyway), then BALANCE_IS_TOO_LOW when the item's sources together do not cover it.
    Waits for the resident's confirmation first, then for the bank when the bound account pays a part.
    """
    refusal = decide_amount(tap)
    if refusal is not None:
        return refusal
    confirm = needs_confirmation(tap)
    if not confirm:
        refusal = decide_value_strength(tap)
        if refusal is not None:
            return refusal
    parts = price_parts(tap, tap.amount_fen or 0, balances)
    if parts is None:
        return Refuse(LedgerReason.BALANCE_IS_TOO_LOW)
    steps = tuple(Step(f"paid_by_{part.source}", str(part.amount_fen)) for part in parts)
    if confirm:
        return Wait(WaitsFor.CONFIRMATION, parts, steps)
    if any(part.account is None for part in parts):
        return Wait(WaitsFor.BANK, parts, steps, counts_as_shown=counts_as_shown(tap))
    return Admit(parts, steps, counts_as_shown=counts_as_shown(tap))
