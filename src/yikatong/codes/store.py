"""One function for each statement of codes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from yikatong.codes.model import (
    CertificateAt,
    CertificateState,
    ChipCertificateAt,
    PublishedList,
    SceneGroup,
    StatusStep,
    StoredCertificate,
)
from yikatong.kernel.ids import CardId, DeviceId, ECardId, ResidentId
from yikatong.plumbing import wire
from yikatong.plumbing.pipeline import Statement, as_tuple
from yikatong.plumbing.queries import load_queries

QUERIES = load_queries("yikatong.codes")

SHOW_KEYS_HELD_MAX = 64
"""How many keys of one scene group a wallet is taken to hold: those of its last two refreshes at least."""

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
    """The newest show keys that some residents' wallets hold now, by resident and scene group.

    A wallet uses the newest; one that refreshes without end makes no list long.
    """
    params = {"bucket": bucket, "resident_ids": list(resident_ids), "now": now, "count_max": SHOW_KEYS_HELD_MAX}
    found: dict[tuple[ResidentId, SceneGroup], list[bytes]] = {}
    for resident_id, group, show_key in await (await conn.execute(QUERIES["list_show_keys"], params)).fetchall():
        found.setdefault((resident_id, SceneGroup(group)), []).append(show_key)
    return found


async def lock_serial(conn: Conn, *, bucket: int, resident_id: ResidentId) -> None:
    """Lock a resident's serial row."""
    await conn.execute(QUERIES["lock_serial"], {"bucket": bucket, "resident_id": resident_id})


def open_serials(*, bucket: int, resident_ids: Sequence[ResidentId]) -> Statement[tuple[Any, ...]]:
    """Make the serial rows that are not there yet; the residents come in the order of their ids."""
    return Statement(QUERIES["open_serials"], (wire.int2(bucket), wire.uuid_array(resident_ids)), as_tuple)


def lock_serials(*, bucket: int, resident_ids: Sequence[ResidentId]) -> Statement[tuple[ResidentId, int]]:
    """Residents and their next serials, locked in the order of the residents' ids."""
    return Statement(QUERIES["lock_serials"], (wire.int2(bucket), wire.uuid_array(resident_ids)), _serial)


def advance_serials(*, bucket: int, next_serials: Mapping[ResidentId, int]) -> Statement[tuple[Any, ...]]:
    """Write the next serials of residents whose rows are locked."""
    params = (
        wire.int2(bucket),
        wire.uuid_array(list(next_serials)),
        wire.int8_array(list(next_serials.values())),
        wire.int8(len(next_serials)),
    )
    return Statement(QUERIES["advance_serials"], params, as_tuple)


def take_status_positions(
    *, region: str, kind: str, count: int, live_until: datetime
) -> Statement[tuple[int, bytes, int]]:
    """Block, its seed, and the first of `count` fresh positions in it; no row when every open block is held."""
    params = (wire.text(region), wire.int8(count), wire.instant(live_until), wire.text(kind))
    return Statement(QUERIES["take_status_positions"], params, _positions)


def reuse_status_block(
    *, region: str, kind: str, seed: bytes, dead_before: datetime, now: datetime
) -> Statement[tuple[Any, ...]]:
    """Open a full block anew whose certificates all expired before a time; touches no row when there was none."""
    params = (wire.text(region), wire.bytea(seed), wire.instant(dead_before), wire.instant(now), wire.text(kind))
    return Statement(QUERIES["reuse_status_block"], params, as_tuple)


def open_status_block(*, region: str, kind: str, seed: bytes, now: datetime) -> Statement[tuple[Any, ...]]:
    """Add a block, unless another writer adds it at the same moment."""
    params = (wire.text(region), wire.bytea(seed), wire.instant(now), wire.text(kind))
    return Statement(QUERIES["open_status_block"], params, as_tuple)


class CertificateRow(NamedTuple):
    """A certificate to be written, but for what all of a batch share."""

    resident_id: ResidentId
    serial: int
    e_card_id: ECardId
    device_id: DeviceId
    region: str
    scene_group: str
    algorithm: int
    show_key: bytes
    status_index: int


def insert_certificates(
    rows: Sequence[CertificateRow], *, bucket: int, made_at: datetime, expires_at: datetime
) -> Statement[tuple[Any, ...]]:
    """Write the certificates of a batch of refreshes."""
    residents, serials, e_cards, devices, regions, scene_groups, algorithms, show_keys, status_indexes = zip(
        *rows, strict=True
    )
    params = (
        wire.int2(bucket),
        wire.instant(made_at),
        wire.instant(expires_at),
        wire.uuid_array(residents),
        wire.int8_array(serials),
        wire.uuid_array(e_cards),
        wire.uuid_array(devices),
        wire.text_array(regions),
        wire.text_array(scene_groups),
        wire.int4_array(algorithms),
        wire.bytea_array(show_keys),
        wire.int8_array(status_indexes),
    )
    return Statement(QUERIES["insert_certificates"], params, as_tuple)


def _serial(resident_id: ResidentId, next_serial: int) -> tuple[ResidentId, int]:
    return resident_id, next_serial


def _positions(block: int, seed: bytes, first: int) -> tuple[int, bytes, int]:
    return block, seed, first


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


async def insert_chip_certificate(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    card_id: CardId,
    region: str,
    status_index: int,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Write the certificate of a chip."""
    params = {
        "bucket": bucket,
        "resident_id": resident_id,
        "card_id": card_id,
        "region": region,
        "status_index": status_index,
        "expires_at": expires_at,
        "now": now,
    }
    await conn.execute(QUERIES["insert_chip_certificate"], params)


async def find_chip_certificate_at(
    conn: Conn, *, bucket: int, resident_id: ResidentId, card_id: CardId, at: datetime, made_by: datetime
) -> ChipCertificateAt | None:
    """The latest certificate of a card's chip that had not expired at an instant and was made by another, or None."""
    params = {"bucket": bucket, "resident_id": resident_id, "card_id": card_id, "at": at, "made_by": made_by}
    row = await (await conn.execute(QUERIES["find_chip_certificate_at"], params)).fetchone()
    if row is None:
        return None
    return ChipCertificateAt(
        card_id=row[0],
        status_index=row[1],
        made_at=row[2],
        expires_at=row[3],
        state=CertificateState(row[4]),
        state_at=row[5],
    )


async def change_chip_states(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    states_before: Sequence[CertificateState],
    state: CertificateState,
    now: datetime,
) -> int:
    """Move the certificates of a resident's chips to a state; how many were moved."""
    params = {
        "bucket": bucket,
        "resident_id": resident_id,
        "states_before": [before.value for before in states_before],
        "state": state.value,
        "now": now,
    }
    return await _value(conn, "change_chip_states", params)


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


async def forget_certificates(
    conn: Conn, *, bucket: int, made_before: datetime, ended_before: datetime, limit: int
) -> int:
    """Delete wallet certificates of a bucket made before an instant and expired before another; how many."""
    params = {"bucket": bucket, "made_before": made_before, "ended_before": ended_before, "limit": limit}
    return (await conn.execute(QUERIES["forget_certificates"], params)).rowcount


async def forget_chip_certificates(conn: Conn, *, bucket: int, ended_before: datetime, limit: int) -> int:
    """Delete chip certificates of a bucket that expired before an instant; how many."""
    params = {"bucket": bucket, "ended_before": ended_before, "limit": limit}
    return (await conn.execute(QUERIES["forget_chip_certificates"], params)).rowcount


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
