"""What the platform says of itself."""

from collections.abc import AsyncIterator

import pytest

from tests.support.builders.http import Toys, a_house, toys
from yikatong.app.http.health import HealthAnswer, read_health
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Database, SessionLimits

pytestmark = pytest.mark.anyio


@pytest.fixture
async def toy(db: Database) -> AsyncIterator[Toys]:
    async with toys(db) as made:
        yield made


async def test_a_living_process_says_so_without_asking_the_database(toy: Toys) -> None:
    response = await toy.client.get("/health/live")

    assert (200, {"status": "ok", "database": "not_asked", "migrations_waiting": []}) == (
        response.status_code,
        response.json(),
    )


async def test_it_is_not_ready_while_the_database_is_away() -> None:
    nowhere = Database(
        ServerAddress(conninfo="host=/nowhere dbname=none connect_timeout=1"), limits=SessionLimits(), pool_size_max=1
    )

    assert HealthAnswer(status="not_ready", database="away") == await read_health(a_house(nowhere))


async def test_readiness_names_the_migrations_that_wait(db: Database, toy: Toys) -> None:
    response = await toy.client.get("/health/ready")
    health = response.json()

    assert "ok" == health["database"]
    assert (503 if health["migrations_waiting"] else 200) == response.status_code


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
