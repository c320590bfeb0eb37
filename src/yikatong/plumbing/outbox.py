"""The outbox: what happened in a transaction, told to subscribers after it, each of them exactly once.

An event is written in the transaction it tells of, so neither exists without the other. The relay hands it to its
subscribers and removes it in one transaction: what subscribers do in the database happens once; what they do outside
may happen again after a crash, so such work is itself put in a table first. One relay works at a time, oldest event
first. Events of one topic that follow each other are handed over together, which costs a fraction of one by one; when
that fails, each is handed over alone. An event whose subscriber fails alone waits longer after each try and is parked,
with its error, after the last; the others go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg.pq import TransactionStatus

from yikatong.plumbing import wire
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Database
from yikatong.plumbing.locks import advisory_key
from yikatong.plumbing.metrics import EVENT_AGE_SECONDS, EVENTS, EVENTS_PARKED
from yikatong.plumbing.pipeline import Statement, as_tuple
from yikatong.plumbing.queries import load_queries
from yikatong.plumbing.scrubbing import describe_failure

_QUERIES = load_queries("yikatong.plumbing")
_WRITE_PIPELINED = str(_QUERIES["write_event_pipelined"])
_LOCK = advisory_key("outbox relay")
_SUBSCRIBER_TIMEOUT_SECONDS = 30

log = structlog.get_logger("yikatong.outbox")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; `payload` is what JSON can hold, and ids rather than anything personal."""

    id: UUID
    topic: str
    payload: Any
    made_at: datetime


class ParkedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that waits for a person."""

    id: UUID
    topic: str
    made_at: datetime
    tries_count: int
    last_error: str
    parked_at: datetime


Subscriber = Callable[[psycopg.AsyncConnection[Any], Sequence[Event]], Awaitable[None]]
"""Hears events of one topic, the oldest first."""


def one_by_one(hear: Callable[[psycopg.AsyncConnection[Any], Event], Awaitable[None]]) -> Subscriber:
    """A subscriber that hears each event for itself."""

    async def hear_all(conn: psycopg.AsyncConnection[Any], events: Sequence[Event]) -> None:
        for event in events:
            await hear(conn, event)

    return hear_all


async def publish(conn: psycopg.AsyncConnection[Any], *, id: UUID, topic: str, payload: Any, now: datetime) -> None:
    """Write an event in the transaction it tells of. One event for a whole batch, not one for each of its parts."""
    text = msgspec.json.encode(payload).decode()
    await conn.execute(_QUERIES["write_event"], {"id": id, "topic": topic, "payload": text, "now": now})


def publishing(*, id: UUID, topic: str, payload: Any, now: datetime) -> Statement[tuple[Any, ...]]:
    """The same, as the statement of a tap batch."""
    encoded = wire.jsonb(msgspec.json.encode(payload))
    return Statement(_WRITE_PIPELINED, (wire.uuid(id), wire.text(topic), encoded, wire.instant(now)), as_tuple)


async def list_parked(conn: psycopg.AsyncConnection[Any], *, count_max: int = 100) -> list[ParkedEvent]:
    """Events that wait for a person, oldest first."""
    fields = ParkedEvent.__struct_fields__
    rows = await conn.execute(_QUERIES["read_parked_events"], {"count_max": count_max})
    return [ParkedEvent(**dict(zip(fields, row, strict=True))) async for row in rows]


async def unpark(conn: psycopg.AsyncConnection[Any], *, id: UUID) -> bool:
    """Give a parked event to the relay once more; False when none of that id is parked."""
    return await (await conn.execute(_QUERIES["unpark_event"], {"id": id})).fetchone() is not None


async def unpark_topic(conn: psycopg.AsyncConnection[Any], *, topic: str) -> int:
    """Give every parked event of a topic to the relay once more; how many there were."""
    return (await conn.execute(_QUERIES["unpark_topic"], {"topic": topic})).rowcount


async def purge(conn: psycopg.AsyncConnection[Any], *, made_before: datetime) -> int:
    """Remove events so old that nobody will take them any more, parked or of a topic without subscribers."""
    return (await conn.execute(_QUERIES["purge_events"], {"made_before": made_before})).rowcount


class _Tried(NamedTuple):
    event: Event
    tries_count: int


def _groups(rows: Sequence[tuple[Any, ...]]) -> Iterator[list[_Tried]]:
    """Events in their order, those of one topic together; one that failed before is alone."""
    tried = [
        _Tried(Event(id=id, topic=topic, payload=payload, made_at=made_at), tries_count)
        for id, topic, payload, made_at, tries_count in rows
    ]
    for (_, has_failed), together in groupby(tried, key=lambda one: (one.event.topic, one.tries_count > 0)):
        group = list(together)
        yield from ([one] for one in group) if has_failed else (group,)


class Relay:
    """Hands events to subscribers. Any number may run, in any process; the database lets one of them work."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        subscribers: Mapping[str, Sequence[Subscriber]],
        batch_size: int = 100,
        tries_max: int = 8,
    ) -> None:
        """`subscribers` are called in their order, by topic.

        Events of other topics are left alone: during an upgrade they are for the relay of the newer release.
        """
        self._database = database
        self._clock = clock
        self._subscribers = subscribers
        self._batch_size = batch_size
        self._tries_max = tries_max

    async def run(self, *, pause_seconds: float = 0.25) -> None:
        """Work until cancelled; looks again at once after a full batch, else after a pause."""
        while True:
            try:
                handled_count = await self.run_once()
            except psycopg.Error as error:
                log.warning("outbox could not be read", error=type(error).__name__)
                handled_count = 0
            if handled_count < self._batch_size:
                await asyncio.sleep(pause_seconds)

    async def run_once(self) -> int:
        """Handle the oldest events that are due; gives how many, 0 also when another relay is at work."""
        async with self._database.transaction() as conn:
            if not await self._is_alone(conn):
                return 0
            parameters = {
                "topics": list(self._subscribers),
                "now": self._clock.now(),
                "count_max": self._batch_size,
            }
            rows = await (await conn.execute(_QUERIES["lock_events"], parameters)).fetchall()
            if not rows:
                return 0
            delivered: list[Event] = []
            for group in _groups(rows):
                delivered += await self._deliver_group(conn, group)
            await conn.execute(_QUERIES["delete_events"], {"ids": [event.id for event in delivered]})
            await self._count_parked(conn)
        self._count(delivered)
        return len(rows)

    async def _count_parked(self, conn: psycopg.AsyncConnection[Any]) -> None:
        row = await (await conn.execute(_QUERIES["count_parked_events"])).fetchone()
        EVENTS_PARKED.set(row[0] if row else 0)

    def _count(self, delivered: Sequence[Event]) -> None:
        now = self._clock.now()
        for event in delivered:
            EVENTS.labels(topic=event.topic, outcome="delivered").inc()
            EVENT_AGE_SECONDS.observe(max(0.0, (now - event.made_at).total_seconds()))

    async def _is_alone(self, conn: psycopg.AsyncConnection[Any]) -> bool:
        row = await (await conn.execute(_QUERIES["try_relay_lock"], {"key": _LOCK})).fetchone()
        return row is not None and bool(row[0])

    async def _deliver_group(self, conn: psycopg.AsyncConnection[Any], group: Sequence[_Tried]) -> list[Event]:
        """Hand over events of one topic, together if that goes well; gives those that were heard."""
        events = [tried.event for tried in group]
        failure = await self._deliver(conn, events)
        if failure is None:
            return events
        if len(group) > 1:
            alone = [await self._deliver_group(conn, [tried]) for tried in group]
            return [event for heard in alone for event in heard]
        await self._postpone(conn, events[0], tries_count=group[0].tries_count + 1, failure=failure)
        return []

    async def _deliver(self, conn: psycopg.AsyncConnection[Any], events: Sequence[Event]) -> BaseException | None:
        """All subscribers or none; gives what failed, and then what was written is rolled back.

        Subscribers belong to other rooms and may fail in any way; a failure is theirs and the events', unless the line
        to the database is gone or its disk is full, which is raised: nothing was heard then, and nothing is held
        against an event.
        """
        (failure,) = await asyncio.gather(self._tell(conn, events), return_exceptions=True)
        if failure is not None and conn.closed:
            raise psycopg.OperationalError("the line was lost while events were handed over") from failure
        if isinstance(failure, psycopg.errors.DiskFull):
            raise failure
        return failure

    async def _tell(self, conn: psycopg.AsyncConnection[Any], events: Sequence[Event]) -> None:
        async with conn.transaction(), asyncio.timeout(_SUBSCRIBER_TIMEOUT_SECONDS):
            for subscriber in self._subscribers.get(events[0].topic, ()):
                await subscriber(conn, events)
            if conn.info.transaction_status is TransactionStatus.INERROR:
                raise psycopg.errors.InFailedSqlTransaction("a subscriber passed over an error of the database")

    async def _postpone(
        self, conn: psycopg.AsyncConnection[Any], event: Event, *, tries_count: int, failure: BaseException
    ) -> None:
        now = self._clock.now()
        is_last = tries_count >= self._tries_max
        error = describe_failure(failure)
        EVENTS.labels(topic=event.topic, outcome="parked" if is_last else "failed").inc()
        log.warning("event failed", topic=event.topic, id=str(event.id), tries=tries_count, error=error)
        await conn.execute(
            _QUERIES["postpone_event"],
            {
                "id": event.id,
                "tries_count": tries_count,
                "error": error,
                "next_try_at": now + timedelta(seconds=2**tries_count),
                "parked_at": now if is_last else None,
            },
        )
