"""Batches: money on its way from a budget to people's accounts, line by line."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from yikatong.kernel.ids import ResidentId
from yikatong.ledger.model import AccountKind, AccountName, name_account


class BatchState(StrEnum):
    """How a batch stands: issued from a roster, applied for (its money is set aside), with the bank, ended.

    `issuing` is a large one whose lines are being written: nothing can be done with it.
    """

    ISSUING = "issuing"
    NEW = "new"
    APPLIED = "applied"
    SENDING = "sending"
    SENT = "sent"
    CLOSED = "closed"
    DELETED = "deleted"


class BatchCommand(StrEnum):
    """What moves a batch."""

    APPLY = "apply"
    REVOKE = "revoke"
    STOP = "stop"
    SEND = "send"
    DELETE = "delete"
    CORRECT = "correct"


class PaymentState(StrEnum):
    """How a line stands. An issued one is at the bank as soon as its batch is; what was paid may come back."""

    ISSUED = "issued"
    STOPPED = "stopped"
    PAID = "paid"
    RETURNED = "returned"


class StopReason(StrEnum):
    """Why a line does not go to the bank."""

    PERSON_IS_UNKNOWN = "person_is_unknown"
    PERSON_IS_DECEASED = "person_is_deceased"
    PERSON_HAS_LEFT = "person_has_left"
    CARD_IS_NOT_NORMAL = "card_is_not_normal"
    ACCOUNT_IS_NOT_BOUND = "account_is_not_bound"
    ACCOUNT_HAS_CHANGED = "account_has_changed"
    STOPPED_BY_AN_OPERATOR = "stopped_by_an_operator"
    BATCH_WAS_DELETED = "batch_was_deleted"


class ReturnReason(StrEnum):
    """Why a bank gives a payment back (支付退票)."""

    ACCOUNT_IS_CLOSED = "account_is_closed"
    ACCOUNT_IS_UNKNOWN = "account_is_unknown"
    ACCOUNT_IS_FROZEN = "account_is_frozen"
    NAME_DIFFERS = "name_differs"
    OVER_LIMIT = "over_limit"
    OTHER = "other"


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """Lines and fen of a batch by how they stand; `issued` is all of them, `open` those not known to have ended."""

    issued_count: int
    issued_fen: int
    open_count: int
    open_fen: int
    paid_count: int = 0
    paid_fen: int = 0
    returned_count: int = 0
    returned_fen: int = 0
    stopped_count: int = 0
    stopped_fen: int = 0


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch. A correction has the batch whose returned lines it pays again, and counts the round."""

    id: UUID
    roster_id: UUID
    source_batch_id: UUID | None
    round: int
    region: str
    division: str
    title: str
    budget_owner_id: UUID
    budget_label: str
    state: BatchState
    pay_on: date | None
    sums: Sums
    made_at: datetime
    made_by: UUID
    ended_at: datetime | None

    @property
    def budget(self) -> AccountName:
        """The account that pays."""
        return name_account(self.budget_owner_id, AccountKind.BUDGET, self.budget_label)


class ApplicationState(StrEnum):
    """A payment application is submitted (money set aside), then paid (the bank has the files) or revoked."""

    SUBMITTED = "submitted"
    PAID = "paid"
    REVOKED = "revoked"


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """The application to pay a batch (支付申请); at most one of a batch is not revoked."""

    batch_id: UUID
    id: UUID
    amount_fen: int
    state: ApplicationState
    submitted_at: datetime
    submitted_by: UUID
    ended_at: datetime | None


class BatchLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a batch: what is paid to whom. `source_line` and `source_fen` are of the line that it corrects.

    `paid_by` is by which it was paid, `back_by` by which its money went back to the budget.
    """

    bucket: int
    batch_id: UUID
    line: int
    resident_id: ResidentId
    reference: UUID
    amount_fen: int
    bank_code: str
    bank_token: str
    state: PaymentState
    reason: str | None
    source_line: int | None
    source_fen: int | None
    corrected_by: UUID | None
    paid_by: UUID | None
    back_by: UUID | None
    booked_on: date | None
    ended_at: datetime | None


class PartState(StrEnum):
    """A part is planned, drafted (its digest is journalled), then sent (the bank's folder has it)."""

    PLANNED = "planned"
    DRAFTED = "drafted"
    SENT = "sent"


class FileFormat(StrEnum):
    """What a bank reads: ISO 20022 messages, or the plain pair of CSV files."""

    ISO20022 = "iso20022"
    CSV = "csv"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a batch: consecutive lines of one bucket for one bank, and the file that carries them."""

    batch_id: UUID
    part: int
    bucket: int
    bank_code: str
    format: FileFormat
    first_line: int
    last_line: int
    line_count: int
    amount_fen: int
    state: PartState
    digest: bytes | None
    drafted_at: datetime | None
    sent_at: datetime | None


class Run(NamedTuple):
    """Consecutive lines of one bucket for one bank that are still open, with their sum."""

    bucket: int
    bank_code: str
    first_line: int
    last_line: int
    line_count: int
    amount_fen: int


class Unanswered(NamedTuple):
    """A part of which the bank has not said everything."""

    part: int
    bank_code: str
    sent_at: datetime
    line_count: int
    amount_fen: int


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a bank file says of one payment; name and ID digits exist only while it is written."""

    line: int
    bank_code: str
    bank_token: str
    name: str
    id_tail: str
    amount_fen: int
    reference: UUID


class FileHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank file says of itself."""

    number: str
    part: int
    bank_code: str
    line_count: int
    amount_fen: int
    pay_on: date
    title: str
    payer: str
    made_at: datetime
