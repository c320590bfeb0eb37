"""Jobs: what runs by itself, on one worker at a time, whoever of them is alive.

Each job has a row: when it is next due, and who has it until when. A worker leases the row, runs, and gives it back
with the next time. A worker that dies keeps its lease only until it runs out. A job that fails is tried again sooner
than its next turn, later after each failure. A job is written so that a second run does no harm.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec
import psycopg
import structlog

from yikatong.kernel.instants import day_of, start_of
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.metrics import JOB_SECONDS
from yikatong.plumbing.queries import load_queries
from yikatong.plumbing.scrubbing import describe_failure

_QUERIES = load_queries("yikatong.plumbing")
_FIRST_RETRY = timedelta(seconds=5)
_LAST_RETRY = timedelta(hours=1)
_FORGOTTEN_AT_ONCE = 1000
_PAUSE_SECONDS = 1.0

log = structlog.get_logger("yikatong.jobs")

Schedule = Callable[[datetime], datetime]
"""Says when a job is next due, given the present instant; always later than it."""


class JobCall(msgspec.Struct, frozen=True, kw_only=True):
    """What a running job is given; it opens transactions of its own, small ones where there is much to do."""

    database: Database
    clock: Clock
    ids: Ids


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Work that runs by itself.

    `lease` is how long a dead worker holds it up; a living one renews in time. A run longer than `timeout` is ended
    and counts as failed.
    """

    name: str
    schedule: Schedule
    run: Callable[[JobCall], Awaitable[None]]
    lease: timedelta = timedelta(minutes=1)
    timeout: timedelta = timedelta(hours=1)


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """How a job stands."""

    name: str
    next_at: datetime
    lease_until: datetime | None
    failures_count: int
    last_error: str | None
    last_finished_at: datetime | None


def every(step: timedelta) -> Schedule:
    """A schedule: a step after the end of the last run."""
    return lambda now: now + step


def daily_at(*, hour: int, minute: int = 0) -> Schedule:
    """A schedule: once a day at a time of day in Shanghai."""
    time_of_day = timedelta(hours=hour, minutes=minute)

    def next_after(now: datetime) -> datetime:
        today = start_of(day_of(now)) + time_of_day
        return today if today > now else today + timedelta(days=1)

    return next_after


class ForgetSome(Protocol):
    """Deletes at most `limit` old rows and says how many."""

    def __call__(self, conn: Connection, *, limit: int) -> Awaitable[int]:
        """Delete some."""
        ...


async def forget_while_full(call: JobCall, forget_some: ForgetSome) -> None:
    """Delete old rows as the schema's owner, a thousand in each transaction, until no full thousand is left."""
    forgotten = _FORGOTTEN_AT_ONCE
    while forgotten == _FORGOTTEN_AT_ONCE:
        async with call.database.owner_transaction() as conn:
            forgotten = await forget_some(conn, limit=_FORGOTTEN_AT_ONCE)


def retry_after(failures_count: int) -> timedelta:
    """How long a job rests after so many failures in a row: 5 seconds, doubled each time, at most an hour."""
    return min(_FIRST_RETRY * (1 << min(failures_count - 1, 10)), _LAST_RETRY)


async def list_jobs(conn: psycopg.AsyncConnection[Any]) -> list[JobState]:
    """Every job that was ever entered, with its state."""
    fields = JobState.__struct_fields__
    return [JobState(**dict(zip(fields, row, strict=True))) async for row in await conn.execute(_QUERIES["read_jobs"])]


class JobRunner:
    """Runs the jobs that are due."""

    def __init__(self, database: Database, *, clock: Clock, ids: Ids, jobs: Sequence[Job]) -> None:
        """Names of jobs are unique; a new job is due at its schedule's first time."""
        self._call = JobCall(database=database, clock=clock, ids=ids)
        self._jobs = jobs

    async def enter(self) -> None:
        """Make all jobs known; those known already keep their time."""
        now = self._call.clock.now()
        async with self._call.database.transaction() as conn:
            for job in self._jobs:
                await conn.execute(_QUERIES["enter_job"], {"name": job.name, "next_at": job.schedule(now)})

    async def run(self, *, pause_seconds: float = 1.0) -> None:
        """Work until cancelled; each job in a task of its own, so that a long one holds up no other."""
        await self._enter_when_possible(pause_seconds)
        at_work: set[str] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                for job in await self._list_due():
                    if job.name not in at_work:
                        at_work.add(job.name)
                        group.create_task(self._run_aside(job, at_work))
                await asyncio.sleep(pause_seconds)

    async def run_due(self) -> list[str]:
        """Run each job that is due and that no other worker has, one after another; gives the names of those run."""
        return [job.name for job in self._jobs if await self._run_if_due(job)]

    async def _enter_when_possible(self, pause_seconds: float) -> None:
        while True:
            try:
                await self.enter()
            except psycopg.Error as error:
                log.warning("jobs could not be entered", error=type(error).__name__)
                await asyncio.sleep(pause_seconds)
            else:
                return

    async def _list_due(self) -> list[Job]:
        """Jobs that are worth trying to lease: one look for all of them, since mostly none is due."""
        try:
            async with self._call.database.transaction() as conn:
                rows = await (await conn.execute(_QUERIES["list_due_jobs"], {"now": self._call.clock.now()})).fetchall()
        except psycopg.Error as error:
            log.warning("jobs could not be read", error=type(error).__name__)
            return []
        due = {name for (name,) in rows}
        return [job for job in self._jobs if job.name in due]

    async def _run_aside(self, job: Job, at_work: set[str]) -> None:
        try:
            await self._run_if_due(job)
        except psycopg.Error as error:
            log.warning("job could not be read", job=job.name, error=type(error).__name__)
        finally:
            at_work.discard(job.name)

    async def _run_if_due(self, job: Job) -> bool:
        lease_id = self._call.ids.new()
        failures_count = await self._lease(job, lease_id)
        if failures_count is None:
            return False
        await self._run(job, lease_id, failures_count=failures_count)
        return True

    async def _lease(self, job: Job, lease_id: UUID) -> int | None:
        now = self._call.clock.now()
        parameters = {"name": job.name, "now": now, "lease_until": now + job.lease, "lease_id": lease_id}
        async with self._call.database.transaction() as conn:
            row = await (await conn.execute(_QUERIES["lease_job"], parameters)).fetchone()
        return None if row is None else int(row[0])

    async def _run(self, job: Job, lease_id: UUID, *, failures_count: int) -> None:
        """Run a leased job and give it back; its own failure, of whatever kind, is kept in its row."""
        renewing = asyncio.create_task(self._renew(job, lease_id))
        began = time.monotonic()
        try:
            (failure,) = await asyncio.gather(self._run_bounded(job), return_exceptions=True)
        finally:
            renewing.cancel()
        outcome = "done" if failure is None else "failed"
        JOB_SECONDS.labels(job=job.name, outcome=outcome).observe(time.monotonic() - began)
        now = self._call.clock.now()
        finish: dict[str, Any] = {"name": job.name, "lease_id": lease_id, "now": now}
        if failure is None:
            finish |= {"next_at": job.schedule(now), "failures_count": 0, "error": None}
        else:
            error = describe_failure(failure)
            retry_at = min(now + retry_after(failures_count + 1), job.schedule(now))
            finish |= {"next_at": retry_at, "failures_count": failures_count + 1, "error": error}
            log.error("job failed", job=job.name, failures=failures_count + 1, error=error)
        await self._give_back(job, finish)

    async def _give_back(self, job: Job, finish: dict[str, Any]) -> None:
        """Say how a job ended, again while a full or restarting database does not hear it: nobody else has the job
        until its lease runs out, and after that this is somebody else's."""
        until = time.monotonic() + job.lease.total_seconds()
        while True:
            try:
                async with self._call.database.transaction() as conn:
                    if await (await conn.execute(_QUERIES["finish_job"], finish)).fetchone() is None:
                        log.warning("job outlived its lease", job=job.name)
                    return
            except psycopg.OperationalError as error:
                if time.monotonic() > until:
                    raise
                log.warning("job not given back", job=job.name, error=type(error).__name__)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _run_bounded(self, job: Job) -> None:
        async with asyncio.timeout(job.timeout.total_seconds()):
            await job.run(self._call)

    async def _renew(self, job: Job, lease_id: UUID) -> None:
        while True:
            await asyncio.sleep(job.lease.total_seconds() / 3)
            renewal = {"name": job.name, "lease_id": lease_id, "lease_until": self._call.clock.now() + job.lease}
            try:
                async with self._call.database.transaction() as conn:
                    await conn.execute(_QUERIES["renew_job"], renewal)
            except psycopg.Error as error:  # the database is being brought back; the next renewal may be in time
                log.warning("lease not renewed", job=job.name, error=type(error).__name__)
