"""One function for each statement of codes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from yikatong.codes.model import (
    CertificateAt,
    CertificateState,
    PublishedList,
    SceneGroup,
    StatusStep,
    StoredCertificate,
)
from yikatong.kernel.ids import DeviceId, ECardId, ResidentId
from yikatong.plumbing import wire
from yikatong.plumbing.pipeline import Statement
from yikatong.plumbing.queries import load_queries

QUERIES = load_queries("yikatong.codes")

Conn = psycopg.AsyncConnection[Any]


def find_certificates(
    *, bucket: int, resident_ids: Sequence[ResidentId], serials: Sequence[int]
) -> Statement[StoredCertificate]:
    """The certificates of a batch, by resident and serial in pairs; those that are unknown give no row."""
    params = (wire.int2(bucket), wire.uuid_array(resident_ids), wire.int8_array(serials))
    return Statement(QUERIES["find_certificates"], params, StoredCertificate)


async def find_certificate_at(conn: Conn, *, bucket: int, resident_id: ResidentId, serial: int) -> CertificateAt | None:
    """One certificate with its times, or None."""
    params = {"bucket": bucket, "resident_id": resident_id, "serial": serial}
    row = await (await conn.execute(QUERIES["find_certificate_at"], params)).fetchone()
    return (
        None if row is None else CertificateAt(stored=StoredCertificate(*row[:9]), expires_at=row[9], state_at=row[10])
    )


async def list_show_keys(
    conn: Conn, *, bucket: int, resident_ids: Sequence[ResidentId], now: datetime
) -> dict[tuple[ResidentId, SceneGroup], list[bytes]]:
    """The show keys that some residents' wallets hold now, by resident and scene group."""
    params = {"bucket": bucket, "resident_ids": list(resident_ids), "now": now}
    found: dict[tuple[ResidentId, SceneGroup], list[bytes]] = {}
    for resident_id, group, show_key in await (await conn.execute(QUERIES["list_show_keys"], params)).fetchall():
        found.setdefault((resident_id, SceneGroup(group)), []).append(show_key)
    return found


async def take_serials(conn: Conn, *, bucket: int, resident_id: ResidentId, count: int) -> int:
    """The first of `count` fresh serials; with a count of 0 only the resident's serial row is locked."""
    params = {"bucket": bucket, "resident_id": resident_id, "count": count}
    return await _value(conn, "take_serials", params)


async def take_status_positions(
    conn: Conn, *, region: str, count: int, live_until: datetime
) -> tuple[int, bytes, int] | None:
    """Block, its seed, and the first of `count` fresh positions in it; None when every open block is held."""
    params = {"region": region, "count": count, "live_until": live_until}
    cursor = await conn.execute(QUERIES["take_status_positions"], params)
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1], row[2])


async def reuse_status_block(conn: Conn, *, region: str, seed: bytes, dead_before: datetime, now: datetime) -> bool:
    """Open a full block anew whose certificates all expired before a time; whether there was one."""
    params = {"region": region, "seed": seed, "dead_before": dead_before, "now": now}
    cursor = await conn.execute(QUERIES["reuse_status_block"], params)
    return cursor.rowcount > 0


async def open_status_block(conn: Conn, *, region: str, seed: bytes, now: datetime) -> None:
    """Add a block, unless another writer adds it at the same moment."""
    await conn.execute(QUERIES["open_status_block"], {"region": region, "seed": seed, "now": now})


async def insert_certificates(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    e_card_id: ECardId,
    device_id: DeviceId,
    region: str,
    made_at: datetime,
    expires_at: datetime,
    rows: Sequence[tuple[int, str, int, bytes, int]],
) -> None:
    """Write the certificates of one refresh: (serial, scene group, algorithm, show key, status index)."""
    serials, scene_groups, algorithms, show_keys, status_indexes = zip(*rows, strict=True)
    params = {
        "bucket": bucket,
        "resident_id": resident_id,
        "e_card_id": e_card_id,
        "device_id": device_id,
        "region": region,
        "now": made_at,
        "expires_at": expires_at,
        "serials": list(serials),
        "scene_groups": list(scene_groups),
        "algorithms": list(algorithms),
        "show_keys": list(show_keys),
        "status_indexes": list(status_indexes),
    }
    await conn.execute(QUERIES["insert_certificates"], params)


async def change_states(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    device_id: DeviceId | None,
    states_before: Sequence[CertificateState],
    state: CertificateState,
    now: datetime,
) -> int:
    """Move a resident's certificates (of one device, if given) to a state; how many were moved."""
    params = {
        "bucket": bucket,
        "resident_id": resident_id,
        "device_id": device_id,
        "states_before": [before.value for before in states_before],
        "state": state.value,
        "now": now,
    }
    return await _value(conn, "change_states", params)


async def find_not_active(conn: Conn, *, bucket: int, region: str, now: datetime) -> list[tuple[int, CertificateState]]:
    """Status index and state of a bucket's unexpired certificates that are not active."""
    params = {"bucket": bucket, "region": region, "now": now}
    cursor = await conn.execute(QUERIES["find_not_active"], params)
    return [(row[0], CertificateState(row[1])) for row in await cursor.fetchall()]


async def find_live_blocks(conn: Conn, *, region: str, now: datetime) -> list[int]:
    """The numbers of a region's blocks in which a certificate has not expired."""
    cursor = await conn.execute(QUERIES["find_live_blocks"], {"region": region, "now": now})
    return [row[0] for row in await cursor.fetchall()]


async def put_status_list(conn: Conn, *, region: str, published: PublishedList) -> bool:
    """Publish a list unless a later one stands; whether it was taken."""
    params = {
        "region": region,
        "number": published.number,
        "made_at": published.made_at,
        "good_until": published.good_until,
        "token": published.token,
    }
    cursor = await conn.execute(QUERIES["put_status_list"], params)
    return cursor.rowcount > 0


async def delete_dead_lists(conn: Conn, *, region: str, now: datetime) -> None:
    """Withdraw the lists of blocks whose certificates have all expired."""
    await conn.execute(QUERIES["delete_dead_lists"], {"region": region, "now": now})


async def find_status_lists(conn: Conn, *, region: str) -> list[PublishedList]:
    """The published lists of a region, by block number."""
    cursor = await conn.execute(QUERIES["find_status_lists"], {"region": region})
    return [
        PublishedList(number=row[0], made_at=row[1], good_until=row[2], token=row[3]) for row in await cursor.fetchall()
    ]


async def find_edition(conn: Conn, *, region: str) -> tuple[datetime, datetime] | None:
    """When a region's lists were made and until when they are good; None when there are none, or not of one instant."""
    row = await (await conn.execute(QUERIES["find_edition"], {"region": region})).fetchone()
    return None if row is None else (row[0], row[1])


async def insert_status_step(conn: Conn, *, region: str, step: StatusStep) -> None:
    """Keep what a publication changed; another that was kept for the same instant stands."""
    params = {
        "region": region,
        "made_at": step.made_at,
        "base_at": step.base_at,
        "changes": step.changes,
        "digest": step.digest,
    }
    await conn.execute(QUERIES["insert_status_step"], params)


async def find_status_steps(conn: Conn, *, region: str, since: datetime) -> list[StatusStep]:
    """What every publication after an instant changed, in order."""
    cursor = await conn.execute(QUERIES["find_status_steps"], {"region": region, "since": since})
    return [
        StatusStep(made_at=row[0], base_at=row[1], changes=row[2], digest=row[3]) for row in await cursor.fetchall()
    ]


async def delete_old_steps(conn: Conn, *, region: str, before: datetime) -> None:
    """Forget what publications before an instant changed."""
    await conn.execute(QUERIES["delete_old_steps"], {"region": region, "before": before})


async def list_rows(conn: Conn, *, query: str, **params: Any) -> list[tuple[Any, ...]]:
    """Every row of one of the audit's queries."""
    cursor = await conn.execute(QUERIES[query], params)
    return [tuple(row) for row in await cursor.fetchall()]


async def _value(conn: Conn, query: str, params: dict[str, Any]) -> int:
    cursor = await conn.execute(QUERIES[query], params)
    row = await cursor.fetchone()
    assert row is not None
    number: int = row[0]
    return number
