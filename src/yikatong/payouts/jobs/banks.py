"""What runs by itself: requests to banks and what became of them, the day's statements, settlements, reconciliation.

Between the transactions here lie calls to banks. Whoever dies in between leaves a journal from which the next one
goes on: a debit nobody knows of at the bank is made impossible, what we owe is asked again under the same id.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from yikatong.catalogue import service as catalogue
from yikatong.kernel.instants import day_of
from yikatong.payouts import service
from yikatong.payouts.model import (
    BankDidNotAnswer,
    BankDifference,
    BankNeverHeard,
    BankRequest,
    BankStanding,
    DebitRequest,
    RequestKind,
    RequestState,
    Settlement,
)
from yikatong.payouts.outside import Bank
from yikatong.payouts.rules.settling import SETTLING_GRACE, UNRESOLVED
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.jobs import Job, JobCall, daily_at, every

log = structlog.get_logger("yikatong.payouts")

FIND_OUT_AFTER = timedelta(seconds=20)
"""A request that has not changed for so long has lost whoever asked it; longer than any call waits for a bank."""


class BankCalls:
    """Asks a bank under the journal's eyes: written before the call, noted after it, found out when it got lost."""

    def __init__(self, *, database: Database, bank: Bank, clock: Clock) -> None:
        self._database = database
        self._bank = bank
        self._clock = clock

    async def ask(self, request: DebitRequest) -> BankRequest:
        """Ask a bank once for each id; a request that has ended is answered from the journal.

        Stands as UNKNOWN when the bank did not answer. Refuses BANK_REQUEST_ID_IS_USED.
        """
        async with self._database.transaction() as conn:
            known = await service.ask_bank(conn, request=request, now=self._clock.now())
        if known.state not in (RequestState.ASKED, RequestState.UNKNOWN):
            return known
        return await self._note(request.id, await self._answer(request))

    async def find_out(self, request_id: UUID) -> BankRequest | None:
        """Find out how a request stands, and bring it to its end if the bank answers; None for an unknown id.

        A debit of which the bank never heard is reversed, so that it cannot happen later; a credit or pay-out of
        which it never heard is asked again.
        """
        async with self._database.transaction() as conn:
            known = await service.find_request(conn, request_id=request_id)
        if known is None or known.state not in UNRESOLVED:
            return known
        if known.state is RequestState.REVERSING:
            return await self._reverse(known)
        standing = await self._standing(known)
        if not isinstance(standing, BankNeverHeard):
            return await self._note(request_id, standing)
        if known.kind is RequestKind.DEBIT:
            return await self._reverse(known)
        return await self._note(request_id, await self._answer(_request_of(known)))

    async def find_out_lost(self) -> int:
        """Find out what became of requests that nobody has touched for a while; returns how many were looked at."""
        async with self._database.transaction() as conn:
            lost = await service.unresolved(conn, before=self._clock.now() - FIND_OUT_AFTER)
        for request in lost:
            await self.find_out(request.id)
        return len(lost)

    async def send_credits(self) -> int:
        """Send the credits that were journalled and not sent yet; returns how many there were.

        Nobody else sends them, so none is on its way; one that gets no answer is found out about as any other.
        """
        async with self._database.transaction() as conn:
            waiting = await service.unresolved(conn, before=self._clock.now())
        fresh = [one for one in waiting if one.kind is RequestKind.CREDIT and one.state is RequestState.ASKED]
        for request in fresh:
            await self._note(request.id, await self._answer(_request_of(request)))
        return len(fresh)

    async def reconcile(self, *, bank_code: str, day: date) -> tuple[BankDifference, ...]:
        """Compare a bank's list of a day with the journal. Raises BankDidNotAnswer."""
        lines = await self._bank.list_day(bank_code=bank_code, day=day)
        async with self._database.transaction() as conn:
            return await service.reconcile_bank_day(conn, bank_code=bank_code, day=day, lines=lines)

    async def _answer(self, request: DebitRequest) -> BankStanding | None:
        try:
            return await self._bank.ask(request)
        except BankDidNotAnswer:
            return None

    async def _standing(self, known: BankRequest) -> BankStanding | None:
        assert known.bank_code is not None
        try:
            return await self._bank.query(bank_code=known.bank_code, request_id=known.id)
        except BankDidNotAnswer:
            return None

    async def _reverse(self, known: BankRequest) -> BankRequest:
        assert known.bank_code is not None
        try:
            standing = await self._bank.reverse(bank_code=known.bank_code, request_id=known.id)
        except BankDidNotAnswer:
            return await self._note(known.id, None)
        return await self._note(known.id, standing)

    async def _note(self, request_id: UUID, standing: BankStanding | None) -> BankRequest:
        async with self._database.transaction() as conn:
            return await service.note_standing(conn, request_id=request_id, standing=standing, now=self._clock.now())


class SettlingTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How providers are settled: the bank that pays them, and after how many days below zero a receivable is a debt."""

    bank_code: str = "102"
    debt_term_days: int = 30


async def settle_day(database: Database, *, day: date, terms: SettlingTerms, now: datetime) -> list[Settlement]:
    """Make every provider's statement of a day and settle it, each provider in a transaction of its own.

    May be run again: what was done stays done. Refuses STATEMENT_DAY_HAS_NOT_ENDED.
    """
    async with database.transaction() as conn:
        await service.make_statements(conn, day=day, now=now)
        providers = await service.list_providers_to_settle(conn, day=day)
    settlements = []
    for provider_id in providers:
        async with database.transaction() as conn:
            settlement = await service.settle_provider(
                conn, provider_id=provider_id, day=day, term_days=terms.debt_term_days, now=now
            )
        if settlement is not None:
            settlements.append(settlement)
    return settlements


async def settle_days_until(database: Database, *, day: date, terms: SettlingTerms, now: datetime) -> int:
    """Settle a day and the days before it that were missed; returns how many days."""
    async with database.transaction() as conn:
        last = await service.find_last_statement_day(conn)
    first = day if last is None else min(day, last + timedelta(days=1))
    count = (day - first).days + 1
    for offset in range(count):
        await settle_day(database, day=first + timedelta(days=offset), terms=terms, now=now)
    return count


async def pay_settlements(database: Database, *, calls: BankCalls, terms: SettlingTerms, clock: Clock) -> int:
    """Ask the bank to pay what is settled, and post what it paid or returned; returns how many ended.

    A provider without a bank reference keeps its settlement prepared until it has one.
    """
    async with database.transaction() as conn:
        under_way = await service.list_settlements_under_way(conn)
    ended_count = 0
    for settlement in under_way:
        ended_count += await pay_settlement(database, settlement=settlement, calls=calls, terms=terms, clock=clock)
    return ended_count


async def pay_settlement(
    database: Database, *, settlement: Settlement, calls: BankCalls, terms: SettlingTerms, clock: Clock
) -> bool:
    """Ask the bank to pay one settlement, once, and post what became of it; whether it has ended."""
    async with database.transaction() as conn:
        provider = await catalogue.find_provider(conn, provider_id=settlement.provider_id)
        if provider is None or provider.bank_reference is None:
            return False
        known = await service.find_request(conn, request_id=settlement.request_id)
        await service.send_settlement(conn, settlement=settlement, now=clock.now())
    request = DebitRequest(
        id=settlement.request_id,
        kind=RequestKind.PAY_OUT,
        bank_code=terms.bank_code,
        bank_token=provider.bank_reference,
        amount_fen=settlement.amount_fen,
        payee=provider.name_zh,
        memo=settlement.day_on.isoformat(),
    )
    # A bank reference that changed after the bank was asked does not change what it was asked.
    request = request if known is None else _request_of(known)
    stands = await calls.ask(request)
    if stands.state in UNRESOLVED:
        return False
    async with database.transaction() as conn:
        await service.end_settlement(
            conn,
            settlement=settlement,
            bank_code=request.bank_code,
            is_paid=stands.state is RequestState.DONE,
            now=clock.now(),
        )
    return True


async def end_balances(database: Database, *, bucket_count: int, clock: Clock, ids: Ids) -> int:
    """Post what became of the balances of cards that ended, once their banks have said it; returns how many ended.

    Sending them and finding out about them is that of every credit (`BankCalls`).
    """
    ended_count = 0
    for bucket in range(bucket_count):
        async with database.transaction() as conn:
            under_way = await service.list_balances_under_way(conn, bucket=bucket)
        for balance in under_way:
            async with database.transaction() as conn:
                request = await service.get_request(conn, request_id=balance.request_id)
                if request.state not in UNRESOLVED:
                    is_paid = request.state is RequestState.DONE
                    await service.end_balance(conn, balance=balance, is_paid=is_paid, now=clock.now(), ids=ids)
                    ended_count += 1
    return ended_count


def _request_of(known: BankRequest) -> DebitRequest:
    assert known.bank_code is not None
    assert known.bank_token is not None
    assert known.amount_fen is not None
    return DebitRequest(
        id=known.id,
        kind=known.kind,
        bank_code=known.bank_code,
        bank_token=known.bank_token,
        amount_fen=known.amount_fen,
        payee=known.payee or "",
        memo=known.memo or "",
    )


def jobs(*, bank: Bank, terms: SettlingTerms, bank_codes: Sequence[str], bucket_count: int) -> tuple[Job, ...]:
    """What banks are asked and what became of it, and the day's end.

    Credits every 2 seconds, balances of ended cards every 5, lost requests every 20, settling after midnight, paying
    every 5 minutes, reconciling in the morning.
    """

    def calls_of(call: JobCall) -> BankCalls:
        return BankCalls(database=call.database, bank=bank, clock=call.clock)

    async def find_out(call: JobCall) -> None:
        await calls_of(call).find_out_lost()

    async def send_credits(call: JobCall) -> None:
        await calls_of(call).send_credits()

    async def end_sent_balances(call: JobCall) -> None:
        await end_balances(call.database, bucket_count=bucket_count, clock=call.clock, ids=call.ids)

    async def settle(call: JobCall) -> None:
        now = call.clock.now()
        await settle_days_until(
            call.database, day=day_of(now - SETTLING_GRACE) - timedelta(days=1), terms=terms, now=now
        )

    async def pay(call: JobCall) -> None:
        await pay_settlements(call.database, calls=calls_of(call), terms=terms, clock=call.clock)

    async def reconcile(call: JobCall) -> None:
        day = day_of(call.clock.now()) - timedelta(days=1)
        for bank_code in bank_codes:
            for difference in await calls_of(call).reconcile(bank_code=bank_code, day=day):
                log.error("bank and journal differ", bank_code=bank_code, day=day.isoformat(),
                          request_id=difference.request_id.hex, kind=difference.kind.value,
                          our_fen=difference.our_fen, bank_fen=difference.bank_fen)  # fmt: skip

    return (
        Job(name="payouts.credits", schedule=every(timedelta(seconds=2)), run=send_credits),
        Job(name="payouts.balances", schedule=every(timedelta(seconds=5)), run=end_sent_balances),
        Job(name="payouts.find_out", schedule=every(timedelta(seconds=20)), run=find_out),
        Job(name="payouts.settle", schedule=daily_at(hour=0, minute=10), run=settle, lease=timedelta(minutes=10)),
        Job(name="payouts.pay", schedule=every(timedelta(minutes=5)), run=pay, lease=timedelta(minutes=10)),
        Job(name="payouts.reconcile", schedule=daily_at(hour=6), run=reconcile, lease=timedelta(minutes=10)),
    )
