"""A batch of payments: written, validated, returned and posted, scaled to a million lines."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import UUID

from simulator.bank_files import FileBank
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import Stage
from yikatong.app.outside.bank_folder import FolderBankFiles
from yikatong.app.worker import Worker
from yikatong.cards import bulk_enrolment
from yikatong.cards import service as cards
from yikatong.cards.bulk_enrolment import Binding
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.instants import day_of
from yikatong.payouts import service as payouts
from yikatong.payouts.jobs import BankFileExchange, FileTerms
from yikatong.payouts.model import Batch, BatchState, NewRoster, OncePer, RosterEntry

AIM_SECONDS = 90.0
MILLION = 1_000_000
BANK = "102"
LINES_IN_PART_MAX = 20_000
LINE_FEN = 5_000
_TERM = timedelta(days=14)


class Took(NamedTuple):
    """Seconds of the two halves, and how long setting up took, which does not count."""

    lines: int
    sending: float
    returning: float
    making: float


def bench_payout_batch(stage: Stage) -> Row:
    """A batch to everybody on the stage, in turn, until it has so many lines; every fiftieth comes back."""
    people = [one.resident_id for one in stage.people.refreshing][:LINES_IN_PART_MAX]
    took = asyncio.run(_run(stage, people))
    per_million = (took.sending + took.returning) * MILLION / took.lines
    return Row(
        name="payout-batch",
        measure="seconds for a million lines: written, validated, returned and posted",
        aim=AIM_SECONDS,
        judged=Judged.FIGURE_AT_MOST,
        unit="s",
        figure=round(per_million, 1),
        ratio=round(per_million / AIM_SECONDS, 3),
        says=f"measured on {took.lines} lines and scaled; the bank's own work and making the batch are left out",
        details={
            "lines": took.lines,
            "sending_seconds": round(took.sending, 2),
            "returning_seconds": round(took.returning, 2),
            "making_seconds": round(took.making, 2),
        },
    )


async def _run(stage: Stage, people: list[ResidentId]) -> Took:
    async with stage.worker() as worker:
        began = time.perf_counter()
        bound = await _bind(worker, people)
        batch = await _make_batch(worker, people, stage.plan.payout_lines)
        made = time.perf_counter() - began
        with TemporaryDirectory(prefix="ykt-bank-files-", dir=stage.settings.data_folder) as folder:
            took = await _pay(worker, batch, Path(folder), lines_in_part=len(people), making=made)
        await _unbind(worker, bound)
        return took


async def _pay(worker: Worker, batch: Batch, root: Path, *, lines_in_part: int, making: float) -> Took:
    house = worker.house
    for each in ("to-bank", "from-bank"):
        (root / BANK / each).mkdir(parents=True)
    bank = FileBank(root / BANK, clock=house.clock)
    exchange = BankFileExchange(
        database=house.database,
        files=FolderBankFiles(root),
        vault=worker.vault,
        clock=house.clock,
        ids=house.ids,
        bucket_count=house.settings.bucket_count,
        terms=FileTerms(lines_in_part=lines_in_part),
    )
    began = time.perf_counter()
    async with house.database.transaction() as conn:
        await payouts.apply_for_payment(
            conn,
            batch_id=batch.id,
            pay_on=day_of(house.clock.now()),
            by=batch.made_by,
            now=house.clock.now(),
            ids=house.ids,
            bucket_count=house.settings.bucket_count,
        )
    await exchange.send_batch(batch.id)
    sending = time.perf_counter() - began
    bank.take_in()
    bank.refuse_every(50)
    bank.answer()
    began = time.perf_counter()
    await exchange.fetch_returns()
    returning = time.perf_counter() - began
    async with house.database.transaction() as conn:
        ended = await payouts.get_batch(conn, batch_id=batch.id)
    if ended.state is not BatchState.CLOSED or not ended.sums.returned_count:
        raise RuntimeError(f"the batch has not ended: {ended.state}, {ended.sums}")
    return Took(batch.sums.issued_count, sending, returning, making)


async def _bind(worker: Worker, people: list[ResidentId]) -> list[ResidentId]:
    """Bind an account to everybody who has none; gives who had none."""
    house = worker.house
    async with house.database.transaction() as conn:
        unbound = []
        for resident_id in people:
            bucket = bucket_of(resident_id, house.settings.bucket_count)
            if await cards.find_bank_binding(conn, bucket=bucket, resident_id=resident_id) is None:
                unbound.append(resident_id)
        await bulk_enrolment.bind_many(
            conn,
            [Binding(who, BANK, f"act_{who.hex[-24:]}", "0000") for who in unbound],
            bucket_count=house.settings.bucket_count,
            now=house.clock.now(),
            ids=house.ids,
        )
    return unbound


async def _unbind(worker: Worker, people: list[ResidentId]) -> None:
    """End their bindings: in the rows that follow, whoever has too little must not be paid for by a bank."""
    house = worker.house
    async with house.database.transaction() as conn:
        for resident_id in people:
            bucket = bucket_of(resident_id, house.settings.bucket_count)
            await cards.unbind_bank(conn, bucket=bucket, resident_id=resident_id, now=house.clock.now())


async def _make_batch(worker: Worker, people: list[ResidentId], line_count: int) -> Batch:
    """A batch with so many lines to these people in turn, each line for a reference of its own."""
    house = worker.house
    database, ids, now = house.database, house.ids, house.clock.now()
    bucket_count, region = house.settings.bucket_count, house.settings.region
    clerk, reviewer = ids.new(), ids.new()
    budget = payouts.budget_of(region=region, code="bench")
    new = NewRoster(
        region=region,
        # The people of a benchmark live all over the province.
        division=f"{region[:2]}0000",
        scheme="bench",
        period=ids.new().hex[:16],
        title="发放性能测试",
        budget=budget,
        once_per=OncePer.REFERENCE,
    )
    async with database.transaction() as conn:
        await payouts.fund_budget(
            conn,
            budget=budget,
            amount_fen=line_count * LINE_FEN,
            reference=ids.new(),
            now=now,
            ids=ids,
            bucket_count=bucket_count,
        )
        roster = await payouts.open_roster(conn, new=new, by=clerk, now=now, ids=ids)
    for start in range(0, line_count, LINES_IN_PART_MAX):
        entries = [
            RosterEntry(resident_id=people[place % len(people)], reference=ids.new(), amount_fen=LINE_FEN)
            for place in range(start, min(start + LINES_IN_PART_MAX, line_count))
        ]
        async with database.transaction() as conn:
            await payouts.add_lines(conn, roster_id=roster.id, entries=entries, by=clerk, bucket_count=bucket_count)
    return await _through_publicity(worker, roster.id, clerk=clerk, reviewer=reviewer)


async def _through_publicity(worker: Worker, roster_id: UUID, *, clerk: UUID, reviewer: UUID) -> Batch:
    house = worker.house
    now, bucket_count = house.clock.now(), house.settings.bucket_count
    async with house.database.transaction() as conn:
        await payouts.examine_roster(conn, roster_id=roster_id, by=clerk, now=now, bucket_count=bucket_count)
    async with house.database.transaction() as conn:
        await payouts.publish_roster(conn, roster_id=roster_id, by=reviewer, now=now, ids=house.ids)
        await payouts.finalise_roster(
            conn, roster_id=roster_id, by=reviewer, now=now + _TERM, ids=house.ids, bucket_count=bucket_count
        )
        return await payouts.issue_batch(
            conn, roster_id=roster_id, by=clerk, now=now, ids=house.ids, bucket_count=bucket_count
        )
