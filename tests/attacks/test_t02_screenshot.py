"""T02 Screenshot: a photographed code is used later, or for money (docs/threats.md)."""

from datetime import timedelta

import pytest

from tests.support.builders.counter import CounterWorld

pytestmark = pytest.mark.anyio


async def test_a_photographed_code_pays_nothing(world: CounterWorld) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    photographed = world.shown(victim, item=world.meal, amount_fen=100)

    receipt = await world.tap(photographed)

    assert "STRENGTH_IS_TOO_LOW" == receipt.reason
    assert 5_000 == await world.balance(victim)


@pytest.mark.parametrize(("seconds", "reason"), [(89, None), (90, "CODE_IS_TOO_OLD"), (3_600, "CODE_IS_TOO_OLD")])
async def test_a_photographed_code_opens_a_gate_for_ninety_seconds_at_most(
    world: CounterWorld, seconds: int, reason: str | None
) -> None:
    victim = await world.a_phone()
    photographed = world.shown(victim)
    world.clock.advance(timedelta(seconds=seconds))

    receipt = await world.tap(photographed)

    assert reason == receipt.reason


async def test_a_code_made_for_later_is_refused_until_its_time(world: CounterWorld) -> None:
    victim = await world.a_phone()
    world.clock.advance(timedelta(minutes=5))
    from_the_future = world.shown(victim)
    world.clock.advance(-timedelta(minutes=5))

    receipt = await world.tap(from_the_future)

    assert "CODE_IS_FROM_THE_FUTURE" == receipt.reason
