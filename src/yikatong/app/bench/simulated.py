"""The process in which a simulation is measured, and nothing else."""

import time
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from simulator.claimants.trade_in import shape_of
from yikatong.app.simulating import Simulation, add_all, simulate
from yikatong.programmes import service as programmes

FIRST_ON, LAST_ON = date(2024, 9, 1), date(2024, 12, 31)
_KIBIBYTE = 1024


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
    answer.send((seconds, _largest_memory(), written, total.paid, total.paid_fen))


def _largest_memory() -> int:
    """The most that this process has held resident, in bytes; 0 where /proc does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * _KIBIBYTE for line in lines if line.startswith("VmHWM:")), 0)
