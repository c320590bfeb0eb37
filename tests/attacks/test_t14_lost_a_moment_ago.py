"""T14 A lost card pays in the moment of its report (docs/threats.md)."""

import asyncio

import pytest

from tests.support.builders.counter import BUCKET, CounterWorld, Phone
from yikatong.cards import service as cards

pytestmark = pytest.mark.anyio


async def reported_lost(world: CounterWorld, phone: Phone) -> None:
    """Report the card lost, and come back once that is committed."""
    async with world.db.transaction() as conn:
        step = world.cards(conn).step()
        await cards.report_temporary_loss(conn, bucket=BUCKET, resident_id=phone.resident.resident_id, **step)


async def test_what_was_not_admitted_before_the_report_is_refused_after_it(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=10_000)
    bodies = [world.answered(phone, amount_fen=100) for _ in range(12)]

    before, _, after = await asyncio.gather(
        asyncio.gather(*(world.tap(body) for body in bodies[:6])),
        reported_lost(world, phone),
        asyncio.gather(*(world.tap(body) for body in bodies[6:])),
    )
    late = await world.tap(world.answered(phone, amount_fen=100))

    receipts = [*before, *after]
    admitted = sum(receipt.reason is None for receipt in receipts)
    others = {receipt.reason for receipt in receipts if receipt.reason is not None}
    assert "CARD_IS_TEMPORARILY_REPORTED_LOST" == late.reason
    assert others <= {"CARD_IS_TEMPORARILY_REPORTED_LOST"}
    assert 10_000 - 100 * admitted == await world.balance(phone)
