"""Where a worker spends its time: samples of its own stack, and how long each round trip to the database takes.

Samples are taken by a timer of the kernel that counts only the process's own processor time, so a worker that waits
has none. What runs in C (a signature check, a JSON encoder) is charged to the Python function that called it.
"""

import asyncio
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from yikatong.app.http.frame import Frame
from yikatong.app.serve import serve
from yikatong.app.worker import open_worker
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.pipeline import COMMIT, ROLLBACK, BatchConnection, Result, Statement
from yikatong.plumbing.settings import Settings

_SECONDS_A_SAMPLE = 0.002
_WRITTEN_EVERY_SECONDS = 0.5
_FRAMES_MAX = 40
HTTP, JSON, VERIFYING, READING = "HTTP and event loop", "JSON", "verification", "presentation and receipt"
FACTS, DECIDING, BUILDING, DRIVER = "facts", "decision", "statements built", "SQL sent and rows read"
SEALING, OTHER = "sealed log", "other"
STAGES = (HTTP, JSON, VERIFYING, READING, FACTS, DECIDING, BUILDING, DRIVER, SEALING, OTHER)

_STAGE_OF = (
    ("/yikatong/sealing/", SEALING),
    ("/yikatong/taps/leaves.py", SEALING),
    ("/yikatong/codes/rules/", VERIFYING),
    ("/yikatong/trust/", VERIFYING),
    ("/yikatong/taps/reading.py", VERIFYING),
    ("/yikatong/app/http/decoding.py", JSON),
    ("/yikatong/plumbing/pipeline.py", DRIVER),
    ("/yikatong/plumbing/wire.py", DRIVER),
    ("/psycopg/", DRIVER),
    ("/yikatong/taps/counter/facts.py", FACTS),
    ("/yikatong/taps/counter/writes.py", BUILDING),
    ("/yikatong/plumbing/statements.py", BUILDING),
    ("/yikatong/plumbing/outbox.py", BUILDING),
    ("/yikatong/ledger/batch.py", BUILDING),
    ("/store.py", BUILDING),
    ("/yikatong/taps/counter/", DECIDING),
    ("/yikatong/ledger/", DECIDING),
    ("/yikatong/lines/", DECIDING),
    ("/yikatong/retail/", DECIDING),
    ("/yikatong/subsidised/", DECIDING),
    ("/yikatong/presence/", DECIDING),
    ("/yikatong/taps/", READING),
    ("/yikatong/access/", READING),
    ("/uvicorn/", HTTP),
    ("/httptools/", HTTP),
    ("/uvloop/", HTTP),
    ("/asyncio/", HTTP),
    ("/yikatong/app/", HTTP),
)
"""By the file of the innermost function that says it; the first that fits."""
_ENCODES = ("/yikatong/app/tap_route.py", "_receipt_answer")


class WorkerSamples(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker saw of itself: samples by stage, and rounds to the database by phase with their wall seconds."""

    pid: int
    samples: dict[str, int]
    rounds: dict[str, int]
    round_seconds: dict[str, float]


class Sampler:
    """Takes samples of this process's main thread while it is begun."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        self.rounds: Counter[str] = Counter()
        self.round_seconds: defaultdict[str, float] = defaultdict(float)

    def begin(self) -> None:
        """Set the timer."""
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, _SECONDS_A_SAMPLE, _SECONDS_A_SAMPLE)

    def end(self) -> None:
        """Stop the timer."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def time_rounds(self) -> None:
        """Have every round trip of the counter's connection timed, in this process alone."""
        run = BatchConnection.run

        async def timed(conn: BatchConnection, statements: Sequence[Statement[Any]]) -> list[Result[Any]]:
            began = time.perf_counter()
            try:
                return await run(conn, statements)
            finally:
                phase = phase_of(statements)
                self.rounds[phase] += 1
                self.round_seconds[phase] += time.perf_counter() - began

        setattr(BatchConnection, "run", timed)  # noqa: B010  a type says that methods stay as they are

    def seen(self) -> WorkerSamples:
        """What was seen until now."""
        return WorkerSamples(
            pid=os.getpid(),
            samples=dict(self.samples),
            rounds=dict(self.rounds),
            round_seconds=dict(self.round_seconds),
        )

    def write(self, folder: Path) -> None:
        """Write what was seen until now; who reads it at this moment finds the former or the new, whole."""
        folder.mkdir(exist_ok=True)
        half = folder / f"{os.getpid()}.half"
        half.write_bytes(msgspec.json.encode(self.seen()))
        half.rename(half.with_suffix(".json"))

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.samples[stage_of(frame)] += 1


def stage_of(frame: FrameType | None) -> str:
    """The stage of a tap that a stack is in, told by its innermost function that says one."""
    for _ in range(_FRAMES_MAX):
        if frame is None:
            return HTTP
        code = frame.f_code
        stage = _stage_of_file(code.co_filename, code.co_name)
        if stage is not None:
            return stage
        frame = frame.f_back
    return OTHER


def _stage_of_file(file: str, function: str) -> str | None:
    if file.endswith(_ENCODES[0]) and function == _ENCODES[1]:
        return JSON
    return next((stage for part, stage in _STAGE_OF if part in file), None)


def phase_of(statements: Sequence[Statement[Any]]) -> str:
    """What a round trip to the database is for."""
    if statements[-1].sql == COMMIT.sql:
        return "writes and commit"
    return "rollback" if statements[0].sql == ROLLBACK.sql else "locks and facts"


@asynccontextmanager
async def compose_sampled(settings: Settings, address: ServerAddress) -> AsyncIterator[Frame]:
    """A worker's application that samples itself, and writes what it saw beside the data, also at its end."""
    sampler = Sampler()
    sampler.time_rounds()
    async with open_worker(settings, address) as worker:
        sampler.begin()
        writing = asyncio.create_task(_keep_writing(sampler, settings), name="samples")
        try:
            yield worker.app()
        finally:
            sampler.end()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            sampler.write(samples_folder(settings))


async def _keep_writing(sampler: Sampler, settings: Settings) -> None:
    while True:
        await asyncio.sleep(_WRITTEN_EVERY_SECONDS)
        sampler.write(samples_folder(settings))


def samples_folder(settings: Settings) -> Path:
    """Where workers write what they saw."""
    return Path(settings.data_folder) / "samples"


def serve_sampled(settings: Settings, address: ServerAddress, *, tell: Any) -> None:
    """Serve as always, with workers that sample themselves; the main function of a process."""
    serve(settings, address, tell=tell, composing=compose_sampled)
