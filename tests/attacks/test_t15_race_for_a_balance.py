"""T15 Two taps race for one balance, at two counters (docs/threats.md)."""

import asyncio

import pytest

from tests.support.backends import until_waits
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


async def test_a_tap_waits_for_whoever_changes_the_account_and_sees_what_came(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=1_000)

    async with world.db.transaction() as conn:
        await world.give(conn, phone.resident, "purse", 1_000)
        tapping = asyncio.create_task(world.tap(world.answered(phone, amount_fen=1_500)))
        await until_waits(world.db, world.counter.backend_pid, for_pid=conn.info.backend_pid)

    assert None is (await tapping).reason
    assert 500 == await world.balance(phone)
