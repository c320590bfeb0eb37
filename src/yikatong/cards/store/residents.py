"""Residents, their sealed personal fields, their marks and gates, and the region's rule."""

from datetime import datetime
from typing import Any, LiteralString

import msgspec
import psycopg

from yikatong.cards.model import Gate, RegionRule, Resident, ResidentStatus
from yikatong.cards.store.rows import QUERIES, fetch_column, fetch_one, touches
from yikatong.kernel.ids import ResidentId

Conn = psycopg.AsyncConnection[Any]


class SealedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """The personal fields as stored: every one sealed, all None after erasure."""

    wrapped_key: bytes | None
    name: bytes | None
    id_number: bytes | None
    id_type: bytes | None
    sex: bytes | None
    birth: bytes | None
    nation: bytes | None
    phone: bytes | None
    address: bytes | None


async def find_region_rule(conn: Conn, *, region: str) -> RegionRule | None:
    """What a region has decided for itself."""
    return await fetch_one(conn, QUERIES["find_region_rule"], {"region": region}, RegionRule)


async def put_region_rule(conn: Conn, *, region: str, rule: RegionRule) -> None:
    """Set what a region decides for itself."""
    await conn.execute(QUERIES["put_region_rule"], {"region": region, **msgspec.structs.asdict(rule)})


async def claim_id_mark(conn: Conn, *, mark: bytes, resident_id: ResidentId, now: datetime) -> bool:
    """Claim a mark; whether it was free."""
    claim = {"mark": mark, "resident_id": resident_id, "now": now}
    return await touches(conn, QUERIES["claim_id_mark"], claim)


async def find_resident_id_by_mark(conn: Conn, *, mark: bytes) -> ResidentId | None:
    """Whose mark it is."""
    found = await fetch_column(conn, QUERIES["find_resident_id_by_mark"], {"mark": mark})
    return found[0] if found else None


async def delete_id_mark(conn: Conn, *, mark: bytes, resident_id: ResidentId) -> None:
    """Forget whose mark it was."""
    await conn.execute(QUERIES["delete_id_mark"], {"mark": mark, "resident_id": resident_id})


async def insert_resident(conn: Conn, *, resident: Resident) -> None:
    """Add a resident."""
    await conn.execute(QUERIES["insert_resident"], msgspec.structs.asdict(resident))


async def find_resident(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Resident | None:
    """One resident."""
    return await fetch_one(conn, QUERIES["find_resident"], {"bucket": bucket, "resident_id": resident_id}, Resident)


async def set_resident_status(
    conn: Conn, *, bucket: int, resident_id: ResidentId, status: ResidentStatus, now: datetime
) -> None:
    """Record that a resident lives, left or died."""
    change = {"bucket": bucket, "resident_id": resident_id, "status": status, "now": now}
    await conn.execute(QUERIES["set_resident_status"], change)


async def insert_person(conn: Conn, *, bucket: int, resident_id: ResidentId, person: SealedPerson) -> None:
    """Keep sealed personal fields."""
    row = {"bucket": bucket, "resident_id": resident_id, **msgspec.structs.asdict(person)}
    await conn.execute(QUERIES["insert_person"], row)


async def find_sealed_person(conn: Conn, *, bucket: int, resident_id: ResidentId) -> SealedPerson | None:
    """A person's sealed fields."""
    key = {"bucket": bucket, "resident_id": resident_id}
    return await fetch_one(conn, QUERIES["find_sealed_person"], key, SealedPerson)


async def set_contact(conn: Conn, *, bucket: int, resident_id: ResidentId, phone: bytes, address: bytes) -> None:
    """Replace sealed phone and address."""
    change = {"bucket": bucket, "resident_id": resident_id, "phone": phone, "address": address}
    await conn.execute(QUERIES["set_contact"], change)


async def erase_person(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> bool:
    """Destroy data key and sealed fields; whether they were there."""
    return await touches(conn, QUERIES["erase_person"], {"bucket": bucket, "resident_id": resident_id, "now": now})


async def insert_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> None:
    """Add a resident's gate."""
    await conn.execute(QUERIES["insert_gate"], {"bucket": bucket, "resident_id": resident_id})


async def pass_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Gate | None:
    """Lock a gate and add one to its version; gives it as it now is."""
    return await _fetch_gate(conn, QUERIES["pass_gate"], bucket=bucket, resident_id=resident_id)


async def lock_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Gate | None:
    """Lock a gate and change nothing."""
    return await _fetch_gate(conn, QUERIES["lock_gate"], bucket=bucket, resident_id=resident_id)


async def find_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Gate | None:
    """A gate, not locked."""
    return await _fetch_gate(conn, QUERIES["find_gate"], bucket=bucket, resident_id=resident_id)


async def _fetch_gate(conn: Conn, query: LiteralString, *, bucket: int, resident_id: ResidentId) -> Gate | None:
    cursor = await conn.execute(query, {"bucket": bucket, "resident_id": resident_id})
    row = await cursor.fetchone()
    return None if row is None else Gate(*row)


async def set_shown_limits(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    limit_fen: int,
    day_limit_fen: int,
    unknown_posture_allowed: bool,
) -> None:
    """Set the small-payment limits of a locked gate."""
    change = {
        "bucket": bucket,
        "resident_id": resident_id,
        "limit_fen": limit_fen,
        "day_limit_fen": day_limit_fen,
        "unknown_posture_allowed": unknown_posture_allowed,
    }
    await conn.execute(QUERIES["set_shown_limits"], change)


async def set_payments_frozen(conn: Conn, *, bucket: int, resident_id: ResidentId, frozen_at: datetime | None) -> None:
    """Freeze payments, or lift the freeze, on a locked gate."""
    change = {"bucket": bucket, "resident_id": resident_id, "frozen_at": frozen_at}
    await conn.execute(QUERIES["set_payments_frozen"], change)
