"""What the sealed log costs: taps with it against taps without, in turns."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from yikatong.app.bench.costing import an_order
from yikatong.app.bench.generators import LoadResult
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import Serve, Stage
from yikatong.app.bench.taps import rate_of
from yikatong.app.http.frame import Frame
from yikatong.app.serve import serve
from yikatong.app.worker import open_worker
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.settings import Settings
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Leaf

AIM = 0.9


class _NoSeals(sealing.Writer):
    """Writes nothing to the log."""

    def seal(self, leaves: Sequence[Leaf], *, now: datetime) -> sealing.Sealed | sealing.Unsealed:
        """Leave everything out."""
        return sealing.Unsealed([])


@asynccontextmanager
async def _compose_unsealed(settings: Settings, address: ServerAddress) -> AsyncIterator[Frame]:
    async with open_worker(settings, address, log_writer=_NoSeals) as worker:
        yield worker.app()


def _serve_unsealed(settings: Settings, address: ServerAddress, *, tell: Any) -> None:
    serve(settings, address, tell=tell, composing=_compose_unsealed)


def bench_sealed_log(stage: Stage) -> Row:
    """Taps whose batches are sealed, against taps whose batches are not."""
    rounds = stage.plan.more_rounds
    sealed, bare = [], []
    for number in range(rounds):
        bare.append(_load(stage, _serve_unsealed))
        sealed.append(_load(stage, serve))
        stage.tell(
            f"sealed log, round {number + 1} of {rounds}: {rate_of(sealed[-1:]):.0f} taps a second with it, "
            f"{rate_of(bare[-1:]):.0f} without"
        )
    return Row(
        name="sealed-log",
        measure="taps a second with the sealed log, against taps without",
        aim=AIM,
        judged=Judged.RATIO_AT_LEAST,
        unit="taps/s",
        figure=round(rate_of(sealed), 1),
        ratio=round(rate_of(sealed) / rate_of(bare), 3),
        details={
            "taps_per_second": round(rate_of(sealed), 1),
            "unsealed_taps_per_second": round(rate_of(bare), 1),
            "rounds": [round(rate_of([a]) / rate_of([b]), 3) for a, b in zip(sealed, bare, strict=True)],
        },
    )


def _load(stage: Stage, serving: Serve) -> LoadResult:
    with stage.served(serving) as served:
        return stage.load(served.url, an_order(stage))
