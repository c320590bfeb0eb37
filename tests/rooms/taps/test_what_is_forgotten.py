"""Taps that moved no money go at their term, with their requests; what the books rest on stays."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from tests.support.builders.counter import CounterWorld, Phone, a_counter_world
from tests.support.builders.follow_ups import id_of, reversed_by
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.plumbing.jobs import JobCall
from yikatong.taps.audit import audit
from yikatong.taps.jobs import jobs
from yikatong.taps.model import Reason, TapBody

pytestmark = pytest.mark.anyio

TERM, SECOND_USE_TERM = timedelta(days=20), timedelta(days=10)
"""Shorter than an installation may set them, for the regions of tests are young; no other test's taps are so old."""
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


async def a_term_passes(world: CounterWorld, *, second_use_term: timedelta = SECOND_USE_TERM) -> None:
    """Let the job forget at noon; rows of other tests are not that old."""
    call = JobCall(database=world.db, clock=FixedClock(NOON), ids=SeededIds())
    (job,) = jobs(tap_days=TERM.days, second_use_days=second_use_term.days, bucket_count=1)
    await job.run(call)


async def kept(world: CounterWorld, table: str) -> set[UUID]:
    """Which taps still have a row, by the residents or terminals of this world alone."""
    statement = {
        "tap": "SELECT id FROM taps.tap WHERE provider_id = %s",
        "request": "SELECT r.tap_id FROM taps.request AS r WHERE r.terminal_id = %s",
        "reversal": "SELECT tap_id FROM taps.reversal WHERE terminal_id = %s",
    }[table]
    whose = world.provider.id if table == "tap" else world.till.terminal.id
    async with world.db.transaction() as conn:
        return {row[0] for row in await (await conn.execute(statement, [whose])).fetchall()}


async def differences(world: CounterWorld) -> list[str]:
    """What the audit says of this world's taps; other tests edit rows in the same database."""
    mine = {one.hex for one in await kept(world, "tap") | await kept(world, "request")}
    async with world.db.owner_transaction() as conn:
        return [found for found in await audit(conn) if any(tap in found for tap in mine)]


@pytest.fixture
async def long_ago(db: Database) -> AsyncIterator[CounterWorld]:
    """A counter at work just before the term of what it does."""
    async with a_counter_world(db, now=NOON - TERM - SECOND) as world:
        yield world


async def entered(world: CounterWorld, phone: Phone) -> UUID:
    """A tap that proves presence, and moves no money."""
    return id_of(await world.tap(world.shown(phone)))


async def test_a_tap_that_moved_no_money_goes_at_its_term_with_its_request_and_not_a_day_before(
    long_ago: CounterWorld,
) -> None:
    world = long_ago
    phone = await world.a_phone()
    older = await entered(world, phone)
    world.clock.advance(DAY)
    await world.refreshed(phone)
    younger = await entered(world, phone)

    await a_term_passes(world)

    assert older != younger
    assert {younger} == await kept(world, "tap")
    assert {younger} == await kept(world, "request")
    assert [] == await differences(world)


async def test_a_tap_that_moved_money_stays_with_its_request_and_what_undid_it(long_ago: CounterWorld) -> None:
    world = long_ago
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)
    paid = id_of(await world.tap(body))
    await reversed_by(world, body)

    await a_term_passes(world)

    assert {paid} == await kept(world, "tap") == await kept(world, "request") == await kept(world, "reversal")
    assert [] == await differences(world)


async def test_a_reversal_that_met_nothing_goes_at_its_term(long_ago: CounterWorld) -> None:
    world = long_ago
    phone = await world.a_phone(purse_fen=5_000)
    met: list[TapBody] = [world.answered(phone, amount_fen=1_200)]
    await reversed_by(world, met[0])
    world.clock.advance(DAY)
    await world.refreshed(phone)
    met.append(world.answered(phone, amount_fen=1_300))
    await reversed_by(world, met[1])
    before = await kept(world, "reversal")

    await a_term_passes(world)

    assert (2, 1) == (len(before), len(await kept(world, "reversal")))


async def test_a_second_use_goes_at_its_own_term_and_both_taps_only_after_it(db: Database) -> None:
    async with a_counter_world(db, now=NOON - TERM - SECOND) as world:
        phone = await world.a_phone()
        other = await world.another_till()
        code = world.shown(phone)
        first = id_of(await world.tap(code))
        again = world.shown(phone, code=code.code)
        refused = await world.tap(again, till=other)
        assert Reason.CODE_ALREADY_USED.name == refused.reason
        taps = {first, id_of(refused)}

        await a_term_passes(world, second_use_term=TERM + DAY)
        assert taps == await kept(world, "tap")
        assert [] == await differences(world)

        await a_term_passes(world, second_use_term=TERM)
        assert set() == await kept(world, "tap")


async def test_a_second_use_stays_until_the_day_of_its_term(db: Database) -> None:
    async with a_counter_world(db, now=NOON - SECOND_USE_TERM + DAY) as world:
        phone = await world.a_phone()
        code = world.shown(phone)
        await world.tap(code)
        refused = await world.tap(world.shown(phone, code=code.code), till=await world.another_till())

        await a_term_passes(world)

        async with db.transaction() as conn:
            rows = await conn.execute("SELECT 1 FROM taps.second_use WHERE tap_id = %s", [id_of(refused)])
            assert 1 == len(await rows.fetchall())


async def test_what_could_not_be_read_goes_a_term_after_its_day(long_ago: CounterWorld) -> None:
    world = long_ago
    world.clock.advance(-DAY)
    for step in (timedelta(0), DAY):
        world.clock.advance(step)
        with pytest.raises(Refused, match="CODE_IS_NOT_READABLE"):
            await world.tap(TapBody(request_id=world.ids.new().hex, item=world.entry.code, code="YK1:NOT A CODE"))

    await a_term_passes(world)

    async with world.db.transaction() as conn:
        rows = await conn.execute("SELECT day FROM taps.unread WHERE terminal_id = %s", [world.till.terminal.id])
        assert 1 == len(await rows.fetchall())
