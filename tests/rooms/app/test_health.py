"""What the platform says of itself."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.builders.http import Toys, a_house, toys
from tests.support.database import a_fresh_database
from tests.support.world import NOON
from yikatong.app.http.health import HealthAnswer, read_health
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Database, SessionLimits
from yikatong.plumbing.migrations import apply_migrations, read_migrations

pytestmark = pytest.mark.anyio
NOTHING_WAITS: dict[str, Any] = {"migrations_waiting": [], "migrations_fault": None, "archive": None}


@pytest.fixture
async def toy(db: Database) -> AsyncIterator[Toys]:
    async with toys(db) as made:
        yield made


async def test_a_living_process_says_so_without_asking_the_database(toy: Toys) -> None:
    response = await toy.client.get("/health/live")

    assert (200, {"status": "ok", "database": "not_asked", **NOTHING_WAITS}) == (
        response.status_code,
        response.json(),
    )


async def test_it_is_not_ready_while_the_database_is_away() -> None:
    nowhere = Database(
        ServerAddress(conninfo="host=/nowhere dbname=none connect_timeout=1"), limits=SessionLimits(), pool_size_max=1
    )

    assert HealthAnswer(status="not_ready", database="away") == await read_health(a_house(nowhere))


async def test_it_is_ready_once_every_migration_is_applied_and_names_those_that_wait(db: Database) -> None:
    with a_fresh_database(db.address.conninfo) as address:
        async with await Database.open(address) as database:
            before = await answer_of(database)
            await migrated(database)

            assert (503, "ok", read_names()) == (before[0], before[1]["database"], before[1]["migrations_waiting"])
            assert (
                200,
                {"status": "ok", "database": "ok", **NOTHING_WAITS},
            ) == await answer_of(database)


async def test_it_is_not_ready_and_says_why_when_a_migration_was_changed_after_it_was_applied(db: Database) -> None:
    with a_fresh_database(db.address.conninfo) as address:
        async with await Database.open(address) as database:
            await migrated(database)
            async with database.owner_transaction() as conn:
                await conn.execute("UPDATE plumbing.migration SET digest = sha256('another text')")

            status, health = await answer_of(database)

    assert (503, "not_ready", "ok") == (status, health["status"], health["database"])
    assert f" {read_names()[0]} was changed after it was applied. Restore it" in health["migrations_fault"]


def read_names() -> list[str]:
    """The migrations of this release."""
    return [migration.name for migration in read_migrations()]


async def migrated(database: Database) -> None:
    """Apply this release's migrations."""
    conn = await database.connect_owner()
    await apply_migrations(conn, now=NOON)
    await conn.close()


async def answer_of(database: Database) -> tuple[int, dict[str, Any]]:
    """What the platform on a database says of its readiness."""
    async with toys(database) as made:
        response = await made.client.get("/health/ready")
    return response.status_code, response.json()


async def test_metrics_count_calls_by_route_and_refusals_by_reason(toy: Toys) -> None:
    await toy.client.get("/v1/time")
    await toy.client.get("/v1/nothing")
    text = (await toy.client.get("/metrics")).text

    assert 'yikatong_request_seconds_count{route="time",status="200"}' in text
    assert 'yikatong_refusals_total{reason="ROUTE_IS_UNKNOWN"}' in text


async def test_the_time_is_the_house_s(toy: Toys) -> None:
    assert {"now": "2026-11-25T04:00:00+00:00", "epoch_ms": 1_795_579_200_000} == (
        await toy.client.get("/v1/time")
    ).json()
