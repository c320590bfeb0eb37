"""Statements of access: what was attested, and who may look at a minor."""

from datetime import date, datetime
from uuid import UUID

from yikatong.access.model import Attestation
from yikatong.access.store.statements import STATEMENTS
from yikatong.plumbing.rows import Conn


async def claim_attestation(
    conn: Conn, *, operator_id: UUID, tap_request: UUID, on_day: date, amount_fen: int, claimed_at: datetime
) -> bool:
    """Claim a tap for an operator; False when it is claimed already."""
    return await STATEMENTS.hits(
        conn,
        "claim_attestation",
        operator_id=operator_id,
        tap_request=tap_request,
        on_day=on_day,
        amount_fen=amount_fen,
        claimed_at=claimed_at,
    )


async def find_attestation(conn: Conn, *, operator_id: UUID, tap_request: UUID) -> Attestation | None:
    """What an operator attested for a tap."""
    return await STATEMENTS.find_one(
        conn, "find_attestation", Attestation, operator_id=operator_id, tap_request=tap_request
    )


async def release_attestation(
    conn: Conn, *, operator_id: UUID, tap_request: UUID, released_at: datetime
) -> Attestation | None:
    """Release a claim that counts; None when there is none."""
    return await STATEMENTS.find_one(
        conn,
        "release_attestation",
        Attestation,
        operator_id=operator_id,
        tap_request=tap_request,
        released_at=released_at,
    )


async def add_to_attestation_day(
    conn: Conn, *, operator_id: UUID, on_day: date, amount_fen: int, day_max_fen: int
) -> bool:
    """Add an amount that is within the limit by itself to a day; False when the day would be above."""
    return await STATEMENTS.hits(
        conn,
        "add_to_attestation_day",
        operator_id=operator_id,
        on_day=on_day,
        amount_fen=amount_fen,
        day_max_fen=day_max_fen,
    )


async def take_from_attestation_day(conn: Conn, *, operator_id: UUID, on_day: date, amount_fen: int) -> None:
    """Take a released amount out of a day."""
    await STATEMENTS.run(
        conn, "take_from_attestation_day", operator_id=operator_id, on_day=on_day, amount_fen=amount_fen
    )


async def insert_minor_look(
    conn: Conn,
    *,
    bucket: int,
    resident_id: UUID,
    operator_id: UUID,
    purpose: str,
    agreed_at: datetime,
    ends_at: datetime,
) -> None:
    """Let an operator look at a minor until an instant."""
    await STATEMENTS.run(
        conn,
        "insert_minor_look",
        bucket=bucket,
        resident_id=resident_id,
        operator_id=operator_id,
        purpose=purpose,
        agreed_at=agreed_at,
        ends_at=ends_at,
    )


async def find_minor_look(
    conn: Conn, *, bucket: int, resident_id: UUID, operator_id: UUID, now: datetime
) -> datetime | None:
    """Until when an operator may look at a minor, if now."""
    rows = await STATEMENTS.run(
        conn, "find_minor_look", bucket=bucket, resident_id=resident_id, operator_id=operator_id, now=now
    )
    return rows[0]["ends_at"] if rows else None
