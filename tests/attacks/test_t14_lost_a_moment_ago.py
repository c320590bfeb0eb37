"""T14 A lost card pays in the moment of its report (docs/threats.md)."""

import asyncio

import psycopg
import pytest

from tests.support.backends import until_waits
from tests.support.builders.counter import BUCKET, CounterWorld, Phone
from yikatong.cards import service as cards
from yikatong.plumbing.database import Connection

pytestmark = pytest.mark.anyio

LOST = "CARD_IS_TEMPORARILY_REPORTED_LOST"


async def report(world: CounterWorld, phone: Phone, conn: Connection) -> None:
    """Report the card lost, in a transaction that is open still."""
    step = world.cards(conn).step()
    await cards.report_temporary_loss(conn, bucket=BUCKET, resident_id=phone.resident.resident_id, **step)


async def test_what_was_not_admitted_before_the_report_is_refused_after_it(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=10_000)
    bodies = [world.answered(phone, amount_fen=100) for _ in range(12)]

    async def reported() -> None:
        async with world.db.transaction() as conn:
            await report(world, phone, conn)

    before, _, after = await asyncio.gather(
        asyncio.gather(*(world.tap(body) for body in bodies[:6])),
        reported(),
        asyncio.gather(*(world.tap(body) for body in bodies[6:])),
    )
    late = await world.tap(world.answered(phone, amount_fen=100))

    reasons = [receipt.reason for receipt in (*before, *after)]
    assert LOST == late.reason
    assert {None, LOST} >= set(reasons)
    assert 10_000 - 100 * reasons.count(None) == await world.balance(phone)


async def test_a_tap_that_comes_while_the_card_is_reported_waits_for_the_report_and_is_refused(
    world: CounterWorld,
) -> None:
    phone = await world.a_phone(purse_fen=10_000)

    async with world.db.transaction() as conn:
        await report(world, phone, conn)
        tapping = asyncio.create_task(world.tap(world.answered(phone, amount_fen=100)))
        await until_waits(world.db, world.counter.backend_pid, for_pid=conn.info.backend_pid)

    assert LOST == (await tapping).reason
    assert 10_000 == await world.balance(phone)


async def test_a_report_that_comes_while_a_tap_is_written_stands_only_after_it(world: CounterWorld) -> None:
    """So nobody who was told that the card is reported lost finds it paying afterwards."""
    phone = await world.a_phone(purse_fen=10_000)
    body = world.answered(phone, amount_fen=100)

    async with world.db.transaction() as reporter:
        async with world.db.transaction() as rival:
            # A rival's claim of the same request id, not committed, keeps the decided tap from being written.
            await rival.execute(
                "INSERT INTO taps.request VALUES (%s, %s, %s, 0, %s, %s)",
                [world.till.terminal.id, body.request_id, world.ids.new(), b"\0" * 16, world.clock.now()],
            )
            tapping = asyncio.create_task(world.tap(body))
            await until_waits(world.db, world.counter.backend_pid, for_pid=rival.info.backend_pid)
            reporting = asyncio.create_task(report(world, phone, reporter))
            await until_waits(world.db, reporter.info.backend_pid, for_pid=world.counter.backend_pid)
            raise psycopg.Rollback
        await reporting

    assert None is (await tapping).reason
    assert LOST == (await world.tap(world.answered(phone, amount_fen=100))).reason
