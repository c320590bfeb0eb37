"""Whose statement is next: locks that are waited for, circles of them, and who goes first when one is free."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import NamedTuple

import psycopg
import pytest

from tests.simulator.week.history import History
from tests.simulator.week.journal import WeekClock
from tests.simulator.week.lines_to_database import WeekDatabase
from tests.simulator.week.turns import Turns, WeekLoop, is_here
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection, Database

_LOCK = "SELECT pg_advisory_xact_lock(%s)"
_KEYS = Random().sample(range(1_000_000_000), 2)


class Played(NamedTuple):
    """How deeds ended, the history, and how many circles the database ended."""

    ends: list[str]
    lines: list[str]
    circles: int


Deed = Callable[[WeekDatabase], Awaitable[None]]


def played(address: ServerAddress, *deeds: Deed, seed: int = 1) -> Played:
    """Do deeds at the same time, in an order that a seed decides."""
    with asyncio.Runner(loop_factory=WeekLoop) as runner:
        return runner.run(_play(address, deeds, seed=seed))


async def _play(address: ServerAddress, deeds: tuple[Deed, ...], *, seed: int) -> Played:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, WeekLoop)
    history = History(WeekClock(loop))
    with psycopg.connect(address.conninfo, autocommit=True) as watcher:
        turns = Turns(Random(seed), history, watcher=watcher, may_stop=is_here(watcher))
        database = WeekDatabase(address, turns=turns, loop=loop, name="worker")
        await database.connect()
        history.begin()
        loop.begin(turns)
        try:
            ended = await asyncio.gather(*(deed(database) for deed in deeds), return_exceptions=True)
        finally:
            turns.end()
            loop.end()
            await database.close()
    return Played([type(one).__name__ for one in ended], history.lines, turns.circles)


def locking(*keys: int) -> Deed:
    """Take locks one after the other, in one transaction."""

    async def deed(database: WeekDatabase) -> None:
        async with database.transaction() as conn:
            await _take(conn, keys)

    return deed


async def _take(conn: Connection, keys: tuple[int, ...]) -> None:
    for key in keys:
        await conn.execute(_LOCK, [key])
        await asyncio.sleep(1.0)


@pytest.fixture(scope="module")
def address(db: Database) -> ServerAddress:
    """The tests' server."""
    return db.address


def test_of_two_that_wait_for_each_other_the_database_ends_one(address: ServerAddress) -> None:
    one, other = _KEYS

    ended = played(address, locking(one, other), locking(other, one))

    assert ["DeadlockDetected", "NoneType"] == sorted(ended.ends)
    assert 1 == ended.circles


@pytest.mark.parametrize("seed", range(5))
def test_those_who_wait_for_one_lock_go_on_in_the_order_in_which_they_came(address: ServerAddress, seed: int) -> None:
    key = _KEYS[0]

    ended = played(address, *(locking(key) for _ in range(4)), seed=seed)

    came = [line.split()[1] for line in ended.lines if line.endswith(" waits for a lock")]
    went_on = [line.split()[1] for line in ended.lines if line.endswith(" goes on")]
    assert 3 == len(came)
    assert came == went_on
    assert 0 == ended.circles
