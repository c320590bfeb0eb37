"""T10 A late original after its reversal (docs/threats.md)."""

import asyncio

import pytest

from tests.support.builders.counter import CounterWorld
from tests.support.builders.follow_ups import reversed_by

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


async def test_an_original_and_its_reversal_at_once_leave_the_money_where_it_was(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    bodies = [world.answered(phone, amount_fen=100) for _ in range(5)]

    await asyncio.gather(*(action for body in bodies for action in (world.tap(body), reversed_by(world, body))))

    assert 5_000 == await world.balance(phone)
    assert 0 == await world.owed()
