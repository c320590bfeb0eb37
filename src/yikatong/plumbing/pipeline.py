"""Statements of the tap batch, sent together: one round trip for many statements.

A `Statement` is SQL with `$1` placeholders, its parameters in binary, and how a row becomes a value. A
`BatchConnection` keeps one libpq connection in pipeline mode with every statement prepared once. It is driven
at libpq's level, because the ordinary cursor costs more than the statements themselves at this rate (taps of an early
prototype: 1.4 against 1.0).
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any, Generic, Self, TypeVar

import psycopg
from psycopg import errors, pq

from yikatong.plumbing.cluster_faults import named
from yikatong.plumbing.wire import Param, loading_of

Row = TypeVar("Row")

_BINARY = 1
_TUPLES = pq.ExecStatus.TUPLES_OK
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_ABORTED = pq.ExecStatus.PIPELINE_ABORTED
_FATAL = pq.ExecStatus.FATAL_ERROR
_LOOK_SECONDS = 0.2
_WON_FEWER = errors.DivisionByZero.sqlstate
"""How a write says inside the server that it won fewer rows than it needs: it divides by whether it won them all."""


def as_tuple(*values: Any) -> tuple[Any, ...]:
    """Give a row back as it came."""
    return values


class Statement(Generic[Row]):
    """One statement of a batch: `sql` with $1 placeholders, `params` in binary, `row(*columns)` builds a value.

    The text must be the same object for the same statement: it is the key under which it stays prepared.
    `on_cluster` is what a cluster is asked instead, with the same parameters and columns.
    """

    __slots__ = ("on_cluster", "params", "row", "sql")

    def __init__(
        self, sql: str, params: Sequence[Param], row: Callable[..., Row], *, on_cluster: str | None = None
    ) -> None:
        self.sql = sql
        self.on_cluster = on_cluster
        self.params = params
        self.row = row


class BatchMustRerun(Exception):  # noqa: N818  an answer of the database, not a fault of the program
    """A write won fewer rows than it needed: the facts were stale, so roll back and decide again on fresh ones."""


BEGIN: Statement[tuple[Any, ...]] = Statement("BEGIN", (), as_tuple)
COMMIT: Statement[tuple[Any, ...]] = Statement("COMMIT", (), as_tuple)
ROLLBACK: Statement[tuple[Any, ...]] = Statement("ROLLBACK", (), as_tuple)


class Result(Generic[Row]):
    """What one statement gave: its rows, and how many rows it touched."""

    __slots__ = ("rows", "touched")

    def __init__(self, rows: list[Row], touched: int) -> None:
        self.rows = rows
        self.touched = touched


def failure_of(error: psycopg.Error) -> Exception:
    """An error of a statement as its caller knows it."""
    return BatchMustRerun() if error.sqlstate == _WON_FEWER else named(error)


class BatchConnection:
    """One connection in pipeline mode, for one task at a time: the counter that owns it runs one batch at a time."""

    def __init__(self, conn: psycopg.AsyncConnection[Any], *, to_cluster: bool) -> None:
        self._conn = conn
        self._to_cluster = to_cluster
        self._pg = conn.pgconn
        self._prepared: dict[str, bytes] = {}
        self._loading = loading_of(conn)
        self._names_given = 0
        self._is_closed = False
        self._failure: psycopg.OperationalError | None = None
        self._heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pg.enter_pipeline_mode()
        # Our own number for the same socket. libpq gives its number back by itself when the server is gone, and the
        # next caller of the platform gets it: to stop listening to that one would be to turn away a stranger.
        self._socket = os.dup(self._pg.socket)
        asyncio.get_running_loop().add_reader(self._socket, self._hear)
        self._next_look = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    @classmethod
    async def over(cls, conn: psycopg.AsyncConnection[Any]) -> Self:
        """Take over an idle autocommit connection.

        Sequential scans are off here: a statement prepared while its table is empty would keep a plan that
        scans it after it has grown. On a cluster, a statement that names no single shard can be planned for its own
        parameters only, so there the server chooses.
        """
        await conn.execute("SET enable_seqscan = off")
        found = await conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
        to_cluster = await found.fetchone() is not None
        if not to_cluster:
            await conn.execute("SET plan_cache_mode = force_generic_plan")
        return cls(conn, to_cluster=to_cluster)

    @property
    def is_broken(self) -> bool:
        """Whether the server has gone away; the owner then opens another."""
        return self._failure is not None or self._pg.status != pq.ConnStatus.OK

    @property
    def backend_pid(self) -> int:
        """The server process behind this connection."""
        return self._pg.backend_pid

    async def close(self) -> None:
        """Close the connection; what was not committed is rolled back by the server."""
        if not self._is_closed:
            self._is_closed = True
            self._next_look.cancel()
            asyncio.get_running_loop().remove_reader(self._socket)
            os.close(self._socket)
        await self._conn.close()

    async def run(self, statements: Sequence[Statement[Any]]) -> list[Result[Any]]:
        """Send statements in one round trip and give each one's result, in order.

        When one fails the server skips the rest of this round trip, a COMMIT too, and the first failure is raised as
        the psycopg error of its SQLSTATE, or as BatchMustRerun from a write that won too few rows. The caller rolls
        back in a round trip of its own.
        """
        if self.is_broken:
            raise psycopg.OperationalError("the batch connection is closed")
        expected = self._send(statements)
        await self._flush()
        return await self._collect(expected)

    def _send(self, statements: Sequence[Statement[Any]]) -> list[Statement[Any] | str]:
        """Queue every statement, preparing those not seen before; a text stands for the answer to its preparation."""
        expected: list[Statement[Any] | str] = []
        for statement in statements:
            name = self._prepared.get(statement.sql)
            if name is None:
                self._names_given += 1
                name = f"b{self._names_given}".encode()
                text = statement.on_cluster if self._to_cluster and statement.on_cluster else statement.sql
                self._pg.send_prepare(name, text.encode(), [param.oid for param in statement.params])
                self._prepared[statement.sql] = name
                expected.append(statement.sql)
            self._pg.send_query_prepared(
                name,
                [param.data for param in statement.params],
                param_formats=[_BINARY] * len(statement.params),
                result_format=_BINARY,
            )
            expected.append(statement)
        self._pg.pipeline_sync()
        return expected

    async def _flush(self) -> None:
        while self._pg.flush() == 1:
            await self._wait_to_write()

    async def _collect(self, expected: list[Statement[Any] | str]) -> list[Result[Any]]:
        results: list[Result[Any]] = []
        failure: Exception | None = None
        for asked in expected:
            result = await self._next()
            if result.status in (_FATAL, _ABORTED):
                failure = failure or failure_of(errors.error_from_result(result))
                if isinstance(asked, str):
                    del self._prepared[asked]
            elif isinstance(asked, Statement):
                results.append(self._read(asked, result))
            await self._end_of_answer()
        sync = await self._next()
        if sync.status != _SYNC:
            raise psycopg.OperationalError("the server answered out of step")
        if failure is not None:
            raise failure
        return results

    async def _next(self) -> pq.abc.PGresult:
        while True:
            while self._pg.is_busy():
                await self._hear_more()
            result = self._pg.get_result()
            if result is not None:
                return result
            if self.is_broken:
                raise psycopg.OperationalError("the server closed the connection")

    async def _end_of_answer(self) -> None:
        """Each statement's answer ends with an empty result; libpq gives it as None."""
        while self._pg.is_busy():
            await self._hear_more()
        self._pg.get_result()

    async def _hear_more(self) -> None:
        """Wait until more has come from the server; raises what reading it raised, or that nothing will come."""
        if self.is_broken:
            self._verify_whole()
            raise psycopg.OperationalError("the server closed the connection")
        self._heard = asyncio.get_running_loop().create_future()
        await self._heard
        self._verify_whole()

    def _hear(self) -> None:
        """Take what has come, called by the loop: this reader stays, which costs less than one for each wait."""
        try:
            self._pg.consume_input()
        except psycopg.OperationalError as error:
            self._failure = error
            asyncio.get_running_loop().remove_reader(self._socket)
        if not self._heard.done():
            self._heard.set_result(None)

    def _look(self) -> None:
        """Hear what the loop does not tell of.

        The server's loop listens no more to a socket of which it heard an error, also when words came before that: a
        session that is ended while something of ours lies unread says its last, and the loop is silent from then on.
        """
        if not self._heard.done():
            self._hear()
        if self._failure is None:
            self._next_look = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    async def _wait_to_write(self) -> None:
        """Wait until the server takes more, or sends something first, which may be why it takes nothing."""
        loop = asyncio.get_running_loop()
        self._heard = loop.create_future()
        writable: asyncio.Future[None] = loop.create_future()
        loop.add_writer(self._socket, lambda: None if writable.done() else writable.set_result(None))
        try:
            await asyncio.wait({writable, self._heard}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_writer(self._socket)
        self._verify_whole()

    def _verify_whole(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _read(self, statement: Statement[Row], result: pq.abc.PGresult) -> Result[Row]:
        touched = result.command_tuples or 0
        if result.status != _TUPLES:
            return Result([], touched)
        self._loading.set_pgresult(result, set_loaders=True, format=pq.Format.BINARY)
        return Result(self._loading.load_rows(0, result.ntuples, lambda columns: statement.row(*columns)), touched)
