"""Lines to the database that wait for their turn before each statement."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
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
_LINES, _KEPT_LINES = 8, 3
"""Of a worker; those that are kept are for its counter and for memory that is read again within a batch."""


class TurnConnection(psycopg.AsyncConnection[Any]):
    """An ordinary connection."""

    turns: Turns
    loop: WeekLoop
    name = ""
    _what: str | None = None

    async def execute(self, query: Any, *parameters: Any, **more: Any) -> Any:
        """Run a statement."""
        self._what = words_of(query)
        return await super().execute(query, *parameters, **more)

    async def wait(self, gen: PQGen[Any], *_: Any, **__: Any) -> Any:
        """Wait for the turn, then run what there is to run."""
        what, self._what = self._what or "statement", None
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
        self._free = asyncio.Semaphore(_LINES - _KEPT_LINES)

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
        """An open line for whoever keeps it."""
        return self._idle.pop(0)

    async def a_counter_line(self) -> OneByOne:
        """The same for a counter."""
        conn = await self.connect_serving()
        line = await OneByOne.over(conn)
        assert isinstance(conn, TurnConnection)
        line.turns, line.loop, line.name = self._turns, self._loop, conn.name
        return line
