"""Certificate refreshes a second and core."""

import asyncio
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple

import msgspec

from yikatong.access import service as access
from yikatong.app.bench.costing import DatabaseBytes, look_at_database
from yikatong.app.bench.processes import OutOfSight, processor_seconds
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.shop import Refreshing
from yikatong.app.bench.stage import Stage
from yikatong.app.http.decoding import body_reader
from yikatong.app.wallets.calls import WalletCall
from yikatong.app.wallets.refreshing import RefreshCall
from yikatong.app.worker import Worker
from yikatong.codes import service as codes
from yikatong.codes.api import RefreshBody, read_request
from yikatong.codes.model import RefreshRequest, SceneGroup, ShowKey
from yikatong.kernel.ids import DeviceId
from yikatong.plumbing.http import CallerKind
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

AIM = 2_000.0
GROUPS = tuple(SceneGroup)
IN_FLIGHT = 64
"""So many wallets ask at once, as many as connections load the tap route."""
_read_body = body_reader(RefreshBody)


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
    """Wallets refresh, 64 at once, each with a show key for every scene group, each with its record."""
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
        says=f"a refresh gives {len(GROUPS)} certificates, one for each scene group; {IN_FLIGHT} wallets at once, "
        f"with session and record, without HTTP{missing}",
        details={
            "refreshes_per_second_and_core": round(cost.refreshes / seconds, 1),
            "certificates_a_refresh": len(GROUPS),
            "own_microseconds_a_refresh": round(1e6 * cost.own_seconds / cost.refreshes, 1),
            "database_microseconds_a_refresh": (
                None if cost.database_seconds is None else round(1e6 * cost.database_seconds / cost.refreshes, 1)
            ),
            "wal_bytes_a_refresh": round(cost.added.wal / cost.refreshes, 1),
            "refreshes_per_second": round(cost.refreshes / cost.wall_seconds, 1),
        },
    )


def measure_refreshes(stage: Stage) -> RefreshCost:
    """Refresh so many wallets as the plan says; what the wallets do themselves is done before and does not count."""
    people = list(islice(cycle(stage.people.refreshing), stage.plan.refreshes))
    warm = min(IN_FLIGHT, len(people) // 2)

    async def run() -> RefreshCost:
        async with stage.worker() as worker:
            calls = list(_calls(worker, people, await _tokens(worker, stage.people.refreshing)))
            await _refresh_all(worker, calls[:warm])
            bytes_before, before = look_at_database(stage), _database_seconds(stage)
            began, own_before = time.perf_counter(), time.process_time()
            answer_bytes = await _refresh_all(worker, calls[warm:])
            own, wall = time.process_time() - own_before, time.perf_counter() - began
            after = _database_seconds(stage)
            database = None if before is None or after is None else after - before
            added = look_at_database(stage).since(bytes_before)
        return RefreshCost(
            refreshes=len(calls) - warm,
            certificates=(len(calls) - warm) * len(GROUPS),
            own_seconds=own,
            database_seconds=database,
            wall_seconds=wall,
            added=added,
            request_bytes=sum(len(call.body) for call in calls[warm:]),
            answer_bytes=answer_bytes,
        )

    return asyncio.run(run())


class _Call(NamedTuple):
    """What a wallet sends: its token, and the body as it goes over the wire."""

    token: str
    body: bytes


async def _tokens(worker: Worker, people: Sequence[Refreshing]) -> dict[DeviceId, str]:
    """A session of each wallet."""
    house = worker.house
    tokens: dict[DeviceId, str] = {}
    async with house.database.transaction() as conn:
        for one in people:
            opened = await access.open_session(
                conn,
                kind=CallerKind.WALLET,
                subject_id=one.device_id,
                region=house.settings.region,
                resident_id=one.resident_id,
                device_id=one.device_id,
                now=house.clock.now(),
                ids=house.ids,
            )
            tokens[one.device_id] = opened.token
    return tokens


def _calls(worker: Worker, people: Sequence[Refreshing], tokens: dict[DeviceId, str]) -> Iterator[_Call]:
    """What each wallet sends."""
    now, ids = worker.house.clock.now(), worker.house.ids
    for one in people:
        keys = tuple(ShowKey(group, trust.new_signing_key(Algorithm.ES256).public_key) for group in GROUPS)
        request = RefreshRequest(device_id=one.device_id, made_at=now, nonce=ids.random_bytes(8), show_keys=keys)
        signed = codes.sign_refresh(request, trust.signing_key(Algorithm.ES256, one.private_key))
        body = RefreshBody(request=urlsafe_b64encode(signed).rstrip(b"=").decode())
        yield _Call(tokens[one.device_id], msgspec.json.encode(body))


async def _refresh_all(worker: Worker, calls: Sequence[_Call]) -> int:
    """Have so many wallets at once refresh until all have; gives the bytes of all answers."""
    left = iter(calls)

    async def refresh_some() -> int:
        return sum([len(await _refresh(worker, call)) for call in left])

    return sum(await asyncio.gather(*(refresh_some() for _ in range(IN_FLIGHT))))


async def _refresh(worker: Worker, call: _Call) -> bytes:
    """One wallet's refresh as its route does it, but for headers and the line in the log."""
    asked = WalletCall(
        caller=await worker.door.authenticate(call.token),
        request_id=worker.house.ids.new().hex,
        request_digest=access.digest_request((call.body,), key=call.token),
        purpose=None,
        kept=None,
    )
    answered = await worker.refreshing.refresh(RefreshCall(asked, read_request(_read_body(call.body))))
    return answered.content


def _database_seconds(stage: Stage) -> float | None:
    """Processor seconds of the database until now; None when it is out of sight."""
    try:
        used = processor_seconds(stage.database_processes())
    except OutOfSight:
        return None
    return sum(one.seconds for one in used.values())
