"""A population simulated under every sheet, every step kept as Parquet."""

import statistics
import time
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from simulator.claimants.trade_in import shape_of
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import SPAWN, Stage
from yikatong.app.simulating import Simulation, add_all, simulate
from yikatong.programmes import service as programmes

AIM = 2.0
FULL_AIM_SECONDS, FULL_AIM_BYTES, FULL_CLAIMS = 25.0, 4_000_000_000, 10_000_000
ROUNDS = 3
FIRST_ON, LAST_ON = date(2024, 9, 1), date(2024, 12, 31)
_KIBIBYTE = 1024


class Simulated(NamedTuple):
    """Seconds of each round, the largest resident memory of the process, bytes of Parquet, and what came out."""

    seconds: list[float]
    memory_bytes: int
    parquet_bytes: int
    paid: int
    paid_fen: int


def bench_simulate(stage: Stage) -> Row:
    """So many made-up trade-ins in a process of their own; with --full ten million as well."""
    claims = stage.plan.simulated_claims
    one = _simulate_apart(claims, rounds=ROUNDS)
    seconds = statistics.median(one.seconds)
    details: dict[str, object] = {
        "claims": claims,
        "claims_per_second": round(claims / seconds),
        "rounds_seconds": [round(each, 3) for each in one.seconds],
        "memory_bytes": one.memory_bytes,
        "parquet_bytes_a_claim": round(one.parquet_bytes / claims, 1),
        "paid": one.paid,
        "paid_fen": one.paid_fen,
    }
    if stage.plan.full:
        stage.tell(f"simulate: {FULL_CLAIMS:,} claims")
        full = _simulate_apart(FULL_CLAIMS, rounds=1)
        details |= {
            "full_seconds": round(full.seconds[0], 2),
            "full_aim_seconds": FULL_AIM_SECONDS,
            "full_memory_bytes": full.memory_bytes,
            "full_aim_bytes": FULL_AIM_BYTES,
        }
    return Row(
        name="simulate",
        measure=f"seconds for {claims:,} claims under every sheet, every step kept as Parquet",
        aim=AIM,
        judged=Judged.FIGURE_AT_MOST,
        unit="s",
        figure=round(seconds, 4),
        ratio=round(seconds / AIM, 4),
        says="made up, decided and written by two threads; the start of the process does not count",
        details=details,
    )


def _simulate_apart(claims: int, *, rounds: int) -> Simulated:
    """Simulate in a fresh process, whose memory is this alone. Raises RuntimeError when it dies."""
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=simulate_and_tell, args=(claims, rounds, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        told: Simulated = ours.recv()
    except EOFError:
        raise RuntimeError("the simulation died") from None
    finally:
        process.join(10)
    return told


def simulate_and_tell(claims: int, rounds: int, answer: Connection) -> None:
    """What the process does."""
    import pyarrow.parquet  # noqa: F401  its start does not count

    shelf = programmes.read_shelf()
    rules = programmes.present_rules(shelf, "trade_in")
    with TemporaryDirectory() as folder:
        simulation = Simulation(
            formula=shelf.newest_formula("trade_in"),
            present=rules,
            changed=None,
            shape=shape_of((sheet.head.place for sheet in rules.sheets), first_on=FIRST_ON, last_on=LAST_ON),
            known_on=date.max,
            seed=1,
            rows=claims,
            folder=Path(folder),
        )
        seconds = []
        for _ in range(rounds):
            began = time.perf_counter()
            total = add_all(simulate(simulation))
            seconds.append(time.perf_counter() - began)
        written = sum(part.stat().st_size for part in Path(folder, "steps").glob("*.parquet"))
    answer.send(Simulated(seconds, _largest_memory(), written, total.paid, total.paid_fen))


def _largest_memory() -> int:
    """The most that this process has held resident, in bytes; 0 where /proc does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * _KIBIBYTE for line in lines if line.startswith("VmHWM:")), 0)
