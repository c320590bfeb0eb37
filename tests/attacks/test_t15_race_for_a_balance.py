"""T15 Two taps race for one balance, at two counters (docs/threats.md)."""

import asyncio

import pytest

from tests.support.builders.counter import CounterWorld, a_second_counter

pytestmark = pytest.mark.anyio


async def test_two_counters_never_spend_more_than_there_is(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=1_000)
    bodies = [world.answered(phone, amount_fen=300) for _ in range(10)]

    async with a_second_counter(world) as second:
        receipts = await asyncio.gather(
            *(world.tap(body) for body in bodies[:5]), *(world.tap(body, at=second) for body in bodies[5:])
        )

    reasons = sorted(str(receipt.reason) for receipt in receipts)
    assert ["BALANCE_IS_TOO_LOW"] * 7 + ["None"] * 3 == reasons
    assert 100 == await world.balance(phone)
    assert 900 == await world.owed()
