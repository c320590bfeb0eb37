"""Lines to the database that wait for their turn before each statement, and workers that die before one."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Wait

from tests.simulator.week.turns import Turns, WeekLoop, words_of
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection, Database, SessionLimits
from yikatong.plumbing.pipeline import BatchConnection, Result, Statement

_NO_LIMITS = SessionLimits(statement_timeout_seconds=0, lock_timeout_seconds=0, idle_in_transaction_timeout_seconds=0)
"""They count the machine's time, of which the week knows nothing."""
_LINES, _KEPT_LINES, _LENT_LINES = 8, 1, 2
"""Of a worker: one is its counter's, some are lent to whoever wants one of its own for a while."""


class WorkerDied(Exception):  # noqa: N818  says what happened
    """The process that served a call is no more; the server takes back what it had not committed."""


class Doom:
    """How many steps somebody takes before dying; a step is a statement, or something done to a file."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def come_closer(self) -> None:
        """Take a step. Raises WorkerDied at the last and at every one after it."""
        self._left -= 1
        if self._left < 0:
            raise WorkerDied


_DOOM: ContextVar[Doom | None] = ContextVar("doom", default=None)


def be_doomed(doom: Doom | None) -> None:
    """From here on the calling task, and whatever it begins, comes closer to its end with every step."""
    _DOOM.set(doom)


@contextmanager
def never_dying() -> Iterator[None]:
    """What the server does by itself, also for somebody who died."""
    token = _DOOM.set(None)
    try:
        yield
    finally:
        _DOOM.reset(token)


def take_a_step() -> None:
    """Take a step. Raises WorkerDied when it is one too many."""
    doom = _DOOM.get()
    if doom is not None:
        doom.come_closer()


def _is_statement(gen: PQGen[Any]) -> bool:
    """Whether something is asked of the server; the begin and the end of a transaction are not."""
    return getattr(gen, "__name__", "").startswith("_execute")


class TurnConnection(psycopg.AsyncConnection[Any]):
    """An ordinary connection; one that was lent goes back to its lender when it is closed."""

    turns: Turns
    loop: WeekLoop
    name = ""
    lender: "WeekDatabase | None" = None
    _what: str | None = None

    async def execute(self, query: Any, *parameters: Any, **more: Any) -> Any:
        """Run a statement."""
        self._what = words_of(query)
        return await super().execute(query, *parameters, **more)

    async def close(self) -> None:
        """Close the line, or give it back without any lock of its session."""
        lender, self.lender = self.lender, None
        if lender is None or not self.loop.has_begun:
            await super().close()
        else:
            with never_dying():
                await self.execute("SELECT pg_advisory_unlock_all()")
            lender.take_back(self)

    async def wait(self, gen: PQGen[Any], *_: Any, **__: Any) -> Any:
        """Wait for the turn, then run what there is to run."""
        what, self._what = self._what or "statement", None
        if _is_statement(gen):
            take_a_step()
        if self.loop.has_begun:
            await self.turns.next()
        return await self.turns.drive(
            gen, name=self.name, what=what, pid=self.pgconn.backend_pid, fd=self.pgconn.socket
        )


class OneByOne(BatchConnection):
    """A counter's connection that waits for its turn before each statement of a batch, not before each round trip."""

    turns: Turns
    loop: WeekLoop
    name = ""

    async def run(self, statements: Sequence[Statement[Any]]) -> list[Result[Any]]:
        """Run statements in order; the first that fails ends it, as the server would skip the rest."""
        results: list[Result[Any]] = []
        for statement in statements:
            if self.loop.has_begun:
                await self.turns.next()
            self._now = self.turns.begin(self.name, words_of(statement.sql), pid=self.backend_pid, fd=self._socket)
            try:
                results += await super().run([statement])
            except psycopg.Error as error:
                self.turns.failed(self.name, error)
                raise
            finally:
                self.turns.settle()
        return results

    def _look(self) -> None:
        """Nothing: the week looks by itself, and its time is not the machine's."""

    async def _hear_more(self) -> None:
        await self.turns.readiness(self._now, Wait.R)
        self._hear()
        self._verify_whole()

    async def _wait_to_write(self) -> None:
        await self.turns.readiness(self._now, Wait.W)


class WeekDatabase(Database):
    """One worker's lines to the database, all open before the week begins."""

    def __init__(self, address: ServerAddress, *, turns: Turns, loop: WeekLoop, name: str) -> None:
        super().__init__(address, limits=_NO_LIMITS, pool_size_max=1)
        self._turns = turns
        self._loop = loop
        self._name = name
        self._idle: list[TurnConnection] = []
        self._all: list[TurnConnection] = []
        self._free = asyncio.Semaphore(_LINES - _KEPT_LINES - _LENT_LINES)
        self._to_lend = asyncio.Semaphore(_LENT_LINES)

    async def connect(self) -> None:
        """Open all of them."""
        for _ in range(_LINES):
            conn: TurnConnection = await TurnConnection.connect(self.address.conninfo, autocommit=True)
            conn.turns, conn.loop, conn.name = self._turns, self._loop, f"{self._name}.{len(self._all)}"
            await self._prepare_serving(conn)
            self._turns.know(conn.pgconn.backend_pid)
            self._all.append(conn)
            self._idle.append(conn)

    async def close(self) -> None:
        """Close all of them."""
        for conn in self._all:
            await conn.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction of the serving role on an idle line; one that broke inside is rolled back and used again."""
        async with self._free:
            conn = self._idle.pop()
            try:
                async with conn.transaction():
                    yield conn
            finally:
                self._idle.append(conn)

    async def connect_serving(self) -> Connection:
        """An open line for whoever wants one alone; it is given back when it is closed."""
        await self._to_lend.acquire()
        conn = self._idle.pop(0)
        conn.lender = self
        return conn

    def take_back(self, conn: TurnConnection) -> None:
        """Have a line again that was lent."""
        self._idle.append(conn)
        self._to_lend.release()

    async def a_counter_line(self) -> OneByOne:
        """A line that a counter keeps."""
        conn = self._idle.pop(0)
        line = await OneByOne.over(conn)
        line.turns, line.loop, line.name = self._turns, self._loop, conn.name
        return line
