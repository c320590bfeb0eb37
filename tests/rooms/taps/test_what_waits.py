"""A tap that waits, for its resident or for the bank, ends once."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld
from tests.support.builders.follow_ups import confirmed, id_of, polled
from yikatong.taps.jobs import end_waiting_taps
from yikatong.taps.model import Outcome, Reason
from yikatong.taps.outside import DebitOutcome

pytestmark = pytest.mark.anyio

LARGE_FEN = 15_000
"""Enough that a meal waits for its resident."""


async def test_a_large_payment_holds_the_money_until_its_resident_confirms(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)

    waiting = await world.tap(world.answered(phone, amount_fen=LARGE_FEN))
    held = await world.balance(phone)
    receipt = await confirmed(world, phone, id_of(waiting), amount_fen=LARGE_FEN)

    assert Outcome.WAITING is waiting.outcome
    assert 5_000 == held
    assert (Outcome.ADMITTED, "confirmed") == (receipt.outcome, receipt.strength)
    assert 5_000 == await world.balance(phone)
    assert 15_000 == await world.owed()


async def test_a_resident_who_declines_has_the_money_free_again(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    waiting = await world.tap(world.answered(phone, amount_fen=LARGE_FEN))

    receipt = await confirmed(world, phone, id_of(waiting), amount_fen=LARGE_FEN, agreed=False)

    assert Reason.RESIDENT_DECLINED.name == receipt.reason
    assert 20_000 == await world.balance(phone)


async def test_an_unconfirmed_tap_ends_at_its_deadline(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body = world.answered(phone, amount_fen=LARGE_FEN)
    await world.tap(body)
    world.clock.advance(timedelta(seconds=121))

    await end_waiting_taps(database=world.db, counter=world.counter, debits=world.bank, clock=world.clock)
    receipt = await world.tap(body)

    assert Reason.CONFIRMATION_DID_NOT_COME.name == receipt.reason
    assert 20_000 == await world.balance(phone)


async def test_a_code_whose_tap_waits_is_used(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body = world.answered(phone, amount_fen=LARGE_FEN)
    await world.tap(body)

    receipt = await world.tap(replace(body, request_id="another-request"))

    assert Reason.CODE_ALREADY_USED.name == receipt.reason


async def test_a_bank_that_does_not_answer_is_asked_again_and_the_tap_ends_once(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=200, with_bank=True)
    world.bank.answer = DebitOutcome.UNKNOWN

    waiting = await world.tap(world.answered(phone, amount_fen=1_200))
    world.clock.advance(timedelta(seconds=20))
    for _ in range(2):
        await end_waiting_taps(database=world.db, counter=world.counter, debits=world.bank, clock=world.clock)

    assert Outcome.WAITING is waiting.outcome
    assert Outcome.ADMITTED is (await polled(world, id_of(waiting))).outcome
    assert 1_200 == await world.owed()
