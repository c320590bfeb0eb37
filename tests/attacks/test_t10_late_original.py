"""T10 A late original after its reversal (docs/threats.md)."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld
from tests.support.builders.follow_ups import a_reversal, id_of, polled, reversed_by
from yikatong.taps.counter.works import Reversed
from yikatong.taps.model import Outcome, TapRow
from yikatong.taps.presenting import read_presentation

pytestmark = pytest.mark.anyio


async def test_an_original_that_its_reversal_overtook_moves_nothing_however_often_it_comes(
    world: CounterWorld,
) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_000)

    met = await reversed_by(world, body)
    reasons = [(await world.tap(body)).reason for _ in range(3)]

    assert "nothing" == met.found
    assert ["TAP_WAS_REVERSED"] * 3 == reasons
    assert 5_000 == await world.balance(phone)


async def test_an_original_that_comes_in_the_batch_of_its_reversal_moves_nothing(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_000)
    original = await read_presentation(
        world.follow_ups.presenting,
        caller=world.terminal_caller(),
        body=body,
        body_digest=b"\0" * 16,
        item=world.meal,
        now=world.clock.now(),
    )
    met, ended = await asyncio.gather(
        world.counter.submit(a_reversal(world, phone, original.tap_id)),
        world.counter.submit(replace(original, access_version=world.caches.access_version)),
    )

    assert Reversed(original.tap_id, "nothing", already=False) == met
    assert isinstance(ended, TapRow)
    assert "TAP_WAS_REVERSED" == ended.reason
    assert 5_000 == await world.balance(phone)


async def test_an_original_that_comes_again_after_it_was_taken_back_is_not_admitted_once_more(
    world: CounterWorld,
) -> None:
    phone, other = await world.a_phone(purse_fen=5_000), await world.a_phone(purse_fen=5_000)
    body, kept = world.answered(phone, amount_fen=1_000), world.answered(other, amount_fen=1_000)
    first, kept_first = await world.tap(body), await world.tap(kept)
    await reversed_by(world, body)

    again, asked = await world.tap(body), await polled(world, id_of(first))
    world.clock.advance(timedelta(minutes=5))
    much_later, kept_later = await world.tap(body), await world.tap(kept)

    assert Outcome.ADMITTED is first.outcome
    assert [(Outcome.REFUSED, "TAP_WAS_REVERSED", ())] * 3 == [
        (receipt.outcome, receipt.reason, receipt.paid_by) for receipt in (again, asked, much_later)
    ]
    assert kept_first == kept_later
    assert 5_000 == await world.balance(phone)


async def test_an_original_and_its_reversal_at_once_leave_the_money_where_it_was(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    bodies = [world.answered(phone, amount_fen=100) for _ in range(5)]

    await asyncio.gather(*(action for body in bodies for action in (world.tap(body), reversed_by(world, body))))

    assert 5_000 == await world.balance(phone)
    assert 0 == await world.owed()
