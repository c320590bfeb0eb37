"""Transfers a second through the ledger's batch entry, spread over many accounts and all on one, against pgbench."""

import asyncio
import time
from collections.abc import Sequence
from itertools import count
from multiprocessing.connection import Connection
from uuid import UUID

import msgspec

from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import SPAWN, Stage
from yikatong.kernel.ids import ResidentId, TransferId, bucket_of
from yikatong.kernel.outcomes import Change
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, AccountName, Leg, TransferDraft, TransferKind, name_account
from yikatong.lines.rules import account_of_source
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.pipeline import BatchConnection

AIM = 10.0


class PostingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one process posts: batches of transfers from payers' purses, in turn, to providers in turn."""

    bucket: int
    writer: int
    payers: tuple[UUID, ...]
    payees: tuple[UUID, ...]
    batch: int
    seconds: float


class Posted(msgspec.Struct, frozen=True):
    """What one process posted, in how many seconds."""

    transfers: int
    seconds: float


def bench_ledger_spread(stage: Stage) -> Row:
    """From every resident's purse to every provider."""
    people = stage.people
    payers = [one.resident_id for one in people.refreshing]
    payees = [till.provider_id for till in people.spread]
    return _bench(stage, "ledger-spread", "spread over all accounts", [payers] * stage.plan.more_rounds, payees)


def bench_ledger_one_account(stage: Stage) -> Row:
    """All from one purse to one provider; another purse each round, so that none runs empty."""
    people = stage.people
    rounds = [[one.resident_id] for one in people.refreshing[: stage.plan.more_rounds]]
    return _bench(stage, "ledger-one-account", "all on one account", rounds, [people.provider_id])


def _bench(stage: Stage, name: str, where: str, rounds: Sequence[Sequence[ResidentId]], payees: Sequence[UUID]) -> Row:
    posted: list[Posted] = []
    tps: list[float] = []
    for number, payers in enumerate(rounds):
        tps.append(stage.pgbench_tps())
        posted.append(_post(stage, payers, payees))
        rate = posted[-1].transfers / posted[-1].seconds
        stage.tell(f"{name}, round {number + 1} of {len(rounds)}: {rate:.0f} transfers, pgbench {tps[-1]:.0f} a second")
    rate = sum(one.transfers for one in posted) / sum(one.seconds for one in posted)
    mean_tps = sum(tps) / len(tps)
    return Row(
        name=name,
        measure=f"transfers a second through the ledger's batch entry, {where}, against pgbench",
        aim=AIM,
        judged=Judged.RATIO_AT_LEAST,
        unit="transfers/s",
        figure=round(rate, 1),
        ratio=round(rate / mean_tps, 2),
        says=f"batches of {stage.plan.batch}, {stage.plan.ledger_processes} processes",
        details={
            "transfers_per_second": round(rate, 1),
            "pgbench_tps": round(mean_tps, 1),
            "rounds": [round(one.transfers / one.seconds / other, 2) for one, other in zip(posted, tps, strict=True)],
        },
    )


def _post(stage: Stage, payers: Sequence[ResidentId], payees: Sequence[UUID]) -> Posted:
    """Let processes post side by side, those of one bucket each as the platform's batches are."""
    bucket_count = stage.settings.bucket_count
    bucket = bucket_of(payers[0], bucket_count)
    in_bucket = tuple(payer for payer in payers if bucket_of(payer, bucket_count) == bucket)
    running = []
    for writer in range(1, stage.plan.ledger_processes + 1):
        order = PostingOrder(
            bucket=bucket,
            writer=writer,
            payers=in_bucket,
            payees=tuple(payees),
            batch=stage.plan.batch,
            seconds=stage.plan.seconds,
        )
        ours, theirs = SPAWN.Pipe(duplex=False)
        process = SPAWN.Process(target=run_posting, args=(order, stage.address, theirs), daemon=True)
        process.start()
        theirs.close()
        running.append((process, ours))
    done = []
    for process, ours in running:
        try:
            done.append(msgspec.json.decode(ours.recv_bytes(), type=Posted))
        except EOFError:
            raise RuntimeError("a posting process died") from None
        process.join(10)
    return Posted(sum(one.transfers for one in done), max(one.seconds for one in done))


def run_posting(order: PostingOrder, address: ServerAddress, result: Connection) -> None:
    """Post for so long, and send back what was posted; the main function of its process."""
    result.send_bytes(msgspec.json.encode(asyncio.run(_run(order, address))))


async def _run(order: PostingOrder, address: ServerAddress) -> Posted:
    clock = SystemClock()
    ids = SystemIds(clock)
    numbers = count()
    purses = [account_of_source(ResidentId(payer), "purse") for payer in order.payers]
    receivables = [name_account(payee, AccountKind.PROVIDER_RECEIVABLE) for payee in order.payees]
    async with await Database.open(address) as database:
        conn = await BatchConnection.over(await database.connect_serving())
        posted, began = 0, time.perf_counter()
        while time.perf_counter() < began + order.seconds:
            now = clock.now()
            drafts = [_draft(next(numbers), purses, receivables, ids) for _ in range(order.batch)]
            outcomes = await ledger.post_pipelined(
                conn, bucket=order.bucket, writer=order.writer, drafts=drafts, now=now
            )
            refused = next((outcome for outcome in outcomes if outcome is not Change.DONE), None)
            if refused is not None:
                raise RuntimeError(f"a transfer was not posted: {refused}")
            posted += len(outcomes)
        took = time.perf_counter() - began
        await conn.close()
    return Posted(posted, took)


def _draft(
    number: int, purses: Sequence[AccountName], receivables: Sequence[AccountName], ids: SystemIds
) -> TransferDraft:
    purse, receivable = purses[number % len(purses)], receivables[number % len(receivables)]
    return TransferDraft(
        TransferId(ids.new()), TransferKind.CORRECTION, ids.new(), (Leg(purse, -1), Leg(receivable, 1))
    )
