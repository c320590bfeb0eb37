"""Statements, settlements and requests to banks as values."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from yikatong.kernel.ids import ProviderId, ResidentId
from yikatong.payouts.outside import BankRefusal, DayLineKind, RequestKind


class ProviderStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What one Shanghai day did to a provider's receivable.

    `opening_fen + sales_fen - refunds_fen - reversals_fen - settled_fen - netted_fen + other_fen = closing_fen`. A
    refund gave back what was asked for, a reversal undid a whole payment; `settled_fen` is what left the receivable to
    be paid out, less what banks returned; `netted_fen` is what debts took, less what became a debt; `other_fen` is
    corrections.
    """

    provider_id: ProviderId
    day_on: date
    opening_fen: int
    sales_count: int
    sales_fen: int
    refunds_count: int
    refunds_fen: int
    reversals_count: int
    reversals_fen: int
    settled_fen: int
    netted_fen: int
    other_fen: int
    closing_fen: int


class SettlementStatus(StrEnum):
    """How a settlement stands."""

    PREPARED = "prepared"
    SENT = "sent"
    PAID = "paid"
    RETURNED = "returned"


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """One payment to one provider, and the request under which the bank is asked for it."""

    provider_id: ProviderId
    day_on: date
    request_id: UUID
    amount_fen: int
    status: SettlementStatus
    prepared_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None


class BalanceStatus(StrEnum):
    """How the balance of a card that ended stands: on its way to the bank, there, or kept until it is claimed."""

    PREPARED = "prepared"
    PAID = "paid"
    KEPT = "kept"


class BalancePayout(msgspec.Struct, frozen=True, kw_only=True):
    """What was in the purse of a card that ended, and the request under which a bank is asked to credit it."""

    bucket: int
    request_id: UUID
    resident_id: ResidentId
    bank_code: str
    amount_fen: int
    status: BalanceStatus
    prepared_at: datetime
    ended_at: datetime | None


class RequestState(StrEnum):
    """How a request to a bank stands.

    `asked` and `unknown` have to be found out, `reversing` has to be undone; the others are ends.
    """

    ASKED = "asked"
    UNKNOWN = "unknown"
    REVERSING = "reversing"
    DONE = "done"
    REFUSED = "refused"
    REVERSED = "reversed"


class BankRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the journal keeps it; without an amount it is a reversal that overtook its request."""

    id: UUID
    kind: RequestKind
    bank_code: str | None
    bank_token: str | None
    amount_fen: int | None
    payee: str | None
    memo: str | None
    state: RequestState
    refusal: BankRefusal | None
    bank_reference: str | None
    booked_on: date | None
    reversed_on: date | None
    asked_at: datetime
    changed_at: datetime


class BankDifference(msgspec.Struct, frozen=True):
    """A movement of one day on which the bank and we do not agree; None stands for a side that does not have it."""

    request_id: UUID
    kind: DayLineKind
    our_fen: int | None
    bank_fen: int | None
