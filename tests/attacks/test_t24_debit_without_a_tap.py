"""T24 The bank debits for a tap that does not come about (docs/threats.md)."""

import asyncio
from datetime import timedelta

import pytest

from tests.support.builders.counter import BUCKET, CounterWorld, Phone, a_second_worker
from tests.support.builders.follow_ups import asked_back, credited, id_of, reversed_by
from yikatong.kernel.ids import TapId
from yikatong.taps.counter.works import BankWork
from yikatong.taps.jobs import end_waiting_taps
from yikatong.taps.model import BankAsk, Outcome, Receipt, TapBody, TapRow
from yikatong.taps.outside import DebitAnswer, DebitOutcome

pytestmark = pytest.mark.anyio


async def a_silent_debit(world: CounterWorld) -> tuple[Phone, TapBody, Receipt]:
    """A payment that the bank takes without a word."""
    phone = await world.a_phone(purse_fen=200, with_bank=True)
    world.bank.answer = DebitOutcome.UNKNOWN
    body = world.answered(phone, amount_fen=1_200)
    return phone, body, await world.tap(body)


async def test_a_tap_taken_back_while_the_bank_is_silent_is_asked_back_and_stays_refused(world: CounterWorld) -> None:
    phone, body, waiting = await a_silent_debit(world)

    met = await reversed_by(world, body)
    world.clock.advance(timedelta(seconds=20))
    await end_waiting_taps(database=world.db, counter=world.counter, debits=world.bank, clock=world.clock)

    assert (Outcome.WAITING, "waiting") == (waiting.outcome, met.found)
    assert "TAP_WAS_REVERSED" == (await world.tap(body)).reason
    assert id_of(waiting) in await asked_back(world)
    assert (200, 0) == (await world.balance(phone), await world.owed())


async def test_a_debit_that_nobody_tells_of_in_time_is_asked_back(world: CounterWorld) -> None:
    phone, body, waiting = await a_silent_debit(world)
    world.bank.is_away = True
    world.clock.advance(timedelta(seconds=61))

    await end_waiting_taps(database=world.db, counter=world.counter, debits=world.bank, clock=world.clock)

    assert "BANK_DID_NOT_ANSWER" == (await world.tap(body)).reason
    assert id_of(waiting) in await asked_back(world)
    assert (200, 0) == (await world.balance(phone), await world.owed())


async def test_a_debit_that_is_told_after_the_bank_had_said_no_is_asked_back(world: CounterWorld) -> None:
    phone, body, waiting = await a_silent_debit(world)

    no, late = [await world.counter.submit(an_answer(phone, waiting, debited=debited)) for debited in (False, True)]

    assert "BANK_REFUSED_THE_DEBIT" == (await world.tap(body)).reason
    assert isinstance(no, TapRow)
    assert isinstance(late, TapRow)
    assert (no.id, no.reason) == (late.id, late.reason)
    assert id_of(waiting) in await asked_back(world)
    assert (200, 0) == (await world.balance(phone), await world.owed())


async def test_a_debit_for_a_tap_that_still_waits_for_its_resident_pays_nothing_and_is_asked_back(
    world: CounterWorld,
) -> None:
    phone = await world.a_phone(purse_fen=200, with_bank=True)
    body = world.answered(phone, amount_fen=15_000)
    waiting = await world.tap(body)

    await world.counter.submit(an_answer(phone, waiting, debited=True))

    assert ("confirmation", waiting) == (waiting.waits_for, await world.tap(body))
    assert id_of(waiting) in await asked_back(world)
    assert 0 == await world.owed()


def an_answer(phone: Phone, waiting: Receipt, *, debited: bool) -> BankWork:
    """What the bank says of a tap's debit, as it comes to the counter."""
    return BankWork(tap_id=id_of(waiting), bucket=BUCKET, resident_id=phone.resident.resident_id, debited=debited)


async def test_a_payment_and_its_reversal_at_once_leave_no_debit_without_a_tap(world: CounterWorld) -> None:
    phones = [await world.a_phone(purse_fen=200, with_bank=True) for _ in range(6)]
    bodies = [world.answered(phone, amount_fen=1_200) for phone in phones]

    await asyncio.gather(*(action for body in bodies for action in (world.tap(body), reversed_by(world, body))))
    world.clock.advance(timedelta(seconds=20))
    await end_waiting_taps(database=world.db, counter=world.counter, debits=world.bank, clock=world.clock)
    receipts = [await world.tap(body) for body in bodies]

    back = await asked_back(world)
    debited = {TapId(tap_id) for tap_id in world.bank.debited}
    assert {"TAP_WAS_REVERSED", None} >= {receipt.reason for receipt in receipts}
    given_back = await credited(world) & {id_of(receipt) for receipt in receipts}  # others use the database too
    assert debited - back == given_back | {
        id_of(receipt) for receipt in receipts if receipt.outcome is Outcome.ADMITTED
    }


class AnswersWhenFull:
    """A bank whose answer finds a counter that takes nothing more."""

    async def debit(self, ask: BankAsk) -> DebitAnswer:
        """The money is taken."""
        return DebitAnswer(DebitOutcome.DEBITED)

    async def query(self, tap_id: object) -> DebitAnswer:
        """The money was taken."""
        return DebitAnswer(DebitOutcome.DEBITED)


async def test_an_answer_for_which_the_counter_has_no_place_is_brought_again(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=200, with_bank=True)
    body = world.answered(phone, amount_fen=1_200)

    async with a_second_worker(world, line_max=0) as full:
        world.at_the_bank.bring_answers_to(full.counter)
        waiting = await world.tap(body)
    world.clock.advance(timedelta(seconds=20))
    await end_waiting_taps(database=world.db, counter=world.counter, debits=AnswersWhenFull(), clock=world.clock)

    assert Outcome.WAITING is waiting.outcome
    assert Outcome.ADMITTED is (await world.tap(body)).outcome
    assert (0, 1_200) == (await world.balance(phone), await world.owed())
