"""What a bank must answer for payouts, and where its files lie. Adapters, and the simulator, stand behind this."""

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import IO, Annotated, Protocol
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


class BankFilesAreAway(Exception):  # noqa: N818  says what happened
    """The place where a bank's files lie cannot be reached; nothing is known of what was done there."""


class BankFiles(Protocol):
    """Where files for banks are put and theirs are found: a folder, or a host; each method may raise BankFilesAreAway.

    A draft is not seen by the bank; publishing shows it under its name, once and for good.
    """

    def bank_codes(self) -> Sequence[str]:
        """The banks that exchange files here."""
        ...

    async def put_draft(self, *, bank_code: str, name: str, pieces: Iterator[bytes]) -> None:
        """Keep a file where the bank does not see it, in place of an earlier draft of the name."""
        ...

    async def publish(self, *, bank_code: str, name: str) -> None:
        """Show the draft to the bank under its name; when a file of the name is there already it stays as it is."""
        ...

    async def find_published(self, *, bank_code: str, name: str) -> bytes | None:
        """The SM3 digest of the file that was published under a name, also after the bank took it; None for none."""
        ...

    async def list_returns(self, *, bank_code: str) -> Sequence[str]:
        """The names of whole files that the bank left for us, oldest first."""
        ...

    def open_return(self, *, bank_code: str, name: str) -> IO[bytes]:
        """Open a file that the bank left; the caller closes it."""
        ...

    async def put_away(self, *, bank_code: str, name: str, is_refused: bool) -> None:
        """Take a file that was dealt with out of the way; it is kept."""
        ...
