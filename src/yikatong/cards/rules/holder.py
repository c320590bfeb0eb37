"""May this card be used now: the one order in which a card is refused, for every tap."""

from datetime import date
from uuid import UUID

from yikatong.cards.model import CardState, Gate, Holder, Reason, ResidentStatus
from yikatong.cards.rules.e_cards import is_suspended
from yikatong.kernel.ids import CardId

REFUSAL_BY_STATE: dict[CardState, Reason] = {
    CardState.CANCELLED: Reason.CARD_IS_CANCELLED,
    CardState.LOST: Reason.CARD_IS_REPORTED_LOST,
    CardState.TEMPORARILY_LOST: Reason.CARD_IS_TEMPORARILY_REPORTED_LOST,
    CardState.LOCKED: Reason.CARD_IS_LOCKED,
    CardState.SEALED: Reason.CARD_IS_NOT_ACTIVE,
    CardState.MAKING: Reason.CARD_IS_NOT_ACTIVE,
}
"""Every state but ACTIVE refuses."""

LIVING = (Reason.RESIDENT_IS_DECEASED, Reason.RESIDENT_HAS_LEFT)
"""Why nothing is done any more for a resident."""

NOT_IN_ORDER = (
    Reason.RESIDENT_HAS_NO_CARD,
    Reason.CARD_IS_CANCELLED,
    Reason.CARD_IS_REPORTED_LOST,
    Reason.CARD_IS_TEMPORARILY_REPORTED_LOST,
    Reason.CARD_IS_LOCKED,
    Reason.CARD_IS_NOT_ACTIVE,
    Reason.CARD_HAS_EXPIRED,
)
"""Why the card of a living resident may not be used now."""

E_CARD_NOT_IN_ORDER = (
    Reason.ECARD_IS_NOT_ISSUED,
    Reason.ECARD_IS_SUSPENDED,
    Reason.ECARD_HAS_EXPIRED,
    Reason.ECARD_IS_UNLINKED,
)
"""Why the e-card may not be used now, its card being in order."""


def decide_card_of(holder: Holder, *, card_id: CardId | None = None) -> Reason | None:
    """Say why the physical card may not be used, or None. `card_id` is the card presented, when one was.

    Refuses, in this order:
        RESIDENT_IS_DECEASED
        RESIDENT_HAS_NO_CARD
        CARD_IS_CANCELLED                   also when the card presented is not the one in force: it was replaced
        CARD_IS_REPORTED_LOST
        CARD_IS_TEMPORARILY_REPORTED_LOST
        CARD_IS_LOCKED
        CARD_IS_NOT_ACTIVE
        CARD_HAS_EXPIRED                    `expires_on` is the last day of use
    """
    if holder.status is ResidentStatus.DEAD:
        return Reason.RESIDENT_IS_DECEASED
    if holder.card_id is None or holder.card_state is None:
        return Reason.RESIDENT_HAS_NO_CARD
    if card_id is not None and card_id != holder.card_id:
        return Reason.CARD_IS_CANCELLED
    return decide_card_in_order(holder.card_state, expires_on=holder.card_expires_on, on=holder.on)


def decide_card_in_order(state: CardState, *, expires_on: date | None, on: date) -> Reason | None:
    """Say why a card in a state may not be used on a day, or None: the state first, then CARD_HAS_EXPIRED."""
    if state is not CardState.ACTIVE:
        return REFUSAL_BY_STATE[state]
    return Reason.CARD_HAS_EXPIRED if expires_on is not None and on > expires_on else None


def decide_e_card_of(holder: Holder, *, channel: str | None = None) -> Reason | None:
    """Say why the e-card may not be used, its card being in order; or None.

    Refuses, in this order:
        ECARD_IS_NOT_ISSUED
        ECARD_IS_SUSPENDED   it was not associated since its card last became active
        ECARD_HAS_EXPIRED    `valid_until` is exclusive
        ECARD_IS_UNLINKED    in `channel`; without a channel, in every channel
    """
    if holder.e_card_id is None or holder.e_card_associated_version is None:
        return Reason.ECARD_IS_NOT_ISSUED
    if is_suspended(
        card_is_the_e_cards=_is_same(holder.e_card_card_id, holder.card_id),
        card_state=holder.card_state,
        card_state_version=holder.card_state_version,
        associated_version=holder.e_card_associated_version,
    ):
        return Reason.ECARD_IS_SUSPENDED
    if holder.e_card_valid_until is not None and holder.on >= holder.e_card_valid_until:
        return Reason.ECARD_HAS_EXPIRED
    linked = bool(holder.channels) if channel is None else channel in holder.channels
    return None if linked else Reason.ECARD_IS_UNLINKED


def _is_same(one: UUID | None, other: UUID | None) -> bool:
    """Whether two ids are one, or both none; by their numbers, which compare in C, because every tap asks."""
    return one is other if one is None or other is None else one.int == other.int


def decide_holder(
    holder: Holder, *, with_e_card: bool, card_id: CardId | None = None, channel: str | None = None
) -> Reason | None:
    """Say why this card may not be used now, or None: first the card, then, for a card code, the e-card."""
    refused = decide_card_of(holder, card_id=card_id)
    if refused is not None or not with_e_card:
        return refused
    return decide_e_card_of(holder, channel=channel)


def shown_spent_on(gate: Gate, *, on: date) -> int:
    """What was spent by shown codes on a day, in fen; the gate counts one day at a time."""
    return gate.shown_spent_fen if gate.shown_on == on else 0


def decide_freeze(gate: Gate) -> Reason | None:
    """Say PAYMENTS_ARE_FROZEN while the resident's payments are frozen; identity taps do not ask."""
    return Reason.PAYMENTS_ARE_FROZEN if gate.payments_frozen_at is not None else None


def decide_shown_payment(gate: Gate, *, amount_fen: int, spent_fen: int, posture_is_unknown: bool) -> Reason | None:
    """Say why a shown code may not pay an amount, or None. `spent_fen` is what shown codes spent that day.

    Refuses, in this order:
        PAYMENTS_ARE_FROZEN
        SMALL_PAYMENTS_ARE_NOT_ALLOWED          the limit is zero, or the posture is unknown and was not opted into
        SMALL_PAYMENT_LIMIT_IS_EXCEEDED         by this amount alone
        SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED     with what was spent before
    """
    if gate.payments_frozen_at is not None:
        return Reason.PAYMENTS_ARE_FROZEN
    if gate.shown_limit_fen == 0 or (posture_is_unknown and not gate.unknown_posture_allowed):
        return Reason.SMALL_PAYMENTS_ARE_NOT_ALLOWED
    if amount_fen > gate.shown_limit_fen:
        return Reason.SMALL_PAYMENT_LIMIT_IS_EXCEEDED
    if spent_fen + amount_fen > gate.shown_day_limit_fen:
        return Reason.SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED
    return None
