"""A bank over HTTP: behind `payouts.outside.Bank` and `cards.outside.BankAccounts`.

Whatever is not a clear answer within the time is `BankDidNotAnswer`: a timeout, a broken connection, another
status than 200, a body that cannot be read. The caller's journal finds out later what happened.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import httpx
import msgspec

from yikatong.app.outside.reading import read_answer
from yikatong.app.outside.reasons import Reason
from yikatong.cards.outside import AccountAnswer, AccountVerdict
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.outside import (
    BankAnswer,
    BankDid,
    BankDidNotAnswer,
    BankNeverHeard,
    BankRefusal,
    BankRefused,
    BankReversed,
    BankStanding,
    DayLine,
    DebitRequest,
)

PATIENCE_SECONDS = 8.0
"""Shorter than the time after which a job begins to find out what became of a request."""

_HANDLE = re.compile(r"[!#-+\--~]{8,128}")
"""A handle of an account: printable, without blanks, commas and quotation marks."""
_TAIL = re.compile(r"[0-9]{4}")

Shape = TypeVar("Shape")


class StandingKind(StrEnum):
    """Which of the answers a standing is."""

    DID = "did"
    REFUSED = "refused"
    REVERSED = "reversed"
    NEVER_HEARD = "never_heard"


class StandingShape(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a request stands, on the wire."""

    standing: StandingKind
    bank_reference: str = ""
    booked_on: date | None = None
    reversed_on: date | None = None
    refusal: BankRefusal | None = None


class AccountCheckShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to compare with a person, on the wire."""

    bank_code: str
    bank_card_number: str
    name: str
    id_number: str
    phone: str


def shape_of(standing: BankStanding) -> StandingShape:
    """A standing as it goes over the wire."""
    match standing:
        case BankDid(bank_reference=reference, booked_on=booked_on):
            return StandingShape(StandingKind.DID, bank_reference=reference, booked_on=booked_on)
        case BankRefused(refusal=refusal):
            return StandingShape(StandingKind.REFUSED, refusal=refusal)
        case BankReversed(booked_on=booked_on, reversed_on=reversed_on):
            return StandingShape(StandingKind.REVERSED, booked_on=booked_on, reversed_on=reversed_on)
        case BankNeverHeard():
            return StandingShape(StandingKind.NEVER_HEARD)


def standing_of(shape: StandingShape) -> BankStanding:
    """A standing as it came over the wire; raises BankDidNotAnswer for one that lacks what it needs."""
    if shape.standing is StandingKind.REVERSED:
        return BankReversed(shape.booked_on, shape.reversed_on)
    if shape.standing is StandingKind.NEVER_HEARD:
        return BankNeverHeard()
    if shape.standing is StandingKind.REFUSED:
        return BankRefused(shape.refusal or BankRefusal.OTHER)
    if shape.booked_on is None or not shape.bank_reference:
        raise BankDidNotAnswer("done, without a reference or a day")
    return BankDid(shape.bank_reference, shape.booked_on)


class HttpBank:
    """Asks a bank over HTTP. `client` has the bank's base address and our credentials to it."""

    def __init__(self, client: httpx.AsyncClient, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._client = client
        self._patience_seconds = patience_seconds

    async def ask(self, request: DebitRequest) -> BankAnswer:
        """Debit, credit or pay out."""
        standing = standing_of(await self._call("POST", "/requests", StandingShape, body=request))
        if isinstance(standing, BankDid | BankRefused):
            return standing
        raise BankDidNotAnswer("an answer that is neither done nor refused")

    async def query(self, *, bank_code: str, request_id: UUID) -> BankStanding:
        """Say how a request stands."""
        return standing_of(await self._call("GET", f"/requests/{bank_code}/{request_id}", StandingShape))

    async def reverse(self, *, bank_code: str, request_id: UUID) -> BankReversed:
        """Undo a request, or see that it is refused when it comes."""
        path = f"/requests/{bank_code}/{request_id}/reversal"
        standing = standing_of(await self._call("POST", path, StandingShape))
        if isinstance(standing, BankReversed):
            return standing
        raise BankDidNotAnswer("a reversal that did not reverse")

    async def list_day(self, *, bank_code: str, day: date) -> Sequence[DayLine]:
        """Every movement that the bank booked on a day."""
        return await self._call("GET", f"/days/{bank_code}/{day.isoformat()}", list[DayLine])

    async def confirm_account(
        self, *, bank_code: str, bank_card_number: str, name: str, id_number: str, phone: str
    ) -> AccountAnswer:
        """The name-account check (户名账号核验). Refuses ACCOUNT_CHECK_DID_NOT_ANSWER.

        So it does for a handle that some bank file could not hold as it is: the payment would go to another.
        """
        check = AccountCheckShape(bank_code, bank_card_number, name, id_number, phone)
        try:
            return _verify_handle(await self._call("POST", "/account-checks", AccountAnswer, body=check))
        except BankDidNotAnswer:
            raise Refused(Reason.ACCOUNT_CHECK_DID_NOT_ANSWER, bank_code=bank_code) from None

    async def _call(self, method: str, path: str, shape: type[Shape], *, body: msgspec.Struct | None = None) -> Shape:
        """One call within the time; the words of a failure never repeat what was sent."""
        content = None if body is None else msgspec.json.encode(body)
        headers = None if body is None else {"Content-Type": "application/json"}
        try:
            async with asyncio.timeout(self._patience_seconds):
                answer = await self._client.request(method, path, content=content, headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            raise BankDidNotAnswer(type(error).__name__) from None
        if answer.status_code != 200:
            raise BankDidNotAnswer(f"status {answer.status_code}")
        try:
            return read_answer(answer.content, shape)
        except ValueError:
            raise BankDidNotAnswer("an answer that cannot be read") from None


def _verify_handle(answer: AccountAnswer) -> AccountAnswer:
    if answer.verdict is AccountVerdict.GOOD and not (_HANDLE.fullmatch(answer.token) and _TAIL.fullmatch(answer.tail)):
        raise BankDidNotAnswer("a good account without a handle that a file holds")
    return answer
