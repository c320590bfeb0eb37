"""After a restore, what banks did in the lost time is named before pay-outs run again."""

from datetime import timedelta

import pytest

from simulator.bank import SimulatedBank
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.app.reconciling import Unmatched, list_unmatched
from yikatong.kernel.instants import day_of
from yikatong.payouts.jobs import BankCalls
from yikatong.payouts.model import BankDifference, DayLineKind, DebitRequest
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

BANK = "990"
"""A bank of this module alone."""


async def test_every_movement_that_a_bank_has_and_the_database_has_not_is_named_by_day(db: Database) -> None:
    clock, ids = FixedClock(NOON), SeededIds()
    bank = SimulatedBank(clock)
    calls = BankCalls(database=db, bank=bank, clock=clock)
    token = bank.open_account(number="1", name="某", id_number="x", phone="y", balance_fen=10_000)

    def a_debit(amount_fen: int) -> DebitRequest:
        return DebitRequest(
            id=ids.new(), bank_code=BANK, bank_token=token, amount_fen=amount_fen, payee="店", memo="memo"
        )

    before, lost, lost_today = a_debit(100), a_debit(200), a_debit(300)
    await bank.ask(before)
    clock.advance(timedelta(days=1))
    await calls.ask(a_debit(50))
    await bank.ask(lost)
    restored_to = clock.now()
    clock.advance(timedelta(days=1))
    await bank.ask(lost_today)

    found = await list_unmatched(calls, bank_codes=(BANK,), since=restored_to, now=clock.now())

    assert [
        Unmatched(BANK, day_of(restored_to), BankDifference(lost.id, DayLineKind.DEBIT, None, 200)),
        Unmatched(BANK, day_of(clock.now()), BankDifference(lost_today.id, DayLineKind.DEBIT, None, 300)),
    ] == found
