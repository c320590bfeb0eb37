"""What was committed, in the order of the commits, and how it was answered: in it a serial order is looked for."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tests.simulator.week.lines_to_database import WeekDatabase
from tests.simulator.week.turns import BEGIN, WeekLoop
from tests.stateful.deeds import Sent
from tests.support.world import NOON, FixedClock
from yikatong.offline.model import UploadRow
from yikatong.plumbing.pipeline import BatchConnection
from yikatong.taps.counter.counter import Counter, Ended, _Pending
from yikatong.taps.counter.works import Work
from yikatong.taps.model import BankAsk
from yikatong.terminal.model import Upload


class WeekClock(FixedClock):
    """The time of the week; it stands at noon until the week begins."""

    def __init__(self, loop: WeekLoop) -> None:
        super().__init__()
        self._loop = loop

    def seconds(self) -> float:
        """How far the week has come."""
        return self._loop.time() - BEGIN if self._loop.has_begun else 0.0

    def now(self) -> datetime:
        """The instant, to the microsecond."""
        return NOON + timedelta(seconds=self.seconds())


class Taken(NamedTuple):
    """A work that a counter committed: when its batch was decided, when it had come, and its answer."""

    decided_at: datetime
    arrived_at: datetime
    work: Work
    ended: Ended


class Late(NamedTuple):
    """An upload that was committed, perhaps for a second time, and its answer."""

    decided_at: datetime
    sent: Sent
    upload: Upload
    row: UploadRow


class Commanded(NamedTuple):
    """A command that was committed: what it was, of whom, what it came to, and what it made."""

    decided_at: datetime
    what: str
    resident: int
    fen: int
    came_to: str
    made_id: UUID | None


Entry = Taken | Late | Commanded
Journal = list[Entry]


class WeekCounter(Counter):
    """A counter that runs statements one by one, and writes down what it committed."""

    def __init__(self, *, database: WeekDatabase, journal: Journal, clock: WeekClock, **more: Any) -> None:
        super().__init__(clock=clock, **more)
        self._database = database
        self._journal = journal
        self._arrivals: dict[int, datetime] = {}

    async def open(self) -> None:
        """Connect and begin to serve."""
        await self._connected()
        self._runner = asyncio.create_task(self._run(), name="counter")

    async def submit(self, work: Work) -> Ended:
        """Take a work in line."""
        self._arrivals[id(work)] = self._clock.now()
        try:
            return await super().submit(work)
        finally:
            del self._arrivals[id(work)]

    async def _connected(self) -> BatchConnection:
        if self._conn is None or self._conn.is_broken:
            self._conn = await self._database.a_counter_line()
        return self._conn

    async def _transact(self, conn: BatchConnection, group: list[_Pending]) -> tuple[list[Ended], list[BankAsk]]:
        now = self._clock.now()
        answers, asked = await super()._transact(conn, group)
        for pending, ended in zip(group, answers, strict=True):
            arrived_at = self._arrivals.get(id(pending.work), now)
            self._journal.append(Taken(now, arrived_at, pending.work, ended))
        return answers, asked
