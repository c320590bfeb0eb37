"""The network between clients and workers: it loses, delays, doubles and reorders, as the seed says."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from tests.simulator.week.history import History
from tests.simulator.week.lines_to_database import Doom, WorkerDied, be_doomed
from tests.simulator.week.place import Worker
from yikatong.kernel.outcomes import Refused
from yikatong.offline.model import UploadRow
from yikatong.taps.model import Receipt

Answer = TypeVar("Answer")
Call = Callable[[Worker], Awaitable[Answer]]
PATIENCE_SECONDS = 4.0
_LATE_SECONDS = (20.0, 120.0, 1_800.0)
_DIES_OFTEN, _STEPS_MAX = 0.04, 40
"""How often whoever serves a request dies over it, and within how many statements."""


class Said(NamedTuple):
    """An answer of the goods chain: in words without ids, and the claim that it is about."""

    in_words: str
    claim_id: UUID


class Network:
    """Carries requests; what is on its way when its sender has given up still arrives."""

    def __init__(self, random: Random, history: History, workers: list[Worker]) -> None:
        self._random = random
        self._history = history
        self._workers = workers
        self._under_way: set[asyncio.Task[None]] = set()
        self.faults: list[str] = []
        self.sent = self.lost = self.doubled = self.late = self.answers_lost = 0

    async def ask(self, what: str, call: Call[Answer], *, dark_seconds: float = 0.0) -> Answer | Refused | None:
        """Send a request to some worker, perhaps twice; None when no answer comes in time.

        `dark_seconds` is how long whoever sends has no network: nothing leaves before.
        """
        self.sent += 1
        copies = 2 if self._random.random() < 0.12 else 1
        if copies == 2:
            self.doubled += 1
            self._history.write(f"doubled: {what}")
        heard: asyncio.Future[Answer | Refused] = asyncio.get_running_loop().create_future()
        for _ in range(copies):
            task = asyncio.create_task(self._carry(what, call, heard, dark_seconds=dark_seconds))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        await asyncio.wait({heard}, timeout=PATIENCE_SECONDS + dark_seconds)
        return heard.result() if heard.done() else None

    async def be_quiet(self) -> None:
        """Wait until everything that was on its way has arrived."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _carry(
        self, what: str, call: Call[Answer], heard: "asyncio.Future[Answer | Refused]", *, dark_seconds: float
    ) -> None:
        worker = self._random.choice(self._workers)
        await asyncio.sleep(dark_seconds + self._delay())
        if self._random.random() < 0.08:
            self.lost += 1
            self._history.write(f"lost: {what}")
            return
        self._history.write(f"{worker.name} is asked: {what}")
        answer = await self._served(what, call, worker)
        self._history.write(f"{worker.name} answers: {what}: {say(answer)}")
        if answer is None or self._random.random() < 0.08:
            self.answers_lost += 1
            self._history.write(f"answer lost: {what}")
            return
        await asyncio.sleep(self._delay())
        if not heard.done():
            heard.set_result(answer)

    async def _served(self, what: str, call: Call[Answer], worker: Worker) -> Answer | Refused | None:
        """The worker's answer; any failure that is no refusal would be an internal error to whoever asked."""
        if self._random.random() < _DIES_OFTEN:
            be_doomed(Doom(self._random.randrange(_STEPS_MAX)))
        (answer,) = await asyncio.gather(call(worker), return_exceptions=True)
        be_doomed(None)
        if isinstance(answer, WorkerDied):
            self._history.write(f"{worker.name} dies over it: {what}")
            return None
        if isinstance(answer, Refused):
            return answer
        if isinstance(answer, BaseException):
            self.faults.append(f"{what}: {type(answer).__name__}: {answer}")
            return None
        return answer

    def _delay(self) -> float:
        if self._random.random() < 0.06:
            self.late += 1
            self._history.write("late")
            return self._random.uniform(0, self._random.choice(_LATE_SECONDS))
        return self._random.expovariate(1 / 0.008)


def say(answer: Any) -> str:
    """An answer in words without ids."""
    if isinstance(answer, Refused):
        return f"no, {answer.reason.name}"
    if isinstance(answer, Receipt):
        parts = " ".join(f"{part.source}={part.amount_fen}" for part in answer.paid_by)
        return f"{answer.outcome.value} {answer.reason or answer.waits_for or ''} {parts}".strip()
    if isinstance(answer, Said):
        return answer.in_words
    if isinstance(answer, UploadRow):
        return f"{answer.outcome.value} {answer.reason or ''}".strip()
    if not isinstance(answer, str) and not hasattr(answer, "tap_id"):
        return "what was asked for"
    if hasattr(answer, "found"):
        return f"reversed {answer.found} {answer.already}"
    if hasattr(answer, "left_fen"):
        return f"refunded {answer.amount_fen} left {answer.left_fen}"
    return str(answer)
