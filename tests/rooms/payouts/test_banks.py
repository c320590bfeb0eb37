"""Requests to banks: journalled before the call, done once, found out after whoever asked has died."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from simulator.bank import SimulatedBank
from simulator.trouble import Trouble
from tests.support.builders.payouts import a_debit
from tests.support.world import NOON, FixedClock
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.payouts import service
from yikatong.payouts.jobs import FIND_OUT_AFTER, BankCalls
from yikatong.payouts.model import (
    BankDifference,
    BankRefusal,
    BankRefused,
    BankRequest,
    DayLineKind,
    DebitRequest,
    RequestKind,
    RequestState,
)
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

TODAY = day_of(NOON)


class Town:
    """A bank with one account of 1 000 fen, and our calls to it."""

    def __init__(self, db: Database, now: datetime = NOON) -> None:
        self.db = db
        self.clock = FixedClock(now)
        self.bank = SimulatedBank(self.clock)
        self.token = self.bank.open_account(
            number="6217000000000000", name="陈爷爷", id_number="", phone="", balance_fen=1_000
        )
        self.calls = BankCalls(database=db, bank=self.bank, clock=self.clock)

    @property
    def balance_fen(self) -> int:
        return self.bank.balance_of(self.token)

    def a_debit(self, amount_fen: int = 400) -> DebitRequest:
        return a_debit(self.token, amount_fen)

    async def journalled(self, request_id: UUID) -> BankRequest:
        async with self.db.transaction() as conn:
            return await service.get_request(conn, request_id=request_id)

    async def journal(self, request: DebitRequest) -> None:
        """As a worker that dies before it asks the bank."""
        async with self.db.transaction() as conn:
            await service.ask_bank(conn, request=request, now=self.clock.now())

    async def want_back(self, request_id: UUID) -> BankRequest:
        async with self.db.transaction() as conn:
            return await service.want_back(conn, request_id=request_id, kind=RequestKind.DEBIT, now=self.clock.now())


async def test_a_debit_asked_twice_is_taken_once(db: Database) -> None:
    town = Town(db)
    request = town.a_debit()
    answers = [await town.calls.ask(request) for _ in range(2)]
    assert [RequestState.DONE] * 2 == [answer.state for answer in answers]
    assert answers[0].bank_reference == answers[1].bank_reference
    assert 600 == town.balance_fen


async def test_a_used_id_with_another_amount_is_refused_before_the_bank_is_asked(db: Database) -> None:
    town = Town(db)
    request = town.a_debit()
    await town.calls.ask(request)
    with pytest.raises(Refused, match="BANK_REQUEST_ID_IS_USED"):
        await town.calls.ask(a_debit(town.token, 401, request_id=request.id))
    assert 600 == town.balance_fen


@pytest.mark.parametrize(
    ("refusal", "amount_fen", "trouble"),
    [(BankRefusal.INSUFFICIENT_FUNDS, 1_001, None), (BankRefusal.INSUFFICIENT_FUNDS, 1, Trouble.NO_FUNDS)],
)
async def test_a_refused_debit_takes_nothing_and_says_why(
    db: Database, refusal: BankRefusal, amount_fen: int, trouble: Trouble | None
) -> None:
    town = Town(db)
    if trouble is not None:
        town.bank.troubles.add(trouble)
    answer = await town.calls.ask(town.a_debit(amount_fen))
    assert (RequestState.REFUSED, refusal) == (answer.state, answer.refusal)
    assert 1_000 == town.balance_fen


async def test_an_unknown_account_is_refused(db: Database) -> None:
    answer = await Town(db).calls.ask(a_debit("act_of_nobody"))
    assert BankRefusal.ACCOUNT_IS_UNKNOWN is answer.refusal


async def test_a_debit_whose_answer_was_lost_is_found_to_be_done(db: Database) -> None:
    town = Town(db)
    request = town.a_debit()
    town.bank.troubles.add(Trouble.LOST_AFTER)
    assert RequestState.UNKNOWN is (await town.calls.ask(request)).state
    found = await town.calls.find_out(request.id)
    assert found is not None
    assert RequestState.DONE is found.state
    assert 600 == town.balance_fen


async def test_a_debit_that_never_arrived_is_made_impossible(db: Database) -> None:
    town = Town(db)
    request = town.a_debit()
    town.bank.troubles.add(Trouble.LOST_BEFORE)
    await town.calls.ask(request)
    found = await town.calls.find_out(request.id)
    assert found is not None
    assert RequestState.REVERSED is found.state
    assert BankRefused(BankRefusal.WAS_REVERSED) == await town.bank.ask(request)
    assert 1_000 == town.balance_fen


async def test_a_pay_out_that_never_arrived_is_asked_again(db: Database) -> None:
    town = Town(db)
    request = a_debit(town.token, 400, kind=RequestKind.PAY_OUT)
    town.bank.troubles.add(Trouble.LOST_BEFORE)
    await town.calls.ask(request)
    found = await town.calls.find_out(request.id)
    assert found is not None
    assert RequestState.DONE is found.state
    assert 1_400 == town.balance_fen


async def test_what_a_dead_worker_left_is_found_out_after_a_while_and_not_before(db: Database) -> None:
    # Long ago, so that the requests of other tests are not lost yet.
    town = Town(db, NOON - timedelta(days=9_000))
    request = town.a_debit()
    await town.journal(request)
    await town.calls.find_out_lost()
    assert RequestState.ASKED is (await town.journalled(request.id)).state
    town.clock.advance(FIND_OUT_AFTER)
    await town.calls.find_out_lost()
    assert RequestState.REVERSED is (await town.journalled(request.id)).state


async def test_a_debit_wanted_back_is_undone_at_the_bank(db: Database) -> None:
    town = Town(db)
    request = town.a_debit()
    await town.calls.ask(request)
    assert RequestState.REVERSING is (await town.want_back(request.id)).state
    assert RequestState.REVERSING is (await town.want_back(request.id)).state
    found = await town.calls.find_out(request.id)
    assert found is not None
    assert (RequestState.REVERSED, TODAY) == (found.state, found.reversed_on)
    assert 1_000 == town.balance_fen


async def test_a_debit_wanted_back_before_it_was_asked_is_never_asked(db: Database) -> None:
    town = Town(db)
    request = town.a_debit()
    assert RequestState.REVERSED is (await town.want_back(request.id)).state
    assert RequestState.REVERSED is (await town.calls.ask(request)).state
    assert 1_000 == town.balance_fen


async def test_a_request_that_nobody_made_is_unknown(db: Database) -> None:
    town = Town(db)
    assert await town.calls.find_out(a_debit().id) is None
    async with db.transaction() as conn:
        with pytest.raises(Refused, match="BANK_REQUEST_IS_UNKNOWN"):
            await service.get_request(conn, request_id=a_debit().id)
        with pytest.raises(Refused, match="BANK_REQUEST_IS_UNKNOWN"):
            await service.note_standing(conn, request_id=a_debit().id, standing=None, now=NOON)


async def test_reconciling_a_day_names_what_only_the_bank_knows(db: Database) -> None:
    town = Town(db)
    known, unknown, undone = town.a_debit(100), town.a_debit(200), town.a_debit(300)
    await town.calls.ask(known)
    await town.calls.ask(undone)
    await town.want_back(undone.id)
    await town.calls.find_out(undone.id)
    town.bank.troubles.add(Trouble.LOST_AFTER)
    await town.calls.ask(unknown)
    ours = {known.id, unknown.id, undone.id}
    differences = [each for each in await town.calls.reconcile(bank_code="102", day=TODAY) if each.request_id in ours]
    assert [BankDifference(unknown.id, DayLineKind.DEBIT, None, 200)] == differences
    await town.calls.find_out(unknown.id)
    differences = [each for each in await town.calls.reconcile(bank_code="102", day=TODAY) if each.request_id in ours]
    assert [] == differences


async def test_a_reversal_on_another_day_is_a_line_of_that_day(db: Database) -> None:
    town = Town(db)
    request = town.a_debit()
    await town.calls.ask(request)
    town.clock.advance(timedelta(days=1))
    await town.want_back(request.id)
    await town.calls.find_out(request.id)
    for day in (TODAY, TODAY + timedelta(days=1)):
        differences = await town.calls.reconcile(bank_code="102", day=day)
        assert [] == [each for each in differences if each.request_id == request.id]


async def test_a_journalled_credit_is_sent_without_waiting_and_a_debit_is_left_to_whoever_asks_it(db: Database) -> None:
    town = Town(db)
    credit = msgspec.structs.replace(town.a_debit(), kind=RequestKind.CREDIT)
    debit = town.a_debit()
    await town.journal(credit)
    await town.journal(debit)
    await town.calls.send_credits()
    assert 1_400 == town.balance_fen
    assert RequestState.DONE is (await town.journalled(credit.id)).state
    assert RequestState.ASKED is (await town.journalled(debit.id)).state


async def test_a_credit_without_an_answer_is_found_out_about_and_given_once(db: Database) -> None:
    town = Town(db)
    credit = msgspec.structs.replace(town.a_debit(), kind=RequestKind.CREDIT)
    await town.journal(credit)
    town.bank.troubles.add(Trouble.LOST_AFTER)
    await town.calls.send_credits()
    town.bank.troubles.end()
    assert RequestState.UNKNOWN is (await town.journalled(credit.id)).state
    await town.calls.send_credits()
    await town.calls.find_out(credit.id)
    assert RequestState.DONE is (await town.journalled(credit.id)).state
    assert 1_400 == town.balance_fen
