"""What a payment needs and which sources pay it."""

from yikatong.ledger.model import Reason as LedgerReason
from yikatong.lines.model import Admit, Balances, Decision, Part, Refuse, Step, TapInHand, Wait, WaitsFor
from yikatong.lines.rules import (
    BANK,
    account_of_source,
    counts_as_shown,
    decide_amount,
    decide_value_strength,
    needs_confirmation,
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
    parts = price_parts(tap, balances)
    if parts is None:
        return Refuse(LedgerReason.BALANCE_IS_TOO_LOW)
    steps = tuple(Step(f"paid_by_{part.source}", str(part.amount_fen)) for part in parts)
    if confirm:
        return Wait(WaitsFor.CONFIRMATION, parts, steps)
    if any(part.account is None for part in parts):
        return Wait(WaitsFor.BANK, parts, steps, counts_as_shown=counts_as_shown(tap))
    return Admit(parts, steps, counts_as_shown=counts_as_shown(tap))


def price_parts(tap: TapInHand, balances: Balances) -> tuple[Part, ...] | None:
    """Share the amount over the item's sources in their order; None when they do not cover it.

    A benefit or the purse gives what it has; the bound bank account, which needs a level 2 e-card, gives the rest.
    """
    left_fen = tap.amount_fen or 0
    parts: list[Part] = []
    for source in tap.item.funding:
        if left_fen == 0:
            break
        if source == BANK:
            if tap.holder.bank_token is None:
                continue
            part = Part(None, left_fen, source)
        else:
            account = account_of_source(tap.holder.resident_id, source)
            part = Part(account, min(left_fen, balances.available(account.id)), source)
        if part.amount_fen > 0:
            parts.append(part)
            left_fen -= part.amount_fen
    return tuple(parts) if left_fen == 0 else None
