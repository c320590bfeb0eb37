"""Time that a seed decides, and statements that come one after the other: at whole statements, any interleaving.

The loop's time is not the machine's: when nothing is left to do it goes to the next thing that is due. Every worker
waits a random while of this time before each of its statements, so the seed says whose statement is next. The real
database runs it, and the loop stands still meanwhile; one that would wait for a lock of another worker lets the others
go on until the lock is free. Its server process is stopped as long: of several that one lock sets free together, the
machine would otherwise choose who is first.
"""

import asyncio
import os
import select
import selectors
import signal
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, TypeVar, TypeVarTuple

import psycopg
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

from tests.simulator.week.history import History

RV = TypeVar("RV")
Given = TypeVarTuple("Given")
BEGIN = 10_000_000.0
_LOOK_MS = 25
"""How long a statement may take before it is asked whether it waits for a lock; most are done long before."""
_GIVEN_UP_SECONDS = 600.0


class _NoWaiting(selectors.DefaultSelector):
    """Asks the machine only while the world is made; then time is what the loop waits for."""

    loop: "WeekLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready: nothing, ever, once the week has begun."""
        if not self.loop.has_begun:
            return super().select(timeout)
        if timeout is None:
            self.loop.turns.end_a_circle()
        elif timeout > 0:
            self.loop.go_on(timeout)
        return []


class WeekLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the machine's until the week begins, and from then on its own."""

    turns: "Turns"

    def __init__(self) -> None:
        self.has_begun = False
        self._own_time = BEGIN
        selector = _NoWaiting()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Seconds, from the machine's clock while the world is made."""
        return self._own_time if self.has_begun else time.monotonic()

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self._own_time += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Given], RV], *args: *Given
    ) -> asyncio.Future[RV]:
        """Do at once what would be done in another thread: the machine says nothing of when a thread comes back."""
        if not self.has_begun:
            return super().run_in_executor(executor, func, *args)

        async def at_once() -> RV:
            return func(*args)

        return self.create_task(at_once())

    def begin(self, turns: "Turns") -> None:
        """Begin the week: from here on only the seed decides."""
        self.turns = turns
        self.has_begun = True

    def end(self) -> None:
        """End the week: what is closed now is closed in the machine's time."""
        self.has_begun = False


class _Statement:
    """One that is being run; `freed` is there while it waits for a lock of another worker."""

    def __init__(self, name: str, pid: int, fd: int) -> None:
        self.name = name
        self.pid = pid
        self.fd = fd
        self.freed: asyncio.Future[None] | None = None


class Turns:
    """Whose statement is next, and which wait for locks."""

    def __init__(
        self, random: Random, history: History, *, watcher: psycopg.Connection[Any], may_stop: bool = True
    ) -> None:
        """`watcher` asks the database who waits for whom; `may_stop` says that its processes run on this machine."""
        self._may_stop = may_stop
        self._random = random
        self._history = history
        self._watcher = watcher
        self._waiting: list[_Statement] = []
        self._ours: set[int] = set()
        self.statements = self.waits = self.circles = 0

    def know(self, pid: int) -> None:
        """Name a server process of ours: only for locks of these does anybody wait."""
        self._ours.add(pid)

    async def next(self) -> None:
        """Wait for a turn: mostly a few milliseconds, now and then so long that others overtake by far."""
        kind = self._random.random()
        mean = 0.002 if kind < 0.90 else 0.05 if kind < 0.995 else 1.5
        await asyncio.sleep(self._random.expovariate(1 / mean))

    async def drive(self, gen: PQGen[RV], *, name: str, what: str, pid: int, fd: int) -> RV:
        """Run a statement of an ordinary connection to its end."""
        statement = _Statement(name, pid, fd)
        self._begin(name, what)
        try:
            wanted = next(gen)
            while True:
                wanted = gen.send(await self.readiness(statement, wanted))
        except StopIteration as end:
            found: RV = end.value
            return found
        except psycopg.Error as error:
            self.failed(name, error)
            raise
        finally:
            self.settle()

    def _begin(self, name: str, what: str) -> None:
        self.statements += 1
        self._history.write(f"{name}: {what}")

    def begin(self, name: str, what: str, *, pid: int, fd: int) -> _Statement:
        """Begin a statement of a batch; whoever began it calls `settle` at its end."""
        self._begin(name, what)
        return _Statement(name, pid, fd)

    def failed(self, name: str, error: psycopg.Error) -> None:
        """Note that a statement ended badly."""
        self._history.write(f"{name}: {type(error).__name__} {error.sqlstate or ''}")

    async def readiness(self, statement: _Statement, wanted: Wait) -> Ready:
        """Wait until the server says something; lets others go on while it waits for a lock of theirs."""
        began = time.monotonic()
        while not (ready := _ready(statement.fd, wanted)):
            assert time.monotonic() - began < _GIVEN_UP_SECONDS, "the database says nothing"
            if self._holders(statement.pid):
                await self._wait_for_lock(statement)
                began = time.monotonic()
        return ready

    async def _wait_for_lock(self, statement: _Statement) -> None:
        self.waits += 1
        self._history.write(f"{statement.name}: waits for a lock")
        statement.freed = asyncio.get_running_loop().create_future()
        self._signal(statement, signal.SIGSTOP)
        self._waiting.append(statement)
        if self._is_in_circle(statement.pid):
            self.end_a_circle()
        await statement.freed
        self._history.write(f"{statement.name}: goes on")

    def settle(self) -> None:
        """After a statement: let those go on whose locks are free now, one after the other as they came."""
        for statement in list(self._waiting):
            if not self._holders(statement.pid):
                self._signal(statement, signal.SIGCONT)
                if self._comes_to_its_end(statement):
                    self._free(statement)
                else:
                    self._signal(statement, signal.SIGSTOP)

    def end(self) -> None:
        """Let every process go on that still stands."""
        for statement in self._waiting:
            self._signal(statement, signal.SIGCONT)

    def _comes_to_its_end(self, statement: _Statement) -> bool:
        while not _ready(statement.fd, Wait.R):
            if self._holders(statement.pid):
                return False
        return True

    def _free(self, statement: _Statement) -> None:
        self._waiting.remove(statement)
        assert statement.freed is not None
        statement.freed.set_result(None)

    def end_a_circle(self) -> None:
        """All wait for each other, or nothing is left to come: the database ends the one that came last."""
        assert self._waiting, "nothing will ever happen again"
        self.circles += 1
        self._history.write("the database ends a circle of locks")
        last = self._waiting[-1]
        self._signal(last, signal.SIGCONT)
        while not _ready(last.fd, Wait.R):
            continue
        self._free(last)

    def _signal(self, statement: _Statement, number: signal.Signals) -> None:
        if self._may_stop:
            with suppress(ProcessLookupError):
                os.kill(statement.pid, number)

    def _is_in_circle(self, pid: int) -> bool:
        seen: set[int] = set()
        asked = [pid]
        while asked:
            for holder in self._holders(asked.pop()):
                if holder == pid:
                    return True
                if holder not in seen:
                    seen.add(holder)
                    asked.append(holder)
        return False

    def _holders(self, pid: int) -> set[int]:
        row = self._watcher.execute("SELECT pg_blocking_pids(%s)", [pid]).fetchone()
        assert row is not None
        return self._ours & set(row[0])


def _ready(fd: int, wanted: Wait, *, look_ms: int = _LOOK_MS) -> Ready:
    poll = select.poll()
    poll.register(fd, (select.POLLIN if wanted & Wait.R else 0) | (select.POLLOUT if wanted & Wait.W else 0))
    ready = 0
    for _, events in poll.poll(look_ms):
        ready |= Ready.R if events & ~select.POLLOUT else 0
        ready |= Ready.W if events & select.POLLOUT else 0
    return Ready(ready)


def is_here(watcher: psycopg.Connection[Any]) -> bool:
    """Whether the server's processes run on this machine, so that they may be stopped for a while."""
    name = Path(f"/proc/{watcher.info.backend_pid}/comm")
    return watcher.info.host.startswith("/") and name.exists() and name.read_text().startswith("postgres")


def words_of(statement: Any) -> str:
    """The first words of a statement, which say what it is."""
    if isinstance(statement, sql.Composable):
        statement = statement.as_string(None)
    text = statement.decode() if isinstance(statement, bytes) else str(statement)
    return " ".join(text.split()[:6])[:64]
