"""How much memory the whole platform has resident, database included, while taps run."""

import threading
from contextlib import suppress

from msgspec.structs import replace

from yikatong.app.bench.load import LoadOrder
from yikatong.app.bench.processes import OutOfSight, part_of_pid, proportional_bytes
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import Served, Stage

AIM_BYTES = 1_000_000_000.0
_LOOK_SECONDS = 0.5


def bench_memory(stage: Stage) -> Row:
    """The most that was seen in looks while taps ran; what processes share counts once."""
    plan = stage.plan
    row = Row(
        name="memory",
        measure="resident memory of the whole platform, database included, while taps run",
        aim=AIM_BYTES,
        judged=Judged.FIGURE_AT_MOST,
        unit="bytes",
    )
    order = LoadOrder(
        connections=plan.connections,
        tills=stage.people.spread,
        warm_seconds=plan.warm_seconds,
        seconds=2 * plan.seconds,
    )
    with stage.served() as served:
        try:
            looks = _Looks(stage, served)
        except OutOfSight as why:
            return replace(row, says=str(why))
        with looks:
            stage.load(served.url, order)
    most = max(looks.seen, key=lambda parts: sum(parts.values()))
    return _measured(row, most, looks=len(looks.seen))


class _Looks:
    """Looks at memory every half second from a thread of its own."""

    def __init__(self, stage: Stage, served: Served) -> None:
        self._stage = stage
        self._served = served
        self._ending = threading.Event()
        self.seen: list[dict[str, int]] = [self._look()]

    def __enter__(self) -> None:
        self._thread = threading.Thread(target=self._keep_looking, daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _keep_looking(self) -> None:
        while not self._ending.wait(_LOOK_SECONDS):
            with suppress(OutOfSight):
                self.seen.append(self._look())

    def _look(self) -> dict[str, int]:
        parts: dict[str, int] = {}
        for pid in [*self._served.processes(), *self._stage.database_processes()]:
            part = part_of_pid(pid)
            parts[part] = parts.get(part, 0) + proportional_bytes([pid])
        return parts


def _measured(row: Row, most: dict[str, int], *, looks: int) -> Row:
    figure = float(sum(most.values()))
    return replace(
        row,
        figure=figure,
        ratio=round(figure / AIM_BYTES, 3),
        says="PSS, in bytes; the database that pgbench filled is on the same server and in its buffers too",
        details={"bytes_by_part": most, "looks": looks},
    )
