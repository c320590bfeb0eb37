"""The counter's desk: works wait in line, the next batch forms while one commits."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

import psycopg
import structlog

from yikatong.catalogue.model import Snapshot
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.lines.model import ServiceLine
from yikatong.plumbing.batching import CONTENDED, parts_to_try
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.gathering import GATHERING_SECONDS
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.pipeline import COMMIT, ROLLBACK, BatchConnection
from yikatong.plumbing.telemetry import places_of
from yikatong.sealing import service as sealing
from yikatong.taps.counter import facts
from yikatong.taps.counter.endings import take_bank_answer, take_confirmation, take_deadline
from yikatong.taps.counter.originals import take_tap
from yikatong.taps.counter.state import BatchState
from yikatong.taps.counter.undoing import take_refund, take_reversal
from yikatong.taps.counter.works import (
    BankWork,
    ConfirmWork,
    ExpireWork,
    Refunded,
    RefundWork,
    Reversed,
    ReverseWork,
    TapWork,
    Work,
)
from yikatong.taps.counter.writes import statements_of
from yikatong.taps.leaves import BatchLeaves
from yikatong.taps.model import BankAsk, Reason, TapRow, WaitingRow

log = structlog.get_logger("yikatong.taps")

Ended = TapRow | WaitingRow | Reversed | Refunded | Refused


class Caches(Protocol):
    """What a worker keeps in memory, valid for the versions that each batch reads."""

    @property
    def snapshot(self) -> Snapshot:
        """The catalogue as last read."""
        ...

    @property
    def access_version(self) -> int:
        """The version of keys for which callers in memory are valid."""
        ...

    async def renew(self, versions: Mapping[str, int]) -> bool:
        """Read again what these versions make stale; True when anything was."""
        ...


class CallersMustReturn(Exception):  # noqa: N818  an answer, not a fault: prove who you are and come again
    """A key was revoked since this caller was last authenticated, perhaps this caller's."""


class _Pending:
    """One work in line, and where its answer goes."""

    __slots__ = ("answer", "work")

    def __init__(self, work: Work, answer: asyncio.Future[Ended]) -> None:
        self.work = work
        self.answer = answer

    def give(self, ended: Ended) -> None:
        """Answer, unless whoever asked has gone."""
        if not self.answer.done():
            self.answer.set_result(ended)

    def fail(self, error: Exception) -> None:
        """Say that there is no answer."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Counter:
    """One worker's counter: one batch at a time, on a connection of its own.

    `writer` numbers the counter among all that serve this database, so that each has rows of its own in accounts
    without a floor; `seals` are its part of the sealed log. `on_bank_asked` is called after a commit with the debits
    to ask of banks.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], Any],
        caches: Caches,
        lines: Sequence[ServiceLine],
        clock: Clock,
        ids: Ids,
        writer: int,
        seals: sealing.Writer,
        batch_max: int,
        line_max: int,
        confirmation_term: timedelta,
        on_bank_asked: Callable[[Sequence[BankAsk]], None],
    ) -> None:
        """`connect` gives an idle autocommit connection of the serving role."""
        self._connect = connect
        self._caches = caches
        self._lines = {line.name: line for line in lines}
        self._sources = {line.own_source.word: (line.name, line.own_source) for line in lines if line.own_source}
        self._clock = clock
        self._ids = ids
        self._writer = writer
        self._seals = seals
        self._batch_max = batch_max
        self._line_max = line_max
        self._confirmation_term = confirmation_term
        self._on_bank_asked = on_bank_asked
        self._line_up: deque[_Pending] = deque()
        self._arrived = asyncio.Event()
        self._last_count = 0
        self._conn: BatchConnection | None = None
        self._runner: asyncio.Task[None] | None = None
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and begin to serve."""
        self._conn = await BatchConnection.over(await self._connect())
        self._runner = asyncio.create_task(self._run(), name="counter")

    async def close(self) -> None:
        """Finish the batch at hand and stop; works still in line get no answer and may come again elsewhere."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        if self._serving is not None:
            await asyncio.wait({self._serving})
        for pending in self._line_up:
            pending.fail(Refused(Reason.COUNTER_IS_BUSY))
        if self._conn is not None:
            await self._conn.close()

    async def submit(self, work: Work) -> Ended:
        """Take a work into the next batch and give its end once that is committed.

        A line that is too long gives COUNTER_IS_BUSY at once: better refused now than answered too late.
        Raises CallersMustReturn when a key was revoked since the caller was authenticated.
        """
        if len(self._line_up) >= self._line_max:
            return Refused(Reason.COUNTER_IS_BUSY)
        answer: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._line_up.append(_Pending(work, answer))
        self._arrived.set()
        return await answer

    @property
    def backend_pid(self) -> int | None:
        """The server process behind this counter's connection."""
        return None if self._conn is None else self._conn.backend_pid

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if len(self._line_up) < self._last_count:
                await asyncio.sleep(GATHERING_SECONDS)
            batch = self._next_batch()
            self._last_count = len(batch)
            if not batch:
                self._arrived.clear()
                continue
            await self._see_through(batch)

    def _next_batch(self) -> list[_Pending]:
        """The oldest works of one bucket, as many as a batch takes; those of other buckets keep their places."""
        batch: list[_Pending] = []
        others: list[_Pending] = []
        while self._line_up and len(batch) < self._batch_max:
            pending = self._line_up.popleft()
            is_first = not batch
            if is_first or pending.work.bucket == batch[0].work.bucket:
                batch.append(pending)
            else:
                others.append(pending)
        self._line_up.extendleft(reversed(others))
        return batch

    async def _see_through(self, batch: list[_Pending]) -> None:
        """Serve a batch in a task of its own: whatever goes wrong there, the counter is open for the next one."""
        self._serving = asyncio.create_task(self._serve(batch), name="batches")
        await asyncio.wait({self._serving})
        fault = self._serving.exception()
        if fault is not None:
            self._conn = None
            self._seals.forget()
            self._give_up(batch, fault)

    def _give_up(self, group: list[_Pending], error: BaseException) -> None:
        log.error("batch given up", works=len(group), error=type(error).__name__, places=places_of(error))
        for pending in group:
            pending.give(Refused(Reason.COUNTER_IS_BUSY))

    async def _serve(self, batch: list[_Pending]) -> None:
        """Bring a batch to its end: whole at first, in halves from the third try, so one cannot fail the others.

        A fault of ours halves it at once, and is given up where one work is left. What no work can help, a lost
        database or a full disk, halves nothing: one by one they would wait for longer than their callers.
        """
        groups = [(batch, 1)]
        while groups:
            group, tries = groups.pop()
            error = await self._attempt(group)
            if error is None:
                continue
            parts = parts_to_try(group, tries=tries, error=error)
            if not parts:
                self._give_up(group, error)
            groups += [(list(part), tries + 1) for part in parts]

    async def _attempt(self, group: list[_Pending]) -> BaseException | None:
        """Try in a task of its own: a fault of ours ends that task, and not the counter for everybody else."""
        attempt = asyncio.create_task(self._try(group), name="batch")
        await asyncio.wait({attempt})
        fault = attempt.exception()
        if fault is None:
            return attempt.result()
        await self._drop_connection()
        return fault

    async def _try(self, group: list[_Pending]) -> Exception | None:
        """Serve a group once; gives the error after which it may be tried again."""
        try:
            conn = await self._connected()
            answers, asked = await self._transact(conn, group)
        except CONTENDED as error:
            return await self._roll_back(error)
        except psycopg.OperationalError as error:
            return await self._lose_connection(error)
        except CallersMustReturn as error:
            await self._roll_back(error)
            self._send_back(group, error)
            return None
        for pending, ended in zip(group, answers, strict=True):
            pending.give(ended)
        if asked:
            self._on_bank_asked(asked)
        return None

    def _must_return(self, work: Work) -> bool:
        return isinstance(work, TapWork) and work.access_version != self._caches.access_version

    def _send_back(self, group: list[_Pending], error: CallersMustReturn) -> None:
        """Terminals authenticated for other keys than now prove themselves again; the others keep their places."""
        staying = [pending for pending in group if not self._must_return(pending.work)]
        for pending in group:
            if self._must_return(pending.work):
                pending.fail(error)
        self._line_up.extendleft(reversed(staying))
        self._arrived.set()

    async def _transact(self, conn: BatchConnection, group: list[_Pending]) -> tuple[list[Ended], list[BankAsk]]:
        now = self._clock.now()
        today = day_of(now)
        works = [pending.work for pending in group]
        bucket = works[0].bucket
        known, book = await facts.load(conn, works, bucket=bucket, now=now, today=today)
        await self._caches.renew(known.versions)
        if any(self._must_return(work) for work in works):
            raise CallersMustReturn
        await facts.load_for_lines(
            conn,
            known,
            works,
            bucket=bucket,
            now=now,
            today=today,
            lines=self._lines,
            snapshot=self._caches.snapshot,
        )
        state = BatchState(
            bucket=bucket,
            now=now,
            today=today,
            facts=known,
            book=book,
            snapshot=self._caches.snapshot,
            lines=self._lines,
            sources=self._sources,
            confirmation_term=self._confirmation_term,
        )
        answers = [_take(state, work) for work in works]
        book_writes = book.writes
        statements = statements_of(state, book_writes, writer=self._writer, ids=self._ids)
        leaves = BatchLeaves(state.tap_rows, state.refunds, state.reversals, book_writes)
        sealed = self._seals.seal(leaves.leaves, now=now)
        await conn.run([*statements, *sealed.statements, COMMIT])
        self._seals.advance(sealed, now=now)
        return [leaves.with_seal(one, sealed) if isinstance(one, TapRow) else one for one in answers], state.bank_asked

    async def _connected(self) -> BatchConnection:
        if self._conn is not None and self._conn.is_broken:
            await self._drop_connection()
        if self._conn is None:
            self._conn = await BatchConnection.over(await self._connect())
        return self._conn

    async def _roll_back(self, error: Exception) -> Exception:
        try:
            assert self._conn is not None
            await self._conn.run([ROLLBACK])
        except psycopg.OperationalError as lost:
            return await self._lose_connection(lost)
        return error

    async def _lose_connection(self, error: Exception) -> Exception:
        """Forget a broken connection and let the server come back; what it committed is found by the next try."""
        log.warning("counter lost its connection", error=type(error).__name__)
        await self._drop_connection()
        await asyncio.sleep(0.2)
        return error

    async def _drop_connection(self) -> None:
        """Let go of a connection of which nobody knows how far it is; the server rolls back."""
        if self._conn is not None:
            await self._conn.close()
            self._conn = None
        self._seals.forget()


def _take(state: BatchState, work: Work) -> Ended:
    match work:
        case TapWork():
            return take_tap(state, work)
        case ConfirmWork():
            return take_confirmation(state, work)
        case BankWork():
            return take_bank_answer(state, work)
        case ExpireWork():
            return take_deadline(state, work)
        case ReverseWork():
            return take_reversal(state, work)
        case RefundWork():
            return take_refund(state, work)
