"""Residents, their sealed personal fields, their marks and gates, and the region's rule."""

from datetime import datetime
from typing import Any, LiteralString

import msgspec
import psycopg

from yikatong.cards.model import Gate, RegionRule, Resident, ResidentStatus
from yikatong.cards.store.statements import STATEMENTS
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
    return await STATEMENTS.find_one(conn, "find_region_rule", RegionRule, region=region)


async def put_region_rule(conn: Conn, *, region: str, rule: RegionRule) -> None:
    """Set what a region decides for itself."""
    await STATEMENTS.run(conn, "put_region_rule", region=region, **msgspec.structs.asdict(rule))


async def claim_id_mark(conn: Conn, *, mark: bytes, resident_id: ResidentId, now: datetime) -> bool:
    """Claim a mark; whether it was free."""
    return await STATEMENTS.hits(conn, "claim_id_mark", mark=mark, resident_id=resident_id, now=now)


async def find_resident_id_by_mark(conn: Conn, *, mark: bytes) -> ResidentId | None:
    """Whose mark it is."""
    found = await STATEMENTS.list_column(conn, "find_resident_id_by_mark", mark=mark)
    return found[0] if found else None


async def delete_id_mark(conn: Conn, *, mark: bytes, resident_id: ResidentId) -> None:
    """Forget whose mark it was."""
    await STATEMENTS.run(conn, "delete_id_mark", mark=mark, resident_id=resident_id)


async def insert_resident(conn: Conn, *, resident: Resident) -> None:
    """Add a resident."""
    await STATEMENTS.run(conn, "insert_resident", **msgspec.structs.asdict(resident))


async def find_resident(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Resident | None:
    """One resident."""
    return await STATEMENTS.find_one(conn, "find_resident", Resident, bucket=bucket, resident_id=resident_id)


async def set_resident_status(
    conn: Conn, *, bucket: int, resident_id: ResidentId, status: ResidentStatus, now: datetime
) -> None:
    """Record that a resident lives, left or died."""
    await STATEMENTS.run(conn, "set_resident_status", bucket=bucket, resident_id=resident_id, status=status, now=now)


async def insert_person(conn: Conn, *, bucket: int, resident_id: ResidentId, person: SealedPerson) -> None:
    """Keep sealed personal fields."""
    row = {"bucket": bucket, "resident_id": resident_id, **msgspec.structs.asdict(person)}
    await STATEMENTS.run(conn, "insert_person", **row)


async def find_sealed_person(conn: Conn, *, bucket: int, resident_id: ResidentId) -> SealedPerson | None:
    """A person's sealed fields."""
    return await STATEMENTS.find_one(conn, "find_sealed_person", SealedPerson, bucket=bucket, resident_id=resident_id)


async def set_contact(conn: Conn, *, bucket: int, resident_id: ResidentId, phone: bytes, address: bytes) -> None:
    """Replace sealed phone and address."""
    await STATEMENTS.run(conn, "set_contact", bucket=bucket, resident_id=resident_id, phone=phone, address=address)


async def erase_person(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> bool:
    """Destroy data key and sealed fields; whether they were there."""
    return await STATEMENTS.hits(conn, "erase_person", bucket=bucket, resident_id=resident_id, now=now)


async def insert_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> None:
    """Add a resident's gate."""
    await STATEMENTS.run(conn, "insert_gate", bucket=bucket, resident_id=resident_id)


async def pass_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Gate | None:
    """Lock a gate and add one to its version; gives it as it now is."""
    return await _fetch_gate(conn, STATEMENTS["pass_gate"], bucket=bucket, resident_id=resident_id)


async def lock_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Gate | None:
    """Lock a gate and change nothing."""
    return await _fetch_gate(conn, STATEMENTS["lock_gate"], bucket=bucket, resident_id=resident_id)


async def find_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Gate | None:
    """A gate, not locked."""
    return await _fetch_gate(conn, STATEMENTS["find_gate"], bucket=bucket, resident_id=resident_id)


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
    await STATEMENTS.run(
        conn,
        "set_shown_limits",
        bucket=bucket,
        resident_id=resident_id,
        limit_fen=limit_fen,
        day_limit_fen=day_limit_fen,
        unknown_posture_allowed=unknown_posture_allowed,
    )


async def set_payments_frozen(conn: Conn, *, bucket: int, resident_id: ResidentId, frozen_at: datetime | None) -> None:
    """Freeze payments, or lift the freeze, on a locked gate."""
    await STATEMENTS.run(conn, "set_payments_frozen", bucket=bucket, resident_id=resident_id, frozen_at=frozen_at)
