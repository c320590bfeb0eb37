"""Transfers a second through the ledger's batch entry, spread over many accounts and all on one, against pgbench."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from yikatong.app.bench.posting import Posted, PostingOrder, run_posting
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import SPAWN, Stage
from yikatong.kernel.ids import ResidentId, bucket_of

AIM = 10.0


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
        unit="tx/s",
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
        process = SPAWN.Process(target=run_posting, args=(order, stage.settings, stage.address, theirs), daemon=True)
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
