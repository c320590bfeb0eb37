"""What the running platform says of itself: alive, ready, its metrics, and the time for wallets."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

import msgspec
import psycopg
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from yikatong.app.house import House
from yikatong.app.http.plain import PlainRoute
from yikatong.kernel.instants import epoch_ms
from yikatong.plumbing.backup.watching import read_archived
from yikatong.plumbing.database_server import archiving_of
from yikatong.plumbing.metrics import render_metrics
from yikatong.plumbing.migrations import MigrationError, list_waiting

_READY_SECONDS_MAX = 3.0


class ArchiveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How the archive of the embedded database's log stands; `late_seconds` is how long its oldest piece waits."""

    last_archived_at: datetime | None
    late_seconds: float
    failing: bool


class HealthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How the platform is; `migrations_waiting` are the files that the database lacks.

    `migrations_fault` says which file does not fit what the database was made from, and what to do. `archive` is null
    where this platform archives nothing itself; one that lags does not keep the platform from serving.
    """

    status: Literal["ok", "not_ready"]
    database: Literal["ok", "away", "not_asked"] = "not_asked"
    migrations_waiting: tuple[str, ...] = ()
    migrations_fault: str | None = None
    archive: ArchiveAnswer | None = None


class TimeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The server's time; wallets correct their clocks by it."""

    now: Annotated[str, Meta(description="the instant in UTC, ISO 8601")]
    epoch_ms: Annotated[int, Meta(description="the same in milliseconds since 1970")]


def health_routes(house: House) -> tuple[PlainRoute, ...]:
    """The addresses for whoever watches over the platform; open to anyone, they show no person."""

    async def live(request: Request) -> Response:
        return _json(HealthAnswer(status="ok"), 200)

    async def ready(request: Request) -> Response:
        health = await read_health(house)
        return _json(health, 200 if health.status == "ok" else 503)

    async def metrics(request: Request) -> Response:
        media_type, content = await asyncio.to_thread(render_metrics)
        return Response(content, headers={"content-type": media_type})

    async def tell_time(request: Request) -> Response:
        now = house.clock.now()
        return _json(TimeAnswer(now=now.isoformat(), epoch_ms=epoch_ms(now)), 200)

    return (
        PlainRoute("/health", "health", "Is it ready to serve", "是否可用", ready, HealthAnswer, (200, 503)),
        PlainRoute("/health/live", "health_live", "Is the process alive", "进程是否存活", live, HealthAnswer, (200,)),
        PlainRoute(
            "/health/ready",
            "health_ready",
            "Is it ready to serve: database reachable, migrations applied",
            "是否可用：数据库可达、结构已迁移",
            ready,
            HealthAnswer,
            (200, 503),
        ),
        PlainRoute("/metrics", "metrics", "Measurements for Prometheus", "监控指标", metrics, None, (200,)),
        PlainRoute("/v1/time", "time", "The server's time", "服务器时间", tell_time, TimeAnswer, (200,)),
    )


async def read_health(house: House) -> HealthAnswer:
    """Ask the database, for at most three seconds, whether it is there and was made from this release's migrations."""
    try:
        async with asyncio.timeout(_READY_SECONDS_MAX), house.database.transaction() as conn:
            waiting = await list_waiting(conn)
            archive = await _read_archive(house)
    except (psycopg.Error, TimeoutError):
        return HealthAnswer(status="not_ready", database="away")
    except MigrationError as fault:
        return HealthAnswer(status="not_ready", database="ok", migrations_fault=str(fault))
    return HealthAnswer(
        status="not_ready" if waiting else "ok",
        database="ok",
        migrations_waiting=tuple(waiting),
        archive=archive,
    )


async def _read_archive(house: House) -> ArchiveAnswer | None:
    """Ask the embedded server; whoever runs a server elsewhere archives there."""
    if house.settings.database_url is not None or archiving_of(house.settings) is None:
        return None
    async with house.database.owner_transaction() as conn:
        archived = await read_archived(conn, now=house.clock.now())
    return ArchiveAnswer(
        last_archived_at=archived.archived_at,
        late_seconds=round(archived.late_seconds, 1),
        failing=archived.is_failing,
    )


def _json(value: HealthAnswer | TimeAnswer, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
