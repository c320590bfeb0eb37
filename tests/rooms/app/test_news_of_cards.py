"""What a counter does with a card reaches its holder as one notice, by the outbox."""

from collections.abc import AsyncIterator

import pytest

from tests.support.builders.cards import TERMS, CardWorld, key_of
from tests.support.builders.ledger import open_with
from tests.support.database import a_database_of_its_own
from tests.support.world import FixedClock, SeededIds
from yikatong.access import service as access
from yikatong.app.caches import WorkerCaches
from yikatong.app.subscribers import Subscribers
from yikatong.cards import service as cards
from yikatong.cards.model import CancellationReason, Registered, ReplacementReason
from yikatong.codes.service import RegionView
from yikatong.desk import service as desk
from yikatong.notices import service as notices
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.outbox import Relay

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def own(db: Database) -> AsyncIterator[Database]:
    """A database of this module alone: its relay hears of no other test's cards."""
    async with a_database_of_its_own(db) as database:
        yield database


async def news_of(db: Database, resident: Registered) -> list[str]:
    """The notices that a resident has once the relay has handed everything on; without those of the application."""

    async def no_regions(conn: Connection) -> RegionView:
        raise AssertionError

    clock = FixedClock()
    caches = WorkerCaches(database=db, callers=access.CallerCache(), load_regions=no_regions, clock=clock)
    subscribers = Subscribers(ids=SeededIds(), bucket_count=TERMS.bucket_count, caches=caches)
    relay = Relay(db, clock=clock, subscribers=subscribers.by_topic())
    while await relay.run_once():
        pass
    async with db.transaction() as conn:
        found = await notices.list_notices(conn, **key_of(resident), before=None, limit=100)
    told = [notice.template.value for notice in reversed(found)]
    return [template for template in told if template not in ("card_applied_for", "card_activated")]


async def test_a_lost_card_its_release_and_its_lock_are_told_once_each(own: Database) -> None:
    async with own.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        for _ in range(2):
            await desk.report_loss(conn, **key_of(resident), formal=False, **world.step())
        await cards.release_loss(conn, **key_of(resident), **world.step())
        for _ in range(2):
            await desk.lock(conn, **key_of(resident), reason="found broken", **world.step())

    assert ["card_reported_lost", "card_released", "card_locked"] == await news_of(own, resident)


async def test_a_replaced_card_is_told_to_its_holder_and_no_balance_with_it(own: Database) -> None:
    async with own.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await open_with(conn, desk.purse_of(resident.resident_id), fen=8_800, bucket=resident.bucket)
        await desk.report_loss(conn, **key_of(resident), formal=True, **world.step())
        await desk.replace(
            conn, **key_of(resident), why=ReplacementReason.OTHER, has_photo=False, bank_code=None, **world.step()
        )

    assert ["card_reported_lost", "card_replaced"] == await news_of(own, resident)


async def test_a_replacement_that_is_rolled_back_is_told_to_nobody(own: Database) -> None:
    async with own.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await desk.report_loss(conn, **key_of(resident), formal=True, **world.step())
    with pytest.raises(ZeroDivisionError):
        async with own.transaction() as conn:
            await desk.replace(
                conn, **key_of(resident), why=ReplacementReason.OTHER, has_photo=False, bank_code=None, **world.step()
            )
            raise ZeroDivisionError

    assert ["card_reported_lost"] == await news_of(own, resident)


@pytest.mark.parametrize(
    ("in_the_purse_fen", "told"),
    [(None, "card_cancelled"), (0, "card_cancelled"), (8_800, "card_cancelled_with_balance")],
)
async def test_a_cancelled_card_is_told_once_with_its_balance_if_there_is_one(
    own: Database, in_the_purse_fen: int | None, told: str
) -> None:
    async with own.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        if in_the_purse_fen is not None:
            await open_with(conn, desk.purse_of(resident.resident_id), fen=in_the_purse_fen, bucket=resident.bucket)
        for _ in range(2):
            await desk.cancel(conn, **key_of(resident), why=CancellationReason.OTHER, **world.step())

    assert [told] == await news_of(own, resident)
