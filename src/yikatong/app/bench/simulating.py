"""A population simulated under every sheet, every step kept as Parquet."""

import statistics
from typing import NamedTuple

from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import SPAWN, Stage

AIM = 2.0
FULL_AIM_SECONDS, FULL_AIM_BYTES, FULL_CLAIMS = 25.0, 4_000_000_000, 10_000_000
ROUNDS = 3


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
    # Loaded only when this row runs: the processes of the platform that a benchmark starts need none of it.
    from yikatong.app.bench.simulated import simulate_and_tell

    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=simulate_and_tell, args=(claims, rounds, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        told = Simulated(*ours.recv())
    except EOFError:
        raise RuntimeError("the simulation died") from None
    finally:
        process.join(10)
    return told
