"""Pure decisions about batches: what moves them, what is conserved, how parts and numbers are cut."""

from base64 import b32decode, b32encode
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import lru_cache
from uuid import UUID

from msgspec import structs

from yikatong.cards.model import Payee, ResidentStatus
from yikatong.kernel.ids import TransferId
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import (
    AccountKind,
    AccountName,
    Leg,
    TransferDraft,
    TransferKind,
    bank_clearing,
    digest_id,
    name_account,
)
from yikatong.payouts.model import (
    Batch,
    BatchCommand,
    BatchState,
    FileFormat,
    Finding,
    Part,
    PartState,
    PaymentState,
    Reason,
    Run,
    StopReason,
    Sums,
)
from yikatong.payouts.rules.rosters import find_card_finding

LINES_IN_PART = 20_000
"""Payments of one file: small enough that a bank takes it whole, and that a lost one is soon made again."""

NEEDS: Mapping[BatchCommand, frozenset[BatchState]] = {
    BatchCommand.APPLY: frozenset({BatchState.NEW}),
    BatchCommand.REVOKE: frozenset({BatchState.APPLIED}),
    BatchCommand.STOP: frozenset({BatchState.NEW, BatchState.APPLIED}),
    BatchCommand.SEND: frozenset({BatchState.APPLIED}),
    BatchCommand.DELETE: frozenset({BatchState.NEW}),
    BatchCommand.CORRECT: frozenset({BatchState.SENT, BatchState.CLOSED}),
}
"""The states in which each command is possible. From `sending` on the bank may have a file: nothing is taken back."""


AT_THE_BANK = frozenset({BatchState.SENDING, BatchState.SENT, BatchState.CLOSED})
"""The states in which a bank may have a file of a batch."""


def verify_command(batch: Batch, command: BatchCommand) -> Batch:
    """The batch, if a command is possible as it stands.

    Refuses PAID_BATCH_CANNOT_BE_DELETED for a deletion, else PAYOUT_BATCH_IS_IN_ANOTHER_STATE.
    """
    if batch.state in NEEDS[command]:
        return batch
    if command is BatchCommand.DELETE and batch.state not in (BatchState.DELETED, BatchState.ISSUING):
        raise Refused(Reason.PAID_BATCH_CANNOT_BE_DELETED, state=batch.state.value)
    needs = ", ".join(sorted(state.value for state in NEEDS[command]))
    raise Refused(Reason.PAYOUT_BATCH_IS_IN_ANOTHER_STATE, state=batch.state.value, needs=needs)


def verify_payable(batch: Batch, *, pay_on: date, today: date) -> None:
    """Go on if a batch has an amount and its day of payment is not past.

    Refuses, in this order: PAYOUT_BATCH_HAS_NOTHING_TO_PAY, PAYOUT_DAY_HAS_PASSED.
    """
    if batch.sums.open_fen <= 0:
        raise Refused(Reason.PAYOUT_BATCH_HAS_NOTHING_TO_PAY)
    if pay_on < today:
        raise Refused(Reason.PAYOUT_DAY_HAS_PASSED, today=today.isoformat())


def verify_conserved(sums: Sums) -> Sums:
    """The sums, if every line and every fen that was issued is open, paid, returned or stopped, and none is negative.

    Raises ValueError: a batch that fails this is a fault of the program, and its transaction must not commit.
    """
    counts = (sums.open_count, sums.paid_count, sums.returned_count, sums.stopped_count)
    fens = (sums.open_fen, sums.paid_fen, sums.returned_fen, sums.stopped_fen)
    if min(*counts, *fens) < 0 or sum(counts) != sums.issued_count or sum(fens) != sums.issued_fen:
        raise ValueError(f"a batch's money is not conserved: {sums}")
    return sums


def sums_of_issued(*, count: int, fen: int) -> Sums:
    """The sums of a batch whose lines were issued now: all of them are open."""
    return Sums(issued_count=count, issued_fen=fen, open_count=count, open_fen=fen)


def move_sums(sums: Sums, *, before: PaymentState, after: PaymentState, count: int, fen: int) -> Sums:
    """What sums become when lines go from one state to another; raises as `verify_conserved`."""
    left, entered = _NAME[before], _NAME[after]
    moved = {
        f"{left}_count": getattr(sums, f"{left}_count") - count,
        f"{left}_fen": getattr(sums, f"{left}_fen") - fen,
        f"{entered}_count": getattr(sums, f"{entered}_count") + count,
        f"{entered}_fen": getattr(sums, f"{entered}_fen") + fen,
    }
    return verify_conserved(structs.replace(sums, **moved))


_NAME = {
    PaymentState.ISSUED: "open",
    PaymentState.PAID: "paid",
    PaymentState.RETURNED: "returned",
    PaymentState.STOPPED: "stopped",
}


def decide_state(batch: Batch, sums: Sums) -> BatchState:
    """How a sent batch stands with these sums: it closes when nothing is open, and stays closed."""
    return BatchState.CLOSED if batch.state is BatchState.SENT and sums.open_count == 0 else batch.state


def decide_stop(payee: Payee | None, *, bank_code: str, bank_token: str) -> StopReason | None:
    """Why a payment must not go to the bank on the day it is sent, or None.

    In this order: PERSON_IS_UNKNOWN, PERSON_IS_DECEASED, PERSON_HAS_LEFT, CARD_IS_NOT_NORMAL, ACCOUNT_IS_NOT_BOUND,
    ACCOUNT_HAS_CHANGED since the batch was issued.
    """
    if payee is None:
        return StopReason.PERSON_IS_UNKNOWN
    if payee.status is ResidentStatus.DEAD:
        return StopReason.PERSON_IS_DECEASED
    if payee.status is ResidentStatus.LEFT:
        return StopReason.PERSON_HAS_LEFT
    finding = find_card_finding(payee)
    if finding is not None:
        return _STOP_OF[finding]
    changed = (payee.bank_code, payee.bank_token) != (bank_code, bank_token)
    return StopReason.ACCOUNT_HAS_CHANGED if changed else None


_STOP_OF = {
    Finding.CARD_IS_NOT_NORMAL: StopReason.CARD_IS_NOT_NORMAL,
    Finding.ACCOUNT_IS_NOT_BOUND: StopReason.ACCOUNT_IS_NOT_BOUND,
}


def verify_correction(
    source_fens: Mapping[int, int], amounts: Mapping[int, int], *, only: Collection[int] | None
) -> dict[int, int]:
    """The amount to be paid again for each chosen source line: what was named for it, else the amount of the source.

    `only` chooses among the lines that can be corrected; None chooses all.
    Refuses, in this order: NO_LINE_CAN_BE_CORRECTED, PAYOUT_LINE_IS_UNKNOWN (a line that is named cannot be corrected),
    CORRECTION_IS_ABOVE_ITS_SOURCE.
    """
    if not source_fens:
        raise Refused(Reason.NO_LINE_CAN_BE_CORRECTED)
    for line in (*(only or ()), *amounts):
        if line not in source_fens:
            raise Refused(Reason.PAYOUT_LINE_IS_UNKNOWN, line=line)
    for line, amount_fen in amounts.items():
        if amount_fen > source_fens[line]:
            raise Refused(Reason.CORRECTION_IS_ABOVE_ITS_SOURCE, line=line, source_fen=source_fens[line])
    return {line: amounts.get(line, fen) for line, fen in source_fens.items() if only is None or line in only}


# Parts and numbers


def plan_parts(batch_id: UUID, runs: Iterable[Run], *, formats: Mapping[str, FileFormat]) -> tuple[Part, ...]:
    """The parts of a batch: one for each run that has an open line, numbered from 1."""
    return tuple(
        Part(
            batch_id=batch_id,
            part=number,
            bucket=run.bucket,
            bank_code=run.bank_code,
            format=formats.get(run.bank_code, FileFormat.ISO20022),
            first_line=run.first_line,
            last_line=run.last_line,
            line_count=run.line_count,
            amount_fen=run.amount_fen,
            state=PartState.PLANNED,
            digest=None,
            drafted_at=None,
            sent_at=None,
        )
        for number, run in enumerate((run for run in runs if run.line_count > 0), 1)
    )


def show_number(batch_id: UUID) -> str:
    """A batch's number as banks read it: its id in 26 characters of Base32 (RFC 4648), which fit every field."""
    return b32encode(batch_id.bytes).decode().rstrip("=")


@lru_cache(maxsize=256)
def read_number(text: str) -> UUID:
    """The id that a number shows. Raises ValueError for anything else."""
    if len(text) != _NUMBER_LENGTH:
        raise ValueError("not a batch number")
    try:
        batch_id = UUID(bytes=b32decode(text + "======"))
    except ValueError:
        raise ValueError("not a batch number") from None
    if show_number(batch_id) != text:
        raise ValueError("not a batch number")
    return batch_id


_NUMBER_LENGTH = 26


def show_payment(number: str, line: int) -> str:
    """The name of one payment in every file (EndToEndId): the batch's number and the line."""
    return f"{number}-{line}"


def file_name_of(part: Part) -> str:
    """What the file of a part is called: the same name however often it is drafted."""
    ending = "xml" if part.format is FileFormat.ISO20022 else "csv"
    return f"{show_number(part.batch_id)}-{part.part:04d}.{ending}"


# Money


def clearing_of(batch_id: UUID) -> AccountName:
    """What is on its way to the people of a batch: set aside, and not yet known to be paid."""
    return name_account(batch_id, AccountKind.PAYOUT_CLEARING)


def draft_reserve(batch: Batch, *, application_id: UUID, amount_fen: int) -> TransferDraft:
    """Set a batch's money aside: out of the budget, into its clearing."""
    legs = (Leg(batch.budget, -amount_fen), Leg(clearing_of(batch.id), amount_fen))
    return _draft(TransferKind.SETTLEMENT, batch, b"reserve", application_id.bytes, legs=legs)


def draft_back(batch: Batch, *, why: bytes, amount_fen: int) -> TransferDraft:
    """Give what was set aside and is not paid back to the budget: revoked, stopped, or returned by the bank."""
    legs = (Leg(clearing_of(batch.id), -amount_fen), Leg(batch.budget, amount_fen))
    return _draft(TransferKind.RETURN, batch, b"back", why, legs=legs)


def draft_paid(batch: Batch, *, bank_code: str, file_digest: bytes, amount_fen: int) -> TransferDraft:
    """What a bank paid out, as one of its files says: we owe it to the bank."""
    legs = (Leg(clearing_of(batch.id), -amount_fen), Leg(bank_clearing(bank_code), amount_fen))
    return _draft(TransferKind.PAYOUT, batch, b"paid", bank_code.encode(), file_digest, legs=legs)


def draft_late(batch: Batch, *, bank_code: str, file_digest: bytes, amount_fen: int) -> TransferDraft:
    """What a bank had paid and then gave back: out of what we owe it, into the budget."""
    legs = (Leg(bank_clearing(bank_code), -amount_fen), Leg(batch.budget, amount_fen))
    return _draft(TransferKind.RETURN, batch, b"late", bank_code.encode(), file_digest, legs=legs)


def _draft(kind: TransferKind, batch: Batch, *parts: bytes, legs: tuple[Leg, ...]) -> TransferDraft:
    transfer_id = TransferId(digest_id(b"batch", batch.id.bytes, *parts, time_of=batch.id))
    return TransferDraft(transfer_id, kind, batch.id, legs)
