"""Whoever runs the platform sees how its jobs stand, and releases events that failed, once the cause is mended."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio.to_thread
import msgspec
import pytest
from typer.testing import CliRunner, Result

from tests.support.database import a_fresh_database
from tests.support.world import FixedClock, SeededIds
from yikatong.app.cli import app
from yikatong.kernel.instants import SHANGHAI
from yikatong.plumbing import outbox
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.jobs import Job, JobCall, JobRunner, every
from yikatong.plumbing.migrations import apply_migrations
from yikatong.plumbing.outbox import Event, Relay, one_by_one

pytestmark = pytest.mark.anyio

TOPIC, OTHER_TOPIC = "tests.mended", "tests.other"


class House:
    """A database that is prepared, and the command line beside it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.clock, self.ids = FixedClock(SystemClock().now()), SeededIds()
        self.heard: list[UUID] = []
        self.is_mended = False
        self._folder = folder

    async def run(self, *words: str) -> Result:
        """One command."""
        address: ServerAddress = self.database.address
        environment = {
            "YIKATONG_DATA_FOLDER": str(self._folder),
            "YIKATONG_DATABASE_URL": address.conninfo,
            "YIKATONG_SERVING_DATABASE_URL": address.serving_conninfo or "",
            "COLUMNS": "120",
        }
        return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, list(words), env=environment))

    async def said(self, *words: str) -> str:
        """What a command says that goes well."""
        ended = await self.run(*words)
        assert 0 == ended.exit_code, ended.output
        return ended.stdout

    async def parked(self, topic: str) -> str:
        """An event that failed at its only try; gives its id."""
        event_id = self.ids.new()
        async with self.database.transaction() as conn:
            await outbox.publish(conn, id=event_id, topic=topic, payload={}, now=self.clock.now())
        await self.relay()
        return str(event_id)

    async def relay(self) -> None:
        """Hand on what is due."""

        async def hear(conn: Connection, event: Event) -> None:
            if not self.is_mended:
                raise LookupError("no account [6222021234567890123]")
            self.heard.append(event.id)

        hears = one_by_one(hear)
        subscribers = {TOPIC: (hears,), OTHER_TOPIC: (hears,)}
        relay = Relay(self.database, clock=self.clock, subscribers=subscribers, tries_max=1)
        while await relay.run_once():
            pass


@pytest.fixture
async def house(db: Database, tmp_path: Path) -> AsyncIterator[House]:
    """A database of its own: other tests' events are none of an operator's."""
    with a_fresh_database(db.address.conninfo) as address:
        async with await Database.open(address) as database:
            conn = await database.connect_owner()
            await apply_migrations(conn, now=SystemClock().now())
            await conn.close()
            yield House(database, tmp_path)


async def test_parked_events_are_listed_with_their_errors_the_oldest_first(house: House) -> None:
    assert "没有待人处理的事件 no event waits for a person\n" == await house.said("outbox", "list")
    first, second = await house.parked(TOPIC), await house.parked(OTHER_TOPIC)

    lines = (await house.said("outbox", "list")).splitlines()
    listed = msgspec.json.decode(await house.said("outbox", "list", "--json"))["parked"]
    (oldest,) = msgspec.json.decode(await house.said("outbox", "list", "--json", "--max", "1"))["parked"]

    assert [f"{first}  {TOPIC}", f"{second}  {OTHER_TOPIC}"] == lines[::4]
    assert ["  LookupError: no account [[account number]]"] * 2 == lines[3::4]
    assert "after 1 tries" in lines[2]
    assert [(first, TOPIC), (second, OTHER_TOPIC)] == [(event["id"], event["topic"]) for event in listed]
    assert oldest == listed[0]


async def test_a_released_event_is_heard_once_more_and_the_others_go_on_waiting(house: House) -> None:
    first, second = await house.parked(TOPIC), await house.parked(TOPIC)
    house.is_mended = True

    assert "\n1 released;" in await house.said("outbox", "release", first)
    await house.relay()

    assert [first] == [str(event_id) for event_id in house.heard]
    assert [second] == await still_parked(house)


async def test_all_events_of_a_topic_are_released_at_once(house: House) -> None:
    mended, other = [await house.parked(TOPIC) for _ in range(3)], await house.parked(OTHER_TOPIC)
    house.is_mended = True

    assert "\n3 released;" in await house.said("outbox", "release", "--all-of", TOPIC)
    await house.relay()

    assert mended == [str(event_id) for event_id in house.heard]
    assert [other] == await still_parked(house)


async def test_an_id_that_is_not_parked_releases_nothing(house: House) -> None:
    parked, unknown = await house.parked(TOPIC), str(house.ids.new())

    ended = await house.run("outbox", "release", parked, unknown)

    assert (1, "") == (ended.exit_code, ended.stdout)
    assert f"No parked event has the id {unknown}; nothing was released." in ended.stderr
    assert [parked] == await still_parked(house)


async def test_a_release_that_names_nothing_is_refused(house: House) -> None:
    parked = await house.parked(TOPIC)

    ended = await house.run("outbox", "release")

    assert 2 == ended.exit_code
    assert "Name events by their ids" in ended.stderr
    assert [parked] == await still_parked(house)


async def test_jobs_are_listed_as_they_stand(house: House) -> None:
    house_jobs = [a_job("tests.fails", fails=True), a_job("tests.waits"), a_job("tests.works")]
    runner = JobRunner(house.database, clock=house.clock, ids=house.ids, jobs=house_jobs)
    await runner.enter()
    house.clock.advance(timedelta(hours=1))
    assert ["tests.fails", "tests.waits", "tests.works"] == await runner.run_due()
    async with house.database.transaction() as conn:
        until = SystemClock().now() + timedelta(hours=1)
        await conn.execute(
            "UPDATE plumbing.job SET lease_until = %s, lease_id = %s WHERE name = 'tests.works'",
            [until, house.ids.new()],
        )

    said = await house.said("jobs")
    listed: list[dict[str, Any]] = msgspec.json.decode(await house.said("jobs", "--json"))["jobs"]

    assert [
        ["tests.fails", "失败 failed 1"],
        ["tests.waits", "等待 waits"],
        ["tests.works", "运行中 runs"],
    ] == [re.split(r" {2,}", line)[:2] for line in said.splitlines() if line.startswith("tests.") and ": " not in line]
    assert said.endswith("tests.fails: LookupError: the file of [the day] is not there\n")
    assert [1, 0, 0] == [job["failures_count"] for job in listed]
    assert 3 == said.count(house.clock.now().astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S"))
    assert {house.clock.now()} == {datetime.fromisoformat(job["last_finished_at"]) for job in listed}


async def still_parked(house: House) -> list[str]:
    """The ids of the events that wait for a person."""
    async with house.database.transaction() as conn:
        return [str(event.id) for event in await outbox.list_parked(conn)]


def a_job(name: str, *, fails: bool = False) -> Job:
    """A job that is due each hour."""

    async def run(call: JobCall) -> None:
        if fails:
            raise LookupError("the file of [the day] is not there")

    return Job(name=name, schedule=every(timedelta(hours=1)), run=run)
