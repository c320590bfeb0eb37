"""The two ways of loading a server: taps on a schedule of their own, or each when the last was answered."""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from math import ceil
from urllib.parse import urlsplit

import msgspec

from yikatong.app.bench.line import Line, LoadedTap

_PATIENCE_SECONDS = 30.0
_WRONG_MAX = 5


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a load came to: taps that count, seconds, latencies; `answered` has the taps of the warm-up too.

    `processor_seconds` is what this process itself used, minting left out. Of an open load, `late_ms` is the longest
    that it was behind its schedule while a connection was free: where it comes near the latencies, they are the
    generator's and not the server's. `waiting_max` is the most taps that waited for a free connection.
    """

    taps: int
    seconds: float
    latencies_ms: tuple[float, ...]
    refused: int
    answered: int
    sent_bytes: int
    heard_bytes: int
    wrong: tuple[str, ...]
    processor_seconds: float = 0.0
    late_ms: float = 0.0
    waiting_max: int = 0


class Counted:
    """Answers, counted; those between `begin` and `end` make up the result."""

    def __init__(self) -> None:
        self.latencies_ms: list[float] = []
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.answered = 0

    def hear(self, line: Line, outcome: str, *, counts: bool) -> None:
        """Count an answer, and keep what was not expected."""
        assert line.tap is not None
        self.answered += 1
        if counts:
            self.latencies_ms.append((time.perf_counter() - line.since) * 1000)
            self.outcomes[outcome] += 1
        if outcome != line.tap.expected and len(self.wrong) < _WRONG_MAX:
            self.wrong.append(f"{outcome} instead of {line.tap.expected}")


class Lines:
    """The connections of a load; `on_answer` says what happens with each answer."""

    def __init__(self, counted: Counted) -> None:
        self.counted = counted
        self.all: list[Line] = []
        self.on_answer: Callable[[Line, str], None] = lambda line, outcome: None
        self.failed: asyncio.Future[None] | None = None
        self._since = time.process_time()

    async def connect(self, address: str, count: int) -> None:
        """Open the connections."""
        split = urlsplit(address)
        loop = asyncio.get_running_loop()
        self.failed = loop.create_future()
        for _ in range(count):
            _, line = await loop.create_connection(
                lambda: Line(self._hear, self._lose), split.hostname or "", split.port or 80
            )
            self.all.append(line)

    async def wait(self, done: "asyncio.Future[None]", seconds: float) -> None:
        """Wait until a future is done or so long; raises ConnectionError when the server closes a connection."""
        assert self.failed is not None
        await asyncio.wait({done, self.failed}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        self.verify_open()

    def verify_open(self) -> None:
        """Go on only while the server has closed no connection; raises ConnectionError."""
        if self.failed is not None and self.failed.done():
            self.failed.result()

    def close(self) -> None:
        """Close them from our side."""
        for line in self.all:
            line.close()
        if self.failed is not None and self.failed.done():
            self.failed.exception()

    def result(self, *, seconds: float, late_ms: float = 0.0, waiting_max: int = 0) -> LoadResult:
        """What was counted."""
        counted = self.counted
        taps = len(counted.latencies_ms)
        return LoadResult(
            taps=taps,
            seconds=seconds,
            latencies_ms=tuple(round(one, 3) for one in counted.latencies_ms),
            refused=taps - counted.outcomes["admitted"],
            answered=counted.answered,
            sent_bytes=sum(line.sent_bytes for line in self.all),
            heard_bytes=sum(line.heard_bytes for line in self.all),
            wrong=tuple(counted.wrong),
            processor_seconds=time.process_time() - self._since,
            late_ms=round(late_ms, 3),
            waiting_max=waiting_max,
        )

    def _hear(self, line: Line, outcome: str) -> None:
        self.on_answer(line, outcome)

    def _lose(self) -> None:
        if self.failed is not None and not self.failed.done():
            self.failed.set_exception(ConnectionError("the server closed a connection"))


async def run_closed(lines: Lines, taps: Sequence[LoadedTap], *, warm_seconds: float, seconds: float) -> LoadResult:
    """Send the next tap on each connection when its last was answered, until the time or the taps are over."""
    left = iter(taps)
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    all_answered: asyncio.Future[None] = loop.create_future()
    under_way = 0
    counting = ended = False

    def go_on(line: Line) -> None:
        nonlocal under_way
        tap = None if ended else next(left, None)
        if tap is not None:
            under_way += 1
            line.send(tap, since=time.perf_counter())
            return
        for future in (over, all_answered) if under_way == 0 else (over,):
            if not future.done():
                future.set_result(None)

    def hear(line: Line, outcome: str) -> None:
        nonlocal under_way
        under_way -= 1
        lines.counted.hear(line, outcome, counts=counting)
        go_on(line)

    lines.on_answer = hear
    for line in lines.all:
        go_on(line)
    await lines.wait(over, warm_seconds)
    began, counting = time.perf_counter(), True
    await lines.wait(over, seconds)
    took = time.perf_counter() - began
    counting, ended = False, True
    await lines.wait(all_answered, _PATIENCE_SECONDS)
    return lines.result(seconds=took)


def draw_moments(rate: float, seconds: float, *, seed: int) -> list[float]:
    """When taps come, in seconds from the start: independent of each other, `rate` a second on average."""
    chance = random.Random(seed)  # noqa: S311  arrivals, no secrets
    moments = []
    at = chance.expovariate(rate)
    while at < seconds:
        moments.append(at)
        at += chance.expovariate(rate)
    return moments


async def run_open(
    lines: Lines, taps: Sequence[LoadedTap], moments: Sequence[float], *, warm_seconds: float, seconds: float
) -> LoadResult:
    """Send each tap at its moment, or as soon as a connection is free; its latency counts from the moment.

    Taps whose moment lies in the warm-up do not count; all others do, however late they are answered. Raises
    ConnectionError when some are not answered for long.
    """
    schedule = _Schedule(lines, taps, moments, warm_seconds=warm_seconds)
    for at in range(len(schedule.moments)):
        ahead = schedule.began + schedule.moments[at] - time.perf_counter()
        if ahead > 0:
            # The event loop counts in milliseconds; none is sent before its moment.
            await asyncio.sleep(ceil(ahead * 1000) / 1000)
        lines.verify_open()
        schedule.release(at)
    schedule.is_released = True
    schedule.see_whether_all_is_answered()
    await lines.wait(schedule.all_answered, _PATIENCE_SECONDS)
    if not schedule.all_answered.done():
        raise ConnectionError("some taps were not answered for long")
    return lines.result(seconds=seconds, late_ms=schedule.late_seconds * 1000, waiting_max=schedule.waiting_max)


class _Schedule:
    """An open load under way: free connections, and taps that wait for one."""

    def __init__(
        self, lines: Lines, taps: Sequence[LoadedTap], moments: Sequence[float], *, warm_seconds: float
    ) -> None:
        self.moments = moments[: len(taps)]
        self.began = time.perf_counter()
        self.all_answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_released = False
        self.late_seconds = 0.0
        self.waiting_max = 0
        self._taps = taps
        self._lines = lines
        self._counts_from = self.began + warm_seconds
        self._free = list(lines.all)
        self._waiting: deque[tuple[LoadedTap, float]] = deque()
        self._under_way = 0
        lines.on_answer = self._hear

    def release(self, at: int) -> None:
        """A tap's moment is here."""
        due = self.began + self.moments[at]
        if self._free:
            if due >= self._counts_from:
                self.late_seconds = max(self.late_seconds, time.perf_counter() - due)
            self._send(self._free.pop(), self._taps[at], due)
        else:
            self._waiting.append((self._taps[at], due))
            self.waiting_max = max(self.waiting_max, len(self._waiting))

    def see_whether_all_is_answered(self) -> None:
        """Say so when nothing is left to come or under way."""
        if self.is_released and self._under_way == 0 and not self.all_answered.done():
            self.all_answered.set_result(None)

    def _send(self, line: Line, tap: LoadedTap, due: float) -> None:
        self._under_way += 1
        line.send(tap, since=due)

    def _hear(self, line: Line, outcome: str) -> None:
        self._under_way -= 1
        self._lines.counted.hear(line, outcome, counts=line.since >= self._counts_from)
        if self._waiting:
            self._send(line, *self._waiting.popleft())
        else:
            self._free.append(line)
            self.see_whether_all_is_answered()
