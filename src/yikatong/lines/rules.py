"""Rules that every service line shares: amounts, strengths, the limits of a shown code, and who pays."""

from functools import lru_cache
from uuid import UUID

from yikatong.cards import service as cards
from yikatong.codes.model import Form, Posture, Strength
from yikatong.kernel.ids import uuid_of
from yikatong.kernel.instants import day_of
from yikatong.ledger.model import AccountKind, AccountName, name_account, name_claim
from yikatong.lines.model import Balances, Part, Reason, Refuse, TapInHand

BANK = "bank"
PURSE = "purse"
_BENEFIT = "benefit:"
CLAIM = "claim"
_CLAIM = f"{CLAIM}:"
UNSAFE_POSTURES = frozenset({Posture.CAPTURED, Posture.CONTROLLED})


def decide_amount(tap: TapInHand) -> Refuse | None:
    """Say whether the amount fits the item.

    Refuses, in this order:
        AMOUNT_IS_MISSING                  the item needs an amount and the tap has none
        AMOUNT_IS_NOT_ALLOWED              the tap has an amount and the item takes none
        AMOUNT_IS_OVER_THE_ITEM_MAXIMUM    above the item's largest amount
    """
    if tap.item.amount_required and tap.amount_fen is None:
        return Refuse(Reason.AMOUNT_IS_MISSING)
    if not tap.item.amount_required and tap.amount_fen is not None:
        return Refuse(Reason.AMOUNT_IS_NOT_ALLOWED)
    if tap.amount_fen is not None and tap.amount_fen > tap.item.amount_fen_max:
        return Refuse(Reason.AMOUNT_IS_OVER_THE_ITEM_MAXIMUM, {"amount_fen_max": tap.item.amount_fen_max})
    return None


def decide_presence_strength(tap: TapInHand) -> Refuse | None:
    """Say whether the presentation is strong enough for an item that moves no value (STRENGTH_IS_TOO_LOW)."""
    if tap.presented.strength < tap.item.least_strength and not tap.is_confirmed:
        return Refuse(Reason.STRENGTH_IS_TOO_LOW, {"least_strength": int(tap.item.least_strength)})
    return None


def decide_value_strength(tap: TapInHand) -> Refuse | None:
    """Say whether the presentation may move this amount.

    A shown code can be photographed, so it moves value only under the limit its holder opted into (design,
    promise 1). A chip without its PIN counts as shown, and has no screen to be captured.

    Refuses, in this order:
        PAYMENTS_ARE_FROZEN     the resident's gate is closed for payments
        STRENGTH_IS_TOO_LOW     below the item's least strength; or shown, and small payments were not opted into
        POSTURE_IS_NOT_SAFE     the screen is captured or controlled
        (cards' reasons)        posture unknown without opt-in, above the limit per tap, above the limit per day
    """
    frozen = cards.decide_freeze(tap.gate)
    if frozen is not None:
        return Refuse(frozen)
    strength = Strength.CONFIRMED if tap.is_confirmed else tap.presented.strength
    if strength >= max(Strength.ANSWERED, tap.item.least_strength):
        return None
    is_small = strength is Strength.SHOWN and tap.gate.shown_limit_fen > 0
    if not is_small or tap.item.least_strength > Strength.SHOWN:
        least = max(int(Strength.ANSWERED), tap.item.least_strength)
        return Refuse(Reason.STRENGTH_IS_TOO_LOW, {"least_strength": least})
    if tap.presented.form is Form.E_CARD_CODE and tap.presented.posture in UNSAFE_POSTURES:
        return Refuse(Reason.POSTURE_IS_NOT_SAFE)
    return _decide_small_payment(tap)


def _decide_small_payment(tap: TapInHand) -> Refuse | None:
    by_code = tap.presented.form is Form.E_CARD_CODE
    reason = cards.decide_shown_payment(
        tap.gate,
        amount_fen=tap.amount_fen or 0,
        spent_fen=cards.shown_spent_on(tap.gate, on=day_of(tap.now)),
        posture_is_unknown=by_code and tap.presented.posture is Posture.UNKNOWN,
    )
    return None if reason is None else Refuse(reason)


def counts_as_shown(tap: TapInHand) -> bool:
    """Whether this payment uses up the day's small-payment limit."""
    return not tap.is_confirmed and tap.presented.strength < Strength.ANSWERED and bool(tap.amount_fen)


def needs_confirmation(tap: TapInHand) -> bool:
    """Whether the item asks the resident to confirm payee and amount on the wallet first.

    A plastic card and an attested presentation have no wallet to confirm with: the PIN or the operator stands
    for it, within the item's maximum and the operator's own limits.
    """
    if tap.is_confirmed or tap.presented.form is not Form.E_CARD_CODE:
        return False
    if tap.item.least_strength >= Strength.CONFIRMED:
        return True
    above = tap.item.confirm_above_fen
    return above is not None and (tap.amount_fen or 0) > above


def account_of_source(resident_id: UUID, source: str) -> AccountName:
    """Name the resident's account that a funding word means. Raises ValueError for a word that is none."""
    return _account_of(resident_id.int, source)


@lru_cache(maxsize=65_536)
def _account_of(resident: int, source: str) -> AccountName:
    """The same by the id's number, which is found faster than the id."""
    if source == PURSE:
        return name_account(uuid_of(resident), AccountKind.PURSE, "")
    if source.startswith(_BENEFIT):
        return name_account(uuid_of(resident), AccountKind.BENEFIT, source.removeprefix(_BENEFIT))
    if source.startswith(_CLAIM):
        return name_claim(uuid_of(resident), UUID(hex=source.removeprefix(_CLAIM)))
    raise ValueError(f"no account pays for {source}")


def part_of(resident_id: UUID, source: str, amount_fen: int) -> Part:
    """A part of a payment from its funding word: the bank's has no account of ours."""
    account = None if source == BANK else account_of_source(resident_id, source)
    return Part(account, amount_fen, source)


def price_parts(tap: TapInHand, amount_fen: int, balances: Balances) -> tuple[Part, ...] | None:
    """Share an amount over the sources of a tap's item in their order; None when they do not cover it.

    A benefit or the purse gives what it has; the bound bank account, which needs a level 2 e-card, gives the rest.
    """
    left_fen = amount_fen
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


def claim_source(claim_id: UUID) -> str:
    """The funding word of a subsidy claim: its own account pays."""
    return f"{_CLAIM}{claim_id.hex}"


def claim_of_source(source: str) -> UUID:
    """The claim that a funding word names. Raises ValueError for another word."""
    if not source.startswith(_CLAIM):
        raise ValueError(f"{source} names no claim")
    return UUID(hex=source.removeprefix(_CLAIM))
