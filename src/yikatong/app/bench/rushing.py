"""A crowd at once for the last places of a budget: exactly as many win as it has money for, and how long that takes.

The platform is one of its own, whose clock stands at a day on which the place's published sheet was in force. Each of
the crowd has a card, a wallet and a session; what they send is written beforehand.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from yikatong.access import service as access
from yikatong.access.model import RecordQuery
from yikatong.app.bench.crowd import CrowdOrder, CrowdResult, post_head, run_crowd
from yikatong.app.bench.people import CHUNK, enrol, generate_grown_ups
from yikatong.app.bench.processes import (
    PLATFORM,
    OutOfSight,
    Used,
    processor_seconds,
    used_between,
    workers_among,
)
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import Served, Stage, open_stage, run_generator, vacuum
from yikatong.app.bench.taps import percentile
from yikatong.app.wallets.qualifying import WHAT, Qualifying
from yikatong.app.worker import Worker
from yikatong.cards import bulk
from yikatong.cards.bulk import Newcomer
from yikatong.cards.bulk_enrolment import EnrolledAtOnce
from yikatong.kernel.ids import ResidentId, TransferId
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import name_budget
from yikatong.plumbing.http import CallerKind
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.api import OWN, ApplicationBody
from yikatong.trade_in.model import Application, ClaimState, Qualified
from yikatong.trade_in.service import Wish

AIM_SECONDS = 10.0
WORKERS = 2
PLACE = "320000"
DAY = datetime(2024, 10, 20, 4, 0, tzinfo=UTC)
"""A day on which the place's published sheet was in force."""
FACTS = {"old_battery": "lead_acid", "old_is_plated": "yes"}
WON, LATE = "done", "BUDGET_IS_USED_UP"
_CODES_FROM = 320_000_000_000_000


class Rush(NamedTuple):
    """How a crowd ended, and the seconds from the first application to the last answer."""

    seconds: float
    won: int
    refused: Counter[str]


class Kept(NamedTuple):
    """What the database says of a crowd afterwards: claims, how many won, who left records, what is left."""

    claims: int
    winners: int
    recorded: int
    left_fen: int


def bench_budget_rush(stage: Stage) -> Row:
    """So many applicants at once for the last hundred places, over HTTP, at a platform as `yikatong serve` runs it."""
    count = stage.plan.applicants
    places = stage.plan.applicants_win
    shift = round((DAY - datetime.now(UTC)) / timedelta(seconds=1))
    settings = replace(
        stage.settings,
        data_folder=str(Path(stage.settings.data_folder).parent),
        clock_shift_seconds=shift,
        allow_synthetic_residents=True,
    )
    with open_stage(settings, stage.plan, tell=stage.tell) as own:
        served_in_one = asyncio.run(_rush_at_the_service(own, count=count, places=places))
        requests = asyncio.run(_prepare(own, count=count, places=places))
        result, used = _rush_over_http(own, requests)
        kept = asyncio.run(_look(own))
    _verify(result, kept, count=count, places=places)
    latencies = sorted(result.latencies_ms)
    return Row(
        name="budget-rush",
        measure=f"seconds in which {count} applicants over HTTP hear whether they have one of the last {places} places",
        aim=AIM_SECONDS,
        judged=Judged.FIGURE_AT_MOST,
        unit="s",
        figure=round(result.seconds, 2),
        ratio=round(result.seconds / AIM_SECONDS, 3),
        says=f"{stage.plan.applicants_at_once} connections, the generator beside the platform on this machine; every "
        "applicant with a session of their own, every answer with its record",
        details={
            "applicants": count,
            "connections": stage.plan.applicants_at_once,
            "won": result.answers[WON],
            "refused": {LATE: result.answers[LATE]},
            "p50_ms": round(percentile(latencies, 50), 1),
            "p99_ms": round(percentile(latencies, 99), 1),
            "processor_seconds": {**used, "generator": round(result.processor_seconds, 2)},
            "service_seconds": round(served_in_one.seconds, 2),
        },
    )


def _verify(result: CrowdResult, kept: Kept, *, count: int, places: int) -> None:
    """Exactly so many won, nobody twice, all others heard that the budget is used up. Raises RuntimeError."""
    expected = {WON: places, LATE: count - places}
    if result.answers != expected:
        raise RuntimeError(f"of {count} applicants for {places} places: {result.answers}")
    if kept != Kept(places, places, count, 0):
        raise RuntimeError(f"of {count} applicants for {places} places the database has {kept}")


def _rush_over_http(stage: Stage, requests: tuple[bytes, ...]) -> tuple[CrowdResult, dict[str, float]]:
    """What the crowd heard, and the processor seconds of platform and database meanwhile."""
    order = CrowdOrder(requests=requests, connections=stage.plan.applicants_at_once, expected=frozenset({WON, LATE}))
    with stage.served() as served:
        before = _used(stage, served)
        result = msgspec.json.decode(run_generator(run_crowd, order, served.url), type=CrowdResult)
        return result, _by_part(used_between(before, _used(stage, served)))


def _used(stage: Stage, served: Served) -> dict[int, Used]:
    """What platform and database have used of the processors; without the database where it is out of sight."""
    try:
        database = stage.database_processes()
    except OutOfSight:
        database = []
    return processor_seconds([*served.processes(), *database])


def _by_part(used: Mapping[int, Used]) -> dict[str, float]:
    """Processor seconds: what serves, what runs by itself beside it, and the database."""
    serving = workers_among(dict(used))
    seconds = {"workers": 0.0, "jobs": 0.0, "database": 0.0}
    for pid, one in used.items():
        part = "workers" if pid in serving else "jobs" if one.part == PLATFORM else "database"
        seconds[part] += one.seconds
    return {part: round(spent, 2) for part, spent in seconds.items()}


async def _prepare(stage: Stage, *, count: int, places: int) -> tuple[bytes, ...]:
    """Enrol the crowd, put money for so many into the budget, and write what each will send."""
    async with stage.worker() as worker:
        people = generate_grown_ups(worker, count)
        chunks = ((start, people[start : start + CHUNK]) for start in range(0, count, CHUNK))
        crowd = await enrol(worker, chunks, {}, every=count)
        tokens = await _sign_in(worker, crowd)
        await _fund(worker, places=places)
        requests = tuple(
            _request(worker, token, host=stage.settings.host, number=number) for number, token in enumerate(tokens)
        )
    await vacuum(stage.address)
    return requests


async def _sign_in(worker: Worker, crowd: list[EnrolledAtOnce]) -> list[str]:
    """A session of each wallet."""
    house = worker.house
    async with house.database.transaction() as conn:
        return [
            (
                await access.open_session(
                    conn,
                    kind=CallerKind.WALLET,
                    subject_id=one.device_id,
                    region=house.settings.region,
                    resident_id=one.resident_id,
                    device_id=one.device_id,
                    now=house.clock.now(),
                    ids=house.ids,
                )
            ).token
            for one in crowd
        ]


def _request(worker: Worker, token: str, *, host: str, number: int) -> bytes:
    """What one wallet sends, whole."""
    body = msgspec.json.encode(
        ApplicationBody(request_id=worker.house.ids.new(), place=PLACE, old_code=str(_CODES_FROM + number), facts=FACTS)
    )
    return post_head(OWN, token=token, host=host, length=len(body)) + body


async def _look(stage: Stage) -> Kept:
    """What came of the crowd that asked over HTTP, which left records, and of the one before."""
    plan = stage.plan
    async with stage.worker() as worker, worker.house.database.transaction() as conn:
        records = await access.list_records(conn, query=_records_of(stage))
        won = [record.resident_ids for record in records if record.outcome == WON]
        claims = await trade_in.list_claims(
            conn,
            place=PLACE,
            state=ClaimState.QUALIFIED,
            bucket_count=worker.chain.bucket_count,
            limit=4 * plan.applicants_win,
        )
        budget = name_budget(_wish(worker).budget)
        left = await ledger.find_budget_left(conn, budget=budget, bucket_count=worker.chain.bucket_count)
    return Kept(len(claims) - plan.applicants_win, len(set(won)), len({record.by_id for record in records}), left or 0)


def _records_of(stage: Stage) -> RecordQuery:
    return RecordQuery(
        region=stage.settings.region,
        since=None,
        until=None,
        kind=None,
        what=WHAT,
        by_id=None,
        before=None,
        limit=2 * stage.plan.applicants,
    )


async def _rush_at_the_service(stage: Stage, *, count: int, places: int) -> Rush:
    """The same by the service that the route calls, in one process, over as many gathering lines as workers serve."""
    async with stage.worker() as worker:
        house = worker.house
        crowd = await _register(worker, generate_grown_ups(worker, 2 * count)[count:])
        applications = [_application(worker, one, number) for number, one in enumerate(crowd)]
        await _fund(worker, places=places)
        doors = [
            Qualifying(
                house.database.transaction,
                chain=worker.chain,
                vault=worker.vault,
                clock=house.clock,
                ids=house.ids,
                writer=number,
            )
            for number in range(WORKERS)
        ]
        began = time.perf_counter()
        ends = await asyncio.gather(*(doors[number % WORKERS].apply(one) for number, one in enumerate(applications)))
        seconds = time.perf_counter() - began
    won = sum(isinstance(end, Qualified) for end in ends)
    refused = Counter(end.reason.name for end in ends if isinstance(end, Refused))
    if (won, refused) != (places, Counter({LATE: count - places})):
        raise RuntimeError(f"{won} of {count} applicants won {places} places: {dict(refused)}")
    return Rush(seconds, won, refused)


def _application(worker: Worker, resident_id: ResidentId, number: int) -> Application:
    return Application(
        request_id=worker.house.ids.new(),
        resident_id=resident_id,
        place=PLACE,
        old_code=str(2 * _CODES_FROM + number),
        facts=FACTS,
    )


async def _register(worker: Worker, crowd: Sequence[Newcomer]) -> list[ResidentId]:
    """Let a crowd in, without cards."""
    house = worker.house
    for start in range(0, len(crowd), CHUNK):
        async with house.database.transaction() as conn:
            await bulk.register_newcomers(
                conn,
                crowd[start : start + CHUNK],
                region=house.settings.region,
                terms=worker.terms,
                vault=worker.vault,
                now=house.clock.now(),
            )
    return [one.id for one in crowd]


async def _fund(worker: Worker, *, places: int) -> None:
    """Put into the budget what so many claims of the place's sheet reserve."""
    house, chain, wish = worker.house, worker.chain, _wish(worker)
    async with house.database.transaction() as conn:
        await ledger.fund_budget(
            conn,
            budget=name_budget(wish.budget),
            amount_fen=places * wish.fen,
            transfer_id=TransferId(house.ids.new()),
            reference=house.ids.new(),
            now=house.clock.now(),
            bucket_count=chain.bucket_count,
        )


def _wish(worker: Worker) -> Wish:
    """What each of the crowd would have, of which budget."""
    application = _application(worker, ResidentId(worker.house.ids.new()), 0)
    return trade_in.wish_of(application, chain=worker.chain, now=worker.house.clock.now())
