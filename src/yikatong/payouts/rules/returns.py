"""Pure decisions about what a bank says: does it fit how a payment stands?"""

from enum import Enum

from yikatong.payouts.model import NO_AMOUNT, DifferenceKind, Outcome, PaymentState, Reason


class Answer(Enum):
    """What a report that changed nothing means: it is so already, or it cannot be."""

    SO = None
    """Nothing is to be done, so it has no kind and no reason."""
    UNKNOWN = DifferenceKind.LINE_IS_UNKNOWN
    STOPPED = DifferenceKind.STOPPED_YET_NAMED
    OTHER_AMOUNT = DifferenceKind.AMOUNT_DIFFERS
    PAID_AFTER_RETURN = DifferenceKind.PAID_AFTER_RETURN

    @property
    def kind(self) -> DifferenceKind:
        """As what it is kept where a statement of our account says it."""
        kind: DifferenceKind = self.value
        return kind

    @property
    def reason(self) -> Reason:
        """Why a file that speaks of our payments alone is refused for it."""
        return _REASONS[self]


_REASONS = {
    Answer.UNKNOWN: Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT,
    Answer.STOPPED: Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT,
    Answer.OTHER_AMOUNT: Reason.BANK_FILE_AMOUNT_DIFFERS,
    Answer.PAID_AFTER_RETURN: Reason.BANK_FILE_CONTRADICTS_AN_EARLIER_ONE,
}


def judge_report(
    outcome: Outcome, *, bank_fen: int, state: PaymentState | None, our_fen: int, was_paid: bool
) -> Answer:
    """What a report means for a payment as it stands after every report that fits was applied.

    `state` is None for a line that is not there, `bank_fen` NO_AMOUNT where the bank names none, `was_paid` says
    whether a bank ever reported it as paid. In this order: UNKNOWN, STOPPED, OTHER_AMOUNT; then SO, except that a
    payment which came back without ever having been paid cannot be paid after that.
    """
    if state is None:
        return Answer.UNKNOWN
    if state is PaymentState.STOPPED:
        return Answer.STOPPED
    if bank_fen not in (NO_AMOUNT, our_fen):
        return Answer.OTHER_AMOUNT
    if outcome is Outcome.PAID and state is PaymentState.RETURNED and not was_paid:
        return Answer.PAID_AFTER_RETURN
    return Answer.SO


def named_fen(bank_fen: int) -> int | None:
    """What a bank names, None where it names no amount."""
    return None if bank_fen == NO_AMOUNT else bank_fen
