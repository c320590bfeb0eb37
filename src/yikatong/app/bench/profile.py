"""A profile of where a tap's time goes: in the workers by stage, in the database by process, on the wall by phase."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

import msgspec
import psycopg

from yikatong.app.bench.costing import LoadCost, an_order, measure_load
from yikatong.app.bench.processes import PLATFORM
from yikatong.app.bench.sampling import STAGES, WorkerSamples, samples_folder, serve_sampled
from yikatong.app.bench.stage import Stage

_LOOK_SECONDS = 0.02
_WAITS = """
SELECT coalesce(wait_event_type || ': ' || wait_event, 'at work') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query NOT LIKE 'VACUUM%'
"""
HOW = (
    "Stages: stacks sampled in each worker by a timer on its processor time, times that worker's time in /proc. "
    "Database: /proc, process by process. Waits: looks at pg_stat_activity. The load is closed and shares the machine."
)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Where a tap's time goes.

    `processor_microseconds` is a tap's by part and stage; `shares` the same of one. `round_milliseconds` is how long
    a batch waits on the wall for each round trip to the database; `waits` what the database's busy sessions did in
    looks, of which `lock_share` waited for rows that others had locked and `wal_share` for the log;
    `processors_busy` how many of the machine's processors all of it kept busy, generator included.
    """

    taps: int
    taps_per_second: float
    taps_a_batch: float
    processor_microseconds: dict[str, float]
    shares: dict[str, float]
    round_milliseconds: dict[str, float]
    waits: dict[str, float]
    lock_share: float
    wal_share: float
    wal_bytes_a_tap: float
    wal_records_a_tap: float
    wal_whole_pages_a_tap: float
    processors_busy: float
    samples: int
    how: str = HOW


def make_profile(stage: Stage) -> Profile:
    """Load a platform whose workers sample themselves. Raises RuntimeError when processes are out of sight."""
    order = an_order(stage, seconds=2 * stage.plan.seconds)
    waits = _Waits(stage)
    with stage.served(serve_sampled) as served, waits:
        cost = measure_load(stage, served, order)
    if cost.seconds_by_process is None:
        raise RuntimeError("a profile needs the database's processes on this machine")
    seen = [
        msgspec.json.decode(file.read_bytes(), type=WorkerSamples)
        for file in samples_folder(stage.settings).glob("*.json")
    ]
    workers = [worker for worker in seen if worker.pid in cost.seconds_by_process]
    return profile_of(cost, workers, dict(waits.seen), seconds=order.warm_seconds + order.seconds)


def profile_of(cost: LoadCost, workers: list[WorkerSamples], waits: dict[str, int], *, seconds: float) -> Profile:
    """Put together what was seen; `seconds` is how long the load lasted, warm-up included."""
    taps = cost.load.answered
    parts = _worker_parts(cost, workers)
    parts |= _other_parts(cost, {worker.pid for worker in workers})
    parts["load generator (not the platform)"] = cost.load.processor_seconds
    microseconds = {part: round(1e6 * spent / taps, 1) for part, spent in parts.items()}
    total = sum(microseconds.values()) or 1.0
    rounds = sum((Counter(worker.rounds) for worker in workers), Counter[str]())
    round_seconds = {phase: sum(worker.round_seconds.get(phase, 0.0) for worker in workers) for phase in rounds}
    looks = sum(waits.values()) or 1
    return Profile(
        taps=taps,
        taps_per_second=round(cost.load.taps / cost.load.seconds, 1),
        taps_a_batch=round(taps / max(1, rounds["writes and commit"]), 1),
        processor_microseconds=microseconds,
        shares={part: round(spent / total, 3) for part, spent in microseconds.items()},
        round_milliseconds={phase: round(1e3 * round_seconds[phase] / rounds[phase], 3) for phase in sorted(rounds)},
        waits={what: round(number / looks, 3) for what, number in sorted(waits.items(), key=lambda one: -one[1])},
        lock_share=round(_share_of(waits, lambda what: what.startswith("Lock:")) / looks, 3),
        wal_share=round(_share_of(waits, lambda what: "WAL" in what.upper()) / looks, 3),
        wal_bytes_a_tap=round(cost.added.wal / taps, 1),
        wal_records_a_tap=round(cost.added.wal_records / taps, 2),
        wal_whole_pages_a_tap=round(cost.added.wal_pages / taps, 4),
        processors_busy=round(sum(parts.values()) / seconds, 2),
        samples=sum(sum(worker.samples.values()) for worker in workers),
    )


def _share_of(waits: Mapping[str, int], counts: Callable[[str], bool]) -> int:
    return sum(number for what, number in waits.items() if counts(what))


def _worker_parts(cost: LoadCost, workers: list[WorkerSamples]) -> dict[str, float]:
    """Each worker's processor seconds, shared out by its samples."""
    parts = {f"worker: {stage}": 0.0 for stage in STAGES}
    used = cost.seconds_by_process or {}
    for worker in workers:
        taken = sum(worker.samples.values()) or 1
        spent = used[worker.pid].seconds if worker.pid in used else 0.0
        for stage, number in worker.samples.items():
            parts[f"worker: {stage}"] += spent * number / taken
    return {part: spent for part, spent in parts.items() if spent > 0}


def _other_parts(cost: LoadCost, workers: set[int]) -> dict[str, float]:
    """Processor seconds of everything that is no worker: what runs by itself, and the database's processes."""
    parts: defaultdict[str, float] = defaultdict(float)
    for pid, used in (cost.seconds_by_process or {}).items():
        if pid not in workers:
            parts["jobs and relay" if used.part == PLATFORM else f"database: {used.part}"] += used.seconds
    return {part: spent for part, spent in sorted(parts.items()) if spent > 0}


class _Waits:
    """Looks at what the database's sessions wait for, from a thread of its own."""

    def __init__(self, stage: Stage) -> None:
        self._conninfo = stage.address.conninfo
        self._ending = threading.Event()
        self.seen: Counter[str] = Counter()

    def __enter__(self) -> None:
        self._thread = threading.Thread(target=self._keep_looking, daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _keep_looking(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as conn:
            while not self._ending.wait(_LOOK_SECONDS):
                self.seen.update(row[0] for row in conn.execute(_WAITS).fetchall())
