"""What a bank must answer for payouts. An adapter over HTTP, and the simulator, stand behind this."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Protocol
from uuid import UUID

import msgspec

from yikatong.kernel.money import AMOUNT_FEN_MAX


class RequestKind(StrEnum):
    """What a bank is asked: take from a bound account, give back to it, or pay a provider."""

    DEBIT = "debit"
    CREDIT = "credit"
    PAY_OUT = "pay_out"


class BankRefusal(StrEnum):
    """Why a bank does not do what it was asked."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    ACCOUNT_IS_UNKNOWN = "account_is_unknown"
    ACCOUNT_IS_NOT_ACTIVE = "account_is_not_active"
    OVER_LIMIT = "over_limit"
    ID_IS_USED = "id_is_used"
    WAS_REVERSED = "was_reversed"
    OTHER = "other"


class DebitRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One thing asked of a bank, and no more than once under this id.

    `bank_token` is the bank's handle of the account; `payee` is whom the holder reads on the bank's statement.
    """

    id: UUID
    kind: RequestKind = RequestKind.DEBIT
    bank_code: str
    bank_token: str
    amount_fen: int
    payee: str
    memo: str


class BankDid(msgspec.Struct, frozen=True):
    """The bank did it, under its own reference, and booked it on this day."""

    bank_reference: str
    booked_on: date


class BankRefused(msgspec.Struct, frozen=True):
    """The bank did not do it, and never will under this id."""

    refusal: BankRefusal


class BankReversed(msgspec.Struct, frozen=True):
    """The bank booked it and undid it on these days; None where it had never done it and now never will."""

    booked_on: date | None
    reversed_on: date | None


class BankNeverHeard(msgspec.Struct, frozen=True):
    """The bank does not know the id, so far."""


BankAnswer = BankDid | BankRefused
BankStanding = BankDid | BankRefused | BankReversed | BankNeverHeard


class DayLineKind(StrEnum):
    """What a line of a bank's day is."""

    DEBIT = "debit"
    CREDIT = "credit"
    PAY_OUT = "pay_out"
    REVERSAL = "reversal"


class DayLine(msgspec.Struct, frozen=True):
    """One movement of a day as the bank lists it."""

    id: UUID
    kind: DayLineKind
    amount_fen: Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_FEN_MAX)]


class BankDidNotAnswer(Exception):  # noqa: N818  says what happened, which may be nothing
    """No answer in time, or one that says nothing: the request may have been carried out or not."""


class Bank(Protocol):
    """A bank, or the clearing that reaches several; every method may raise BankDidNotAnswer."""

    async def ask(self, request: DebitRequest) -> BankAnswer:
        """Debit, credit or pay out; the same id with the same content again gives the first answer."""
        ...

    async def query(self, *, bank_code: str, request_id: UUID) -> BankStanding:
        """Say how a request stands."""
        ...

    async def reverse(self, *, bank_code: str, request_id: UUID) -> BankReversed:
        """Undo a request; one that has not arrived yet is refused when it does."""
        ...

    async def list_day(self, *, bank_code: str, day: date) -> Sequence[DayLine]:
        """Every movement that the bank booked on a day."""
        ...
