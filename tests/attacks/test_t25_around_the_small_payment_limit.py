"""T25 Small payments by a photographed code go around their day's limit (docs/threats.md)."""

import asyncio

import pytest

from tests.support.builders.counter import CounterWorld, Phone, a_second_counter
from tests.support.builders.follow_ups import opted_in
from yikatong.taps.outside import DebitOutcome

pytestmark = pytest.mark.anyio


async def shown(world: CounterWorld, phone: Phone, amount_fen: int) -> str | None:
    """Pay by a bare code; gives why not."""
    return (await world.tap(world.shown(phone, item=world.meal, amount_fen=amount_fen))).reason


async def test_what_the_bank_pays_counts_against_the_days_limit(world: CounterWorld) -> None:
    phone = await world.a_phone(with_bank=True)
    await opted_in(world, phone, limit_fen=500, day_limit_fen=1_000)

    reasons = [await shown(world, phone, 500) for _ in range(4)]

    assert [None, None] + ["SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED"] * 2 == reasons
    assert 1_000 == sum(world.bank.debited.values())


async def test_what_still_waits_for_the_bank_counts_too(world: CounterWorld) -> None:
    phone = await world.a_phone(with_bank=True)
    await opted_in(world, phone, limit_fen=500, day_limit_fen=1_000)
    world.bank.answer = DebitOutcome.UNKNOWN

    assert [None, None, "SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED"] == [await shown(world, phone, 500) for _ in range(3)]


async def test_what_the_bank_refused_does_not_count(world: CounterWorld) -> None:
    phone = await world.a_phone(with_bank=True)
    await opted_in(world, phone, limit_fen=500, day_limit_fen=500)
    world.bank.answer = DebitOutcome.REFUSED
    refused = await shown(world, phone, 500)
    world.bank.answer = DebitOutcome.DEBITED

    assert ["BANK_REFUSED_THE_DEBIT", None] == [refused, await shown(world, phone, 500)]


async def test_codes_shown_at_two_counters_at_once_stay_within_the_limit(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=2_000, with_bank=True)
    await opted_in(world, phone, limit_fen=500, day_limit_fen=1_500)
    bodies = [world.shown(phone, item=world.meal, amount_fen=500) for _ in range(8)]

    async with a_second_counter(world) as second:
        receipts = await asyncio.gather(
            *(world.tap(body) for body in bodies[:4]), *(world.tap(body, at=second) for body in bodies[4:])
        )

    assert 3 == sum(receipt.reason is None for receipt in receipts)
    assert {None, "SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED"} == {receipt.reason for receipt in receipts}
