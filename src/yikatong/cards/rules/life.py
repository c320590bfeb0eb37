"""The life of a physical card: which command does what in which state, and what becomes of the holder's money.

The machine follows the published application status codes (sealed 0, active 1, formal loss 2, locked 3, temporary
loss 4, cancelled 9); before them stands a card that is being made.
"""

from datetime import date, timedelta

from yikatong.cards.model import (
    BalanceGoes,
    CancellationReason,
    Card,
    CardCommand,
    CardState,
    Reason,
    RegionRule,
    ReplacementReason,
    ResidentStatus,
)
from yikatong.kernel.outcomes import Change, Refused

LifeAnswer = CardState | Change | Reason
"""The new state, or ALREADY_SO, or why not."""

_SO = Change.ALREADY_SO
_C = CardCommand
_S = CardState

_BEING_MADE: dict[CardCommand, LifeAnswer] = {
    _C.SEAL: _S.SEALED,
    _C.ACTIVATE: Reason.CARD_IS_BEING_MADE,
    _C.REPORT_TEMPORARY_LOSS: Reason.CARD_IS_BEING_MADE,
    _C.REPORT_FORMAL_LOSS: Reason.CARD_IS_BEING_MADE,
    _C.RELEASE_LOSS: Reason.CARD_IS_BEING_MADE,
    _C.LOCK: Reason.CARD_IS_BEING_MADE,
    _C.UNLOCK: Reason.CARD_IS_BEING_MADE,
    _C.REPLACE: Reason.CARD_IS_BEING_MADE,
    _C.CANCEL: _S.CANCELLED,
}
_SEALED: dict[CardCommand, LifeAnswer] = {
    _C.SEAL: _SO,
    _C.ACTIVATE: _S.ACTIVE,
    _C.REPORT_TEMPORARY_LOSS: Reason.CARD_IS_NOT_ACTIVE,
    _C.REPORT_FORMAL_LOSS: Reason.CARD_IS_NOT_ACTIVE,
    _C.RELEASE_LOSS: Reason.CARD_IS_NOT_ACTIVE,
    _C.LOCK: Reason.CARD_IS_NOT_ACTIVE,
    _C.UNLOCK: Reason.CARD_IS_NOT_ACTIVE,
    _C.REPLACE: _S.CANCELLED,
    _C.CANCEL: _S.CANCELLED,
}
_ACTIVE: dict[CardCommand, LifeAnswer] = {
    _C.SEAL: Reason.CARD_IS_ALREADY_MADE,
    _C.ACTIVATE: _SO,
    _C.REPORT_TEMPORARY_LOSS: _S.TEMPORARILY_LOST,
    _C.REPORT_FORMAL_LOSS: _S.LOST,
    _C.RELEASE_LOSS: _SO,
    _C.LOCK: _S.LOCKED,
    _C.UNLOCK: _SO,
    _C.REPLACE: _S.CANCELLED,
    _C.CANCEL: _S.CANCELLED,
}
_TEMPORARILY_LOST: dict[CardCommand, LifeAnswer] = {
    _C.SEAL: Reason.CARD_IS_ALREADY_MADE,
    _C.ACTIVATE: Reason.CARD_IS_TEMPORARILY_REPORTED_LOST,
    _C.REPORT_TEMPORARY_LOSS: _SO,
    _C.REPORT_FORMAL_LOSS: _S.LOST,
    _C.RELEASE_LOSS: _S.ACTIVE,
    _C.LOCK: Reason.CARD_IS_TEMPORARILY_REPORTED_LOST,
    _C.UNLOCK: Reason.CARD_IS_TEMPORARILY_REPORTED_LOST,
    # A temporary report may be a mistake made by telephone: a card is replaced only on a formal one.
    _C.REPLACE: Reason.CARD_IS_TEMPORARILY_REPORTED_LOST,
    _C.CANCEL: _S.CANCELLED,
}
_LOST: dict[CardCommand, LifeAnswer] = {
    _C.SEAL: Reason.CARD_IS_ALREADY_MADE,
    _C.ACTIVATE: Reason.CARD_IS_REPORTED_LOST,
    # A worried caller asks for less than is already done; answering with a refusal would worry them more.
    _C.REPORT_TEMPORARY_LOSS: _SO,
    _C.REPORT_FORMAL_LOSS: _SO,
    _C.RELEASE_LOSS: _S.ACTIVE,
    _C.LOCK: Reason.CARD_IS_REPORTED_LOST,
    _C.UNLOCK: Reason.CARD_IS_REPORTED_LOST,
    _C.REPLACE: _S.CANCELLED,
    _C.CANCEL: _S.CANCELLED,
}
_LOCKED: dict[CardCommand, LifeAnswer] = {
    _C.SEAL: Reason.CARD_IS_ALREADY_MADE,
    _C.ACTIVATE: Reason.CARD_IS_LOCKED,
    # Releasing a loss ends in ACTIVE, so a loss report on a locked card would be a way around the lock.
    _C.REPORT_TEMPORARY_LOSS: Reason.CARD_IS_LOCKED,
    _C.REPORT_FORMAL_LOSS: Reason.CARD_IS_LOCKED,
    _C.RELEASE_LOSS: Reason.CARD_IS_LOCKED,
    _C.LOCK: _SO,
    _C.UNLOCK: _S.ACTIVE,
    _C.REPLACE: _S.CANCELLED,
    _C.CANCEL: _S.CANCELLED,
}
_CANCELLED: dict[CardCommand, LifeAnswer] = {
    command: _SO if command is _C.CANCEL else Reason.CARD_IS_CANCELLED for command in _BEING_MADE
}

LIFE: dict[CardState, dict[CardCommand, LifeAnswer]] = {
    _S.MAKING: _BEING_MADE,
    _S.SEALED: _SEALED,
    _S.ACTIVE: _ACTIVE,
    _S.TEMPORARILY_LOST: _TEMPORARILY_LOST,
    _S.LOST: _LOST,
    _S.LOCKED: _LOCKED,
    _S.CANCELLED: _CANCELLED,
}
"""Every state, every command; MAKE alone has no state before it."""

RENEWAL_DAYS = 60
"""A card is renewed for expiry within this many days before it (a province's notice of 2022)."""

STATUS_AFTER: dict[CancellationReason, ResidentStatus] = {
    CancellationReason.DEATH: ResidentStatus.DEAD,
    CancellationReason.LEFT_THE_COUNTRY: ResidentStatus.LEFT,
    CancellationReason.OTHER: ResidentStatus.ALIVE,
}


def decide_card(state: CardState, command: CardCommand, *, rule: RegionRule) -> LifeAnswer:
    """Say what a command does to a card in a state.

    Where the region says that a formal loss cannot be undone, releasing one is FORMAL_LOSS_CANNOT_BE_UNDONE.
    """
    if state is _S.LOST and command is _C.RELEASE_LOSS and not rule.formal_loss_can_be_released:
        return Reason.FORMAL_LOSS_CANNOT_BE_UNDONE
    return LIFE[state][command]


def verify_command(state: CardState, command: CardCommand, *, rule: RegionRule) -> CardState | None:
    """Give the new state, or None when the card is already so; raise Refused with the table's reason."""
    answer = decide_card(state, command, rule=rule)
    if isinstance(answer, Reason):
        raise Refused(answer)
    return answer if isinstance(answer, CardState) else None


def decide_replacement(card: Card, *, why: ReplacementReason, on: date, rule: RegionRule) -> Reason | None:
    """Say why a card may not be replaced on a day, or None.

    Refuses, in this order:
        what the table of life says of REPLACE in the card's state
        REPLACEMENT_IS_TOO_SOON  within the region's months of issue (6 by default), unless formally lost:
                                 who lost a card would otherwise stand without one
        CARD_IS_NOT_NEAR_EXPIRY  EXPIRED is given and the card runs on for more than 60 days
    """
    answer = decide_card(card.state, CardCommand.REPLACE, rule=rule)
    if isinstance(answer, Reason):
        return answer
    if card.issued_on is None or card.expires_on is None:
        return None
    may_from = add_months(card.issued_on, rule.replacement_wait_months)
    if card.state is not CardState.LOST and on < may_from:
        return Reason.REPLACEMENT_IS_TOO_SOON
    if why is ReplacementReason.EXPIRED and on < card.expires_on - timedelta(days=RENEWAL_DAYS):
        return Reason.CARD_IS_NOT_NEAR_EXPIRY
    return None


def decide_balance(ending: CancellationReason, *, has_bound_account: bool) -> BalanceGoes:
    """Say what becomes of the money a holder keeps with the platform when their card ends without a successor.

    A dead holder's money is the heirs'. Otherwise it goes to the bound bank account, and where none is bound it is
    kept until it is claimed.
    """
    if ending is CancellationReason.DEATH:
        return BalanceGoes.TO_THE_HEIR
    return BalanceGoes.TO_THE_BOUND_BANK_ACCOUNT if has_bound_account else BalanceGoes.KEPT_UNTIL_CLAIMED


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last day of that month when it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(first_of_next - timedelta(days=1), date(year, month + 1, 1) + timedelta(days=day.day - 1))
