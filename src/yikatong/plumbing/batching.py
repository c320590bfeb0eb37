"""Batches through transactions: run again on fresh facts when another was first, in halves when one work may be why."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import psycopg
import structlog
from psycopg import errors

from yikatong.plumbing.pipeline import ROLLBACK, BatchConnection, BatchMustRerun
from yikatong.plumbing.telemetry import places_of

log = structlog.get_logger("yikatong.batches")

Work = TypeVar("Work")
Ended = TypeVar("Ended")
Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Any]]]
"""Gives an idle autocommit connection of the serving role, for one user."""

_TRIES_MAX = 8
_HALVES_FROM = 3
_RESTS_SECONDS = 0.2
"""After a lost connection, so that a server that restarts may come back."""
CONTENDED = (
    BatchMustRerun,
    errors.UniqueViolation,
    errors.CheckViolation,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.QueryCanceled,
)
"""What a batch meets that was not alone, and after which its connection is whole."""
_MAY_PASS = (*CONTENDED, psycopg.OperationalError)
"""After these the same works may succeed; any other error is a fault of ours, and the same again."""


class Transactions(Generic[Work, Ended]):
    """Brings batches of works through transactions, one at a time, on a connection of its own, opened when needed.

    `transact(conn, works)` begins and commits one transaction and gives an end for each work; what it commits may be
    asked for again when the answer to the commit was lost, so works that must not be done twice carry what tells.
    """

    def __init__(
        self,
        transact: Callable[[BatchConnection, Sequence[Work]], Awaitable[Sequence[Ended]]],
        *,
        connect: Connect,
    ) -> None:
        """Nothing is connected yet."""
        self._transact = transact
        self._connect = connect
        self._conn: BatchConnection | None = None

    async def close(self) -> None:
        """Let go of the connection; the server rolls back what was not committed."""
        if self._conn is not None:
            await self._conn.close()
            self._conn = None

    @property
    def backend_pid(self) -> int | None:
        """The server process behind the connection."""
        return None if self._conn is None else self._conn.backend_pid

    async def serve(self, works: Sequence[Work]) -> list[Ended | Exception]:
        """Bring a batch to its end: whole at first, in halves from the third try, so one cannot fail the others.

        A fault of ours halves it at once. Where no try helps, whoever asked gets the error of the last one. What would
        meet any batch, a lost database or a full disk, halves nothing: one by one they would wait too long.
        """
        ends: list[Ended | Exception] = []
        groups = [(works, 1)]
        while groups:
            group, tries = groups.pop()
            answers = await self._attempt(group)
            if not isinstance(answers, Exception):
                ends += answers
                continue
            parts = parts_to_try(group, tries=tries, error=answers)
            if not parts:
                log.error("batch given up", works=len(group), error=type(answers).__name__, places=places_of(answers))
                ends += [answers] * len(group)
            groups += [(part, tries + 1) for part in parts]
        return ends

    async def _attempt(self, group: Sequence[Work]) -> Sequence[Ended] | Exception:
        """Try a group once, in a task of its own; after an error the connection is as before, or gone."""
        attempt = asyncio.create_task(self._try(group), name="batch")
        await asyncio.wait({attempt})
        error = attempt.exception()
        if error is None:
            return attempt.result()
        if isinstance(error, CONTENDED):
            await self._roll_back()
        else:
            await self.close()
            if isinstance(error, psycopg.OperationalError):
                log.warning("a batch lost its connection", error=type(error).__name__)
                await asyncio.sleep(_RESTS_SECONDS)
        if not isinstance(error, Exception):
            raise error
        return error

    async def _try(self, group: Sequence[Work]) -> Sequence[Ended]:
        return await self._transact(await self._connected(), group)

    async def _connected(self) -> BatchConnection:
        if self._conn is not None and self._conn.is_broken:
            await self.close()
        if self._conn is None:
            self._conn = await BatchConnection.over(await self._connect())
        return self._conn

    async def _roll_back(self) -> None:
        try:
            assert self._conn is not None
            await self._conn.run([ROLLBACK])
        except psycopg.OperationalError:
            await self.close()


def parts_to_try(group: Sequence[Work], *, tries: int, error: BaseException) -> list[Sequence[Work]]:
    """What is tried next of works that met an error after so many tries, the last part first; nothing: give them up.

    A work alone is tried again only after what may pass. Several are halved from the third try, or at once by a fault
    of ours, unless the error would meet any batch.
    """
    may_pass = isinstance(error, _MAY_PASS)
    if tries >= _TRIES_MAX or (len(group) == 1 and not may_pass):
        return []
    if len(group) > 1 and not is_everybodys(error) and (tries + 1 >= _HALVES_FROM or not may_pass):
        middle = len(group) // 2
        return [group[middle:], group[:middle]]
    return [group]


def is_everybodys(error: BaseException) -> bool:
    """Whether an error would meet any batch: line or server are gone, or have no room (SQLSTATE 08, 53, 57P)."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    state = error.sqlstate
    return state is None or state[:2] in ("08", "53") or state[:3] == "57P"
