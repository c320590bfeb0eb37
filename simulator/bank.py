"""A bank that keeps its accounts in memory: for tests, for the demo, and for learning how a bank may fail.

It answers in process (it is a `payouts.outside.Bank` and a `cards.outside.BankAccounts`) and over HTTP (`bank_app`).
One simulated bank stands for all bank codes.
"""

from datetime import date
from hashlib import sha256
from uuid import UUID

import msgspec

from simulator.trouble import SLOW_SECONDS, Trouble, Troubles
from yikatong.app.outside.bank import StandingShape, shape_of, standing_of
from yikatong.cards.outside import AccountAnswer, AccountVerdict
from yikatong.kernel.instants import day_of
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
    DayLineKind,
    DebitRequest,
    RequestKind,
)
from yikatong.plumbing.clock import Clock


class Account(msgspec.Struct):
    """An account at the simulated bank; a provider's has no holder."""

    token: str
    balance_fen: int
    number: str = ""
    name: str = ""
    id_number: str = ""
    phone: str = ""
    is_active: bool = True


class Booked(msgspec.Struct):
    """What the bank remembers of a request."""

    request: DebitRequest | None
    standing: BankStanding


class KeptRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is kept over the night."""

    request_id: UUID
    request: DebitRequest | None
    standing: StandingShape


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A bank's accounts and requests as they are kept over the night."""

    accounts: list[Account]
    requests: list[KeptRequest]


class SimulatedBank:
    """Accounts, requests by id, and the day's list."""

    def __init__(self, clock: Clock, *, slow_seconds: float = SLOW_SECONDS) -> None:
        self._clock = clock
        self.troubles = Troubles(silence=BankDidNotAnswer, slow_seconds=slow_seconds)
        self._accounts: dict[str, Account] = {}
        self._token_of_number: dict[str, str] = {}
        self._requests: dict[UUID, Booked] = {}

    def open_account(
        self, *, number: str, name: str, id_number: str, phone: str, balance_fen: int, is_active: bool = True
    ) -> str:
        """Open a resident's account; gives the token by which the bank knows it."""
        token = "act_" + sha256(number.encode()).hexdigest()[:24]
        self._accounts[token] = Account(token, balance_fen, number, name, id_number, phone, is_active)
        self._token_of_number[number] = token
        return token

    def open_payee(self, token: str) -> None:
        """Open a provider's account under the reference that the provider gave us."""
        self._accounts.setdefault(token, Account(token, 0))

    def keep(self) -> "Kept":
        """Everything the bank knows, so that it can go on later as if it had never closed."""
        return Kept(
            accounts=list(self._accounts.values()),
            requests=[
                KeptRequest(request_id=request_id, request=booked.request, standing=shape_of(booked.standing))
                for request_id, booked in self._requests.items()
            ],
        )

    def take_up(self, kept: "Kept") -> None:
        """Go on with what was kept."""
        for account in kept.accounts:
            self._accounts[account.token] = account
            if account.number:
                self._token_of_number[account.number] = account.token
        for one in kept.requests:
            self._requests[one.request_id] = Booked(one.request, standing_of(one.standing))

    def balance_of(self, token: str) -> int:
        """What an account holds, in fen."""
        return self._accounts[token].balance_fen

    async def confirm_account(
        self, *, bank_code: str, bank_card_number: str, name: str, id_number: str, phone: str
    ) -> AccountAnswer:
        """Compare name, ID number and phone with the account's."""
        account = self._accounts.get(self._token_of_number.get(bank_card_number, ""))
        if account is None or (account.name, account.id_number) != (name, id_number):
            return AccountAnswer(verdict=AccountVerdict.NOT_THE_HOLDERS)
        if not account.is_active:
            return AccountAnswer(verdict=AccountVerdict.NOT_ACTIVE)
        if account.phone != phone:
            return AccountAnswer(verdict=AccountVerdict.ANOTHER_PHONE)
        return AccountAnswer(verdict=AccountVerdict.GOOD, token=account.token, tail=account.number[-4:])

    async def ask(self, request: DebitRequest) -> BankAnswer:
        """Do what is asked, once for each id."""
        trouble = self.troubles.take()
        answer = self._answer(request, has_funds=trouble is not Trouble.NO_FUNDS)
        await self.troubles.live_through(trouble)
        return answer

    async def query(self, *, bank_code: str, request_id: UUID) -> BankStanding:
        """Say how a request stands."""
        booked = self._requests.get(request_id)
        return BankNeverHeard() if booked is None else booked.standing

    async def reverse(self, *, bank_code: str, request_id: UUID) -> BankReversed:
        """Undo a request, or refuse it in advance."""
        booked = self._requests.setdefault(request_id, Booked(None, BankReversed(None, None)))
        if isinstance(booked.standing, BankReversed):
            return booked.standing
        booked_on = None
        if isinstance(booked.standing, BankDid) and booked.request is not None:
            self._move(booked.request, sign=-1)
            booked_on = booked.standing.booked_on
        reversed_on = None if booked_on is None else self._today()
        booked.standing = BankReversed(booked_on, reversed_on)
        return booked.standing

    async def list_day(self, *, bank_code: str, day: date) -> list[DayLine]:
        """What was booked and reversed on a day."""
        lines: list[DayLine] = []
        for request_id, booked in self._requests.items():
            request, standing = booked.request, booked.standing
            if request is None or request.bank_code != bank_code or not isinstance(standing, BankDid | BankReversed):
                continue
            if standing.booked_on == day:
                lines.append(DayLine(request_id, DayLineKind(request.kind.value), request.amount_fen))
            if isinstance(standing, BankReversed) and standing.reversed_on == day:
                lines.append(DayLine(request_id, DayLineKind.REVERSAL, request.amount_fen))
        return lines

    def _answer(self, request: DebitRequest, *, has_funds: bool) -> BankAnswer:
        booked = self._requests.get(request.id)
        if booked is None:
            answer = self._decide(request, has_funds=has_funds)
            self._requests[request.id] = Booked(request, answer)
            return answer
        if booked.request is not None and booked.request != request:
            return BankRefused(BankRefusal.ID_IS_USED)
        if isinstance(booked.standing, BankDid | BankRefused):
            return booked.standing
        return BankRefused(BankRefusal.WAS_REVERSED)

    def _decide(self, request: DebitRequest, *, has_funds: bool) -> BankAnswer:
        account = self._accounts.get(request.bank_token)
        if account is None:
            return BankRefused(BankRefusal.ACCOUNT_IS_UNKNOWN)
        if not account.is_active:
            return BankRefused(BankRefusal.ACCOUNT_IS_NOT_ACTIVE)
        is_short = request.kind is RequestKind.DEBIT and account.balance_fen < request.amount_fen
        if is_short or not has_funds:
            return BankRefused(BankRefusal.INSUFFICIENT_FUNDS)
        self._move(request, sign=1)
        return BankDid(f"SIM{len(self._requests) + 1:012d}", self._today())

    def _move(self, request: DebitRequest, *, sign: int) -> None:
        taken = request.amount_fen if request.kind is RequestKind.DEBIT else -request.amount_fen
        self._accounts[request.bank_token].balance_fen -= sign * taken

    def _today(self) -> date:
        return day_of(self._clock.now())
