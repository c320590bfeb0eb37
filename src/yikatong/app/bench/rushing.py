"""A crowd at once for the last places of a budget: exactly as many win as it has money for, and how long that takes."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from typing import NamedTuple

from simulator.population.load import newcomers_of
from simulator.population.people import generate
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import Stage
from yikatong.app.qualifying import Qualifying
from yikatong.app.worker import Worker
from yikatong.cards import bulk
from yikatong.kernel.ids import ResidentId, TransferId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountName, name_budget
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.model import Application, ChainTerms, Qualified

AIM_SECONDS = 10.0
PLACES = 100
WORKERS = 2
PLACE = "320000"
DAY = datetime(2024, 10, 20, 4, 0, tzinfo=UTC)
"""A day on which the place's published sheet was in force."""
SEED = 20_241_020
_AT_ONCE = 500
_CODES_FROM = 320_000_000_000_000


class Rush(NamedTuple):
    """How a crowd ended, and the seconds from the first application to the last answer."""

    seconds: float
    won: int
    refused: Counter[str]


class _StandingClock:
    """A clock that stands on the day of the sheet."""

    def now(self) -> datetime:
        """That noon."""
        return DAY


def bench_budget_rush(stage: Stage) -> Row:
    """So many applicants at once for the last hundred places, over as many gathering workers as serve a platform."""
    count = stage.plan.applicants
    places = min(PLACES, count // 4)
    rush = asyncio.run(_run(stage, count=count, places=places))
    if rush.won != places:
        raise RuntimeError(f"{rush.won} of {count} applicants won {places} places: {dict(rush.refused)}")
    return Row(
        name="budget-rush",
        measure=f"seconds in which {count} applicants at once hear whether they have one of the last {places} places",
        aim=AIM_SECONDS,
        judged=Judged.FIGURE_AT_MOST,
        unit="s",
        figure=round(rush.seconds, 2),
        ratio=round(rush.seconds / AIM_SECONDS, 3),
        says="by the service that the route calls, in one process; HTTP is left out",
        details={"applicants": count, "won": rush.won, "refused": dict(rush.refused)},
    )


async def _run(stage: Stage, *, count: int, places: int) -> Rush:
    async with stage.worker() as worker:
        crowd = await _a_crowd(worker, count)
        applications = [_apply(worker, one, number) for number, one in enumerate(crowd)]
        await _fund(worker, applications[0], chain=worker.chain, places=places)
        doors = [
            Qualifying(
                worker.house.database.transaction,
                chain=worker.chain,
                vault=worker.vault,
                clock=_StandingClock(),
                ids=worker.house.ids,
                writer=number,
            )
            for number in range(WORKERS)
        ]
        began = time.perf_counter()
        ends = await asyncio.gather(*(doors[number % WORKERS].apply(one) for number, one in enumerate(applications)))
        seconds = time.perf_counter() - began
    won = sum(isinstance(end, Qualified) for end in ends)
    return Rush(seconds, won, Counter(end.reason.name for end in ends if isinstance(end, Refused)))


def _apply(worker: Worker, resident_id: ResidentId, number: int) -> Application:
    return Application(
        request_id=worker.house.ids.new(),
        resident_id=resident_id,
        place=PLACE,
        old_code=str(_CODES_FROM + number),
        facts={"old_battery": "lead_acid", "old_is_plated": "yes"},
    )


async def _a_crowd(worker: Worker, count: int) -> list[ResidentId]:
    """Residents who are nobody else on the stage."""
    house = worker.house
    today = day_of(house.clock.now())
    crowd: list[ResidentId] = []
    for batch in generate(SEED, count, today, batch_size=_AT_ONCE):
        newcomers = newcomers_of(batch, today=today)
        async with house.database.transaction() as conn:
            await bulk.register_newcomers(
                conn,
                newcomers,
                region=house.settings.region,
                terms=worker.terms,
                vault=worker.vault,
                now=house.clock.now(),
            )
        crowd += [one.id for one in newcomers]
    return crowd


async def _fund(worker: Worker, application: Application, *, chain: ChainTerms, places: int) -> AccountName:
    """Leave in the budget what so many claims of this sheet reserve."""
    house = worker.house
    wish = trade_in.wish_of(application, chain=chain, now=DAY)
    budget = name_budget(wish.budget)
    async with house.database.transaction() as conn:
        await ledger.fund_budget(
            conn,
            budget=budget,
            amount_fen=places * wish.fen,
            transfer_id=TransferId(house.ids.new()),
            reference=house.ids.new(),
            now=DAY,
            bucket_count=chain.bucket_count,
        )
    return budget
