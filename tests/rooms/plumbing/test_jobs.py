"""Jobs run when due, on one worker, and again after a failure or a dead worker."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.database import a_fresh_database, build_schema
from tests.support.world import FixedClock, SeededIds
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.jobs import (
    Job,
    JobCall,
    JobRunner,
    JobState,
    daily_at,
    every,
    forget_while_full,
    list_jobs,
    retry_after,
)

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
FULL_AT_THE_FIRST_TRY = """
CREATE SEQUENCE plumbing.tries;
GRANT USAGE ON plumbing.tries TO PUBLIC;
CREATE FUNCTION plumbing.fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('plumbing.tries') = 1 THEN
        RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fill BEFORE UPDATE ON plumbing.job FOR EACH ROW WHEN (NEW.lease_id IS NULL)
EXECUTE FUNCTION plumbing.fill();
"""
"""The first who gives a job back finds no room."""


class Counter:
    """A job that counts its runs and fails while told to."""

    def __init__(self, ids: SeededIds) -> None:
        self.runs = 0
        self.fails = False
        self.job = Job(name=f"test.{ids.new().hex}", schedule=every(HOUR), run=self._run)

    async def _run(self, _: JobCall) -> None:
        self.runs += 1
        if self.fails:
            raise RuntimeError("bank closed for 11010519491231002X")

    async def state(self, db: Database) -> JobState:
        async with db.transaction() as conn:
            (state,) = [state for state in await list_jobs(conn) if state.name == self.job.name]
        return state


async def a_runner(db: Database, counter: Counter, clock: FixedClock) -> JobRunner:
    runner = JobRunner(db, clock=clock, ids=SeededIds(), jobs=[counter.job])
    await runner.enter()
    return runner


async def test_a_job_runs_when_due_and_not_before(db: Database) -> None:
    clock, counter = FixedClock(), Counter(SeededIds())
    runner = await a_runner(db, counter, clock)
    assert await runner.run_due() == []
    clock.advance(HOUR)
    assert await runner.run_due() == [counter.job.name]
    assert await runner.run_due() == []
    clock.advance(HOUR)
    await runner.run_due()
    assert counter.runs == 2


async def test_a_job_that_one_worker_runs_is_not_run_by_another(db: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    seen: list[list[str]] = []

    async def look_from_another_worker(_: JobCall) -> None:
        seen.append(await other.run_due())

    job = Job(name=f"test.{ids.new().hex}", schedule=every(HOUR), run=look_from_another_worker)
    runner = JobRunner(db, clock=clock, ids=ids, jobs=[job])
    other = JobRunner(db, clock=clock, ids=SeededIds(), jobs=[job])
    await runner.enter()
    clock.advance(HOUR)
    assert await runner.run_due() == [job.name]
    assert seen == [[]]


async def test_a_failed_job_keeps_its_error_and_is_tried_again_soon(db: Database) -> None:
    clock, counter = FixedClock(), Counter(SeededIds())
    runner = await a_runner(db, counter, clock)
    clock.advance(HOUR)
    counter.fails = True
    await runner.run_due()
    state = await counter.state(db)
    assert (state.failures_count, state.last_error) == (1, "RuntimeError: bank closed for [id number]")
    assert state.next_at == clock.now() + timedelta(seconds=5)
    counter.fails = False
    clock.advance(timedelta(seconds=5))
    await runner.run_due()
    state = await counter.state(db)
    assert (state.failures_count, state.last_error, state.next_at) == (0, None, clock.now() + HOUR)


async def test_a_run_that_does_not_end_is_ended_and_counts_as_failed(db: Database) -> None:
    clock, ids = FixedClock(), SeededIds()

    async def wait_for_ever(_: JobCall) -> None:
        await asyncio.Event().wait()

    job = Job(name=f"test.{ids.new().hex}", schedule=every(HOUR), run=wait_for_ever, timeout=timedelta(0))
    runner = JobRunner(db, clock=clock, ids=ids, jobs=[job])
    await runner.enter()
    clock.advance(HOUR)
    await runner.run_due()
    async with db.transaction() as conn:
        (state,) = [state for state in await list_jobs(conn) if state.name == job.name]
    assert (state.failures_count, state.last_error) == (1, "TimeoutError: ")


async def test_a_running_worker_holds_up_no_job_by_a_long_one(db: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    short_one_ran, long_one_ended = asyncio.Event(), asyncio.Event()

    async def wait_for_the_short_one(_: JobCall) -> None:
        await short_one_ran.wait()
        long_one_ended.set()

    async def run_short(_: JobCall) -> None:
        short_one_ran.set()

    names = [f"test.{ids.new().hex}" for _ in range(2)]
    jobs = [
        Job(name=names[0], schedule=every(HOUR), run=wait_for_the_short_one),
        Job(name=names[1], schedule=every(HOUR), run=run_short),
    ]
    runner = JobRunner(db, clock=clock, ids=ids, jobs=jobs)
    await runner.enter()
    clock.advance(HOUR)
    running = asyncio.create_task(runner.run(pause_seconds=0.01))
    async with asyncio.timeout(20):
        await long_one_ended.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_lease_of_a_dead_worker_runs_out(db: Database) -> None:
    clock, counter = FixedClock(), Counter(SeededIds())
    runner = await a_runner(db, counter, clock)
    clock.advance(HOUR)
    async with db.transaction() as conn:  # what a worker leaves that was killed while it ran
        await conn.execute(
            "UPDATE plumbing.job SET lease_id = %s, lease_until = %s WHERE name = %s",
            [SeededIds().new(), clock.now() + timedelta(minutes=1), counter.job.name],
        )
    assert await runner.run_due() == []
    clock.advance(timedelta(minutes=1))
    assert await runner.run_due() == [counter.job.name]


async def test_a_job_is_given_back_when_the_database_has_room_again(db: Database) -> None:
    clock, counter = FixedClock(), Counter(SeededIds())
    with a_fresh_database(db.address.conninfo) as address:
        build_schema(address.conninfo, rooms=["plumbing"])
        async with await Database.open(address) as own:
            async with own.owner_transaction() as conn:
                await conn.execute(FULL_AT_THE_FIRST_TRY)
            runner = await a_runner(own, counter, clock)
            clock.advance(HOUR)
            assert await runner.run_due() == [counter.job.name]
            state = await counter.state(own)
    assert (state.lease_until, state.next_at) == (None, clock.now() + HOUR)


async def test_a_job_known_already_keeps_its_time(db: Database) -> None:
    clock, counter = FixedClock(), Counter(SeededIds())
    await a_runner(db, counter, clock)
    due = (await counter.state(db)).next_at
    clock.advance(timedelta(minutes=30))
    await a_runner(db, counter, clock)
    assert (await counter.state(db)).next_at == due


def test_a_daily_job_is_due_at_its_time_in_shanghai() -> None:
    schedule = daily_at(hour=2, minute=30)
    assert schedule(datetime(2026, 11, 24, 18, 29, tzinfo=UTC)) == datetime(2026, 11, 24, 18, 30, tzinfo=UTC)
    assert schedule(datetime(2026, 11, 24, 18, 30, tzinfo=UTC)) == datetime(2026, 11, 25, 18, 30, tzinfo=UTC)


def test_retries_come_later_each_time_up_to_an_hour() -> None:
    seconds = [retry_after(failures).total_seconds() for failures in (1, 2, 3, 20, 5000)]
    assert seconds == [5, 10, 20, 3600, 3600]


async def test_old_rows_are_forgotten_until_no_full_thousand_is_left_each_in_a_transaction(db: Database) -> None:
    left, transactions = 2_003, []

    async def forget_some(conn: Connection, *, limit: int) -> int:
        nonlocal left
        (transaction,) = await (await conn.execute("SELECT pg_current_xact_id()::text")).fetchone() or ("",)
        transactions.append(transaction)
        forgotten = min(left, limit)
        left -= forgotten
        return forgotten

    await forget_while_full(JobCall(database=db, clock=FixedClock(), ids=SeededIds()), forget_some)

    assert 0 == left
    assert 3 == len(transactions) == len(set(transactions))
