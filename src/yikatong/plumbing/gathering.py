"""Works served together: while some are served, those that arrive form the next batch."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from yikatong.kernel.outcomes import Reason, Refused

Work = TypeVar("Work")
Ended = TypeVar("Ended")

GATHERING_SECONDS = 0.0015
"""How long a line shorter than the last batch may fill: what a batch costs by itself is then shared by more works.
Where both processors are busy this serves a tenth more taps; a work that comes alone waits for nobody."""

Serve = Callable[[Sequence[Work]], Awaitable[Sequence[Ended | Exception]]]
"""Serves a batch: an end for each work in order, or what is raised to whoever asked."""


class _Pending(Generic[Work, Ended]):
    """One work in line, and where its end goes."""

    __slots__ = ("answer", "work")

    def __init__(self, work: Work, answer: asyncio.Future[Ended]) -> None:
        self.work = work
        self.answer = answer

    def give(self, ended: Ended | Exception) -> None:
        """Say how it ended, unless whoever asked has gone."""
        if self.answer.done():
            return
        if isinstance(ended, Exception):
            self.answer.set_exception(ended)
        else:
            self.answer.set_result(ended)


class Gathering(Generic[Work, Ended]):
    """A line of works and one batch at a time; all works of a batch have one key, as `key_of` says."""

    def __init__(
        self,
        serve: Serve[Work, Ended],
        *,
        key_of: Callable[[Work], Hashable],
        batch_max: int,
        line_max: int,
        busy: Reason,
    ) -> None:
        """A line longer than `line_max` refuses with `busy` at once: better refused now than answered too late."""
        self._serve = serve
        self._key_of = key_of
        self._batch_max = batch_max
        self._line_max = line_max
        self._busy = busy
        self._line: deque[_Pending[Work, Ended]] = deque()
        self._last_count = 0
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, work: Work) -> Ended:
        """Take a work into the next batch and give its end; raises `busy`, and what its batch raises to it."""
        if len(self._line) >= self._line_max:
            raise Refused(self._busy)
        answer: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._line.append(_Pending(work, answer))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run(), name="gathering")
        return await answer

    async def close(self) -> None:
        """Finish the batch at hand and stop; works still in line are refused and may come again elsewhere."""
        line, self._line = self._line, deque()
        for pending in line:
            pending.give(Refused(self._busy))
        if self._runner is not None:
            await asyncio.gather(self._runner, return_exceptions=True)

    async def _run(self) -> None:
        """Serve batch after batch until nothing more comes."""
        while True:
            if len(self._line) < self._last_count:
                await asyncio.sleep(GATHERING_SECONDS)
            batch = self._next_batch()
            self._last_count = len(batch)
            if not batch:
                return
            await self._see_through(batch)

    def _next_batch(self) -> list[_Pending[Work, Ended]]:
        """The oldest works of one key, as many as a batch takes; the others keep their places."""
        batch: list[_Pending[Work, Ended]] = []
        others: list[_Pending[Work, Ended]] = []
        while self._line and len(batch) < self._batch_max:
            pending = self._line.popleft()
            is_alike = not batch or self._key_of(pending.work) == self._key_of(batch[0].work)
            (batch if is_alike else others).append(pending)
        self._line.extendleft(reversed(others))
        return batch

    async def _see_through(self, batch: list[_Pending[Work, Ended]]) -> None:
        """Serve a batch in a task of its own: whatever goes wrong there, the next one is served."""
        serving = asyncio.ensure_future(self._serve([pending.work for pending in batch]))
        await asyncio.wait({serving})
        fault = serving.exception()
        if fault is None:
            for pending, ended in zip(batch, serving.result(), strict=True):
                pending.give(ended)
            return
        for pending in batch:
            pending.give(fault if isinstance(fault, Exception) else RuntimeError("the batch was ended"))
