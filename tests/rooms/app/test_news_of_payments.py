"""What a bank says of a payment reaches its payee as one notice, with what to do where the money did not arrive."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.support.builders.benefits import BUCKET_COUNT, BenefitWorld, a_folder, handle_of
from tests.support.database import a_database_of_its_own
from yikatong.access import service as access
from yikatong.app.caches import WorkerCaches
from yikatong.app.subscribers import Subscribers
from yikatong.cards import service as cards
from yikatong.codes.service import RegionView
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.notices import service as notices
from yikatong.payouts import service as payouts
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.outbox import Relay

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def own(db: Database) -> AsyncIterator[Database]:
    """A database of this module alone: its relay hears of no other test's payments."""
    async with a_database_of_its_own(db) as database:
        yield database


async def relayed(world: BenefitWorld) -> None:
    """Let the relay hand on everything."""

    async def no_regions(conn: Connection) -> RegionView:
        raise AssertionError

    caches = WorkerCaches(database=world.db, callers=access.CallerCache(), load_regions=no_regions, clock=world.clock)
    subscribers = Subscribers(ids=world.ids, bucket_count=BUCKET_COUNT, caches=caches)
    relay = Relay(world.db, clock=world.clock, subscribers=subscribers.by_topic())
    while await relay.run_once():
        pass


async def told(world: BenefitWorld, resident_id: ResidentId) -> list[tuple[str, str]]:
    """What a resident was told of payments, the oldest first: the template and the English text."""
    bucket = bucket_of(resident_id, BUCKET_COUNT)
    async with world.db.transaction() as conn:
        found = await notices.list_notices(conn, bucket=bucket, resident_id=resident_id, before=None, limit=100)
    return [
        (notice.template.value, notices.word_notice(notice).en.text)
        for notice in reversed(found)
        if notice.template.value.startswith("payment_")
    ]


async def test_payees_hear_once_that_money_was_sent_came_back_or_was_stopped_and_what_to_do(own: Database) -> None:
    world = BenefitWorld(own)
    paid, closed, late, moved, dead = await world.populated(5)
    await world.funded()
    batch = await world.applied(
        await world.issued([(paid, 500), (closed, 700), (late, 900), (moved, 1_100), (dead, 1_300)])
    )
    await world.died(dead)
    async with own.transaction() as conn:
        await cards.unbind_bank(conn, bucket=bucket_of(moved, BUCKET_COUNT), resident_id=moved, now=world.now)
    with a_folder() as root:
        bank = world.bank(root)
        bank.refusals = {handle_of(closed): "AC04"}
        exchange = world.exchange(root)
        await exchange.send_batch(batch.id)
        bank.take_in()
        bank.answer(twice=True)
        await exchange.fetch_returns()
        for _ in range(2):
            await relayed(world)
        world.clock.advance(timedelta(days=3))
        bank.give_back([handle_of(late)], reason="BE01")
        await exchange.fetch_returns()
        await relayed(world)

    assert [
        (
            "payment_paid",
            "高龄津贴2026年11月: at 2026-11-25 12:00 the bank confirmed that 5.00 yuan went to the account bound to "
            "your card.",
        )
    ] == await told(world, paid)
    ((template, text),) = await told(world, closed)
    assert ("payment_returned", True, True) == (template, "because the account is closed" in text, "7.00" in text)
    assert ["payment_paid", "payment_returned"] == [template for template, _ in await told(world, late)]
    ((template, text),) = await told(world, moved)
    assert ("payment_stopped", True) == (template, "no bank account is bound to your card" in text)
    assert [] == await told(world, dead)


async def test_news_that_are_rolled_back_reach_nobody(own: Database) -> None:
    world = BenefitWorld(own)
    (who,) = await world.populated(1)
    await world.funded()
    batch = await world.issued([(who, 500)])
    with pytest.raises(RuntimeError, match="power"):
        async with own.transaction() as conn:
            await payouts.stop_line(
                conn, batch_id=batch.id, line=1, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
            )
            raise RuntimeError("power")
    await relayed(world)
    assert [] == await told(world, who)

    async with own.transaction() as conn:
        await payouts.stop_line(
            conn, batch_id=batch.id, line=1, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
        )
    await relayed(world)
    assert ["payment_stopped"] == [template for template, _ in await told(world, who)]
