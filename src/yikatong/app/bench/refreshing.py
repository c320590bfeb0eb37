"""Certificate refreshes a second and core."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple

from yikatong.app.bench.costing import DatabaseBytes, look_at_database
from yikatong.app.bench.processes import OutOfSight, processor_seconds
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.shop import Refreshing
from yikatong.app.bench.stage import Stage
from yikatong.app.worker import Worker
from yikatong.cards import service as cards
from yikatong.codes import service as codes
from yikatong.codes.model import RefreshRequest, SceneGroup, ShowKey
from yikatong.kernel.ids import bucket_of
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

AIM = 2_000.0
GROUPS = tuple(SceneGroup)


class RefreshCost(NamedTuple):
    """What some refreshes took: processor and wall's seconds, bytes of database and of messages."""

    refreshes: int
    certificates: int
    own_seconds: float
    database_seconds: float | None
    wall_seconds: float
    added: DatabaseBytes
    request_bytes: int
    answer_bytes: int


def bench_refresh(stage: Stage) -> Row:
    """Wallets refresh one after the other, each with a show key for every scene group, in one transaction each."""
    cost = measure_refreshes(stage)
    seconds = cost.own_seconds + (cost.database_seconds or 0.0)
    per_core = cost.certificates / seconds
    missing = (
        "" if cost.database_seconds is not None else "; the database's processor time is out of sight, so without it"
    )
    return Row(
        name="refresh",
        measure="certificates refreshed a second and core, database included",
        aim=AIM,
        judged=Judged.FIGURE_AT_LEAST,
        unit="cert/s/core",
        figure=round(per_core, 1),
        ratio=round(per_core / AIM, 3),
        says=f"a wallet's refresh gives {len(GROUPS)} certificates, one for each scene group; without HTTP{missing}",
        details={
            "refreshes_per_second_and_core": round(cost.refreshes / seconds, 1),
            "certificates_a_refresh": len(GROUPS),
            "own_microseconds_a_refresh": round(1e6 * cost.own_seconds / cost.refreshes, 1),
            "database_microseconds_a_refresh": (
                None if cost.database_seconds is None else round(1e6 * cost.database_seconds / cost.refreshes, 1)
            ),
            "wal_bytes_a_refresh": round(cost.added.wal / cost.refreshes, 1),
            "refreshes_per_second_one_after_the_other": round(cost.refreshes / cost.wall_seconds, 1),
        },
    )


def measure_refreshes(stage: Stage) -> RefreshCost:
    """Refresh so many wallets as the plan says; what the wallets do themselves is done before and does not count."""
    people = list(islice(cycle(stage.people.refreshing), stage.plan.refreshes))

    async def run() -> RefreshCost:
        async with stage.worker() as worker:
            requests = list(_requests(worker, people))
            await _refresh_all(worker, people[:1], requests[:1])
            bytes_before, before = look_at_database(stage), _database_seconds(stage)
            began, own_before = time.perf_counter(), time.process_time()
            answer_bytes = await _refresh_all(worker, people[1:], requests[1:])
            own, wall = time.process_time() - own_before, time.perf_counter() - began
            after = _database_seconds(stage)
            database = None if before is None or after is None else after - before
            added = look_at_database(stage).since(bytes_before)
        return RefreshCost(
            refreshes=len(people) - 1,
            certificates=(len(people) - 1) * len(GROUPS),
            own_seconds=own,
            database_seconds=database,
            wall_seconds=wall,
            added=added,
            request_bytes=sum(map(len, requests[1:])),
            answer_bytes=answer_bytes,
        )

    return asyncio.run(run())


def _requests(worker: Worker, people: Sequence[Refreshing]) -> Iterator[bytes]:
    """What each wallet sends."""
    now, ids = worker.house.clock.now(), worker.house.ids
    for one in people:
        keys = tuple(ShowKey(group, trust.new_signing_key(Algorithm.ES256).public_key) for group in GROUPS)
        request = RefreshRequest(device_id=one.device_id, made_at=now, nonce=ids.random_bytes(8), show_keys=keys)
        yield codes.sign_refresh(request, trust.signing_key(Algorithm.ES256, one.private_key))


async def _refresh_all(worker: Worker, people: Sequence[Refreshing], requests: Sequence[bytes]) -> int:
    """Refresh one after the other; gives the bytes of all certificates."""
    house = worker.house
    answer_bytes = 0
    for one, request in zip(people, requests, strict=True):
        resident_id = one.resident_id
        bucket = bucket_of(resident_id, house.settings.bucket_count)
        async with house.database.transaction() as conn:
            device = await cards.get_device(conn, bucket=bucket, resident_id=resident_id, device_id=one.device_id)
            refreshed = await codes.refresh(
                conn, device=device, request=request, holder=worker.keys, now=house.clock.now(), ids=house.ids
            )
        answer_bytes += sum(len(one.certificate) for one in refreshed.certificates)
    return answer_bytes


def _database_seconds(stage: Stage) -> float | None:
    """Processor seconds of the database until now; None when it is out of sight."""
    try:
        used = processor_seconds(stage.database_processes())
    except OutOfSight:
        return None
    return sum(one.seconds for one in used.values())
