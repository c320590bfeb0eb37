"""Statements of offline, one typed function each."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from yikatong.codes.model import UploadedLine
from yikatong.kernel.ids import PlaceId, ResidentId
from yikatong.offline.model import Allowance, Dispute, UploadRow
from yikatong.plumbing.rows import Conn, NamedStatements, columns_of

_STATEMENTS = NamedStatements(__package__)


async def insert_allowance(conn: Conn, *, allowance: Allowance) -> None:
    """Write an allowance, and where it may be taken."""
    await _STATEMENTS.run(conn, "insert_allowance", **columns_of(allowance))
    await _STATEMENTS.run(
        conn,
        "insert_allowance_of_place",
        place_id=allowance.place_id,
        allowance_id=allowance.id,
        bucket=allowance.bucket,
        resident_id=allowance.resident_id,
        granted_at=allowance.granted_at,
        accept_until=allowance.accept_until,
    )


async def list_allowances(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> tuple[Allowance, ...]:
    """A resident's allowances that are not past their upload term."""
    return await _STATEMENTS.list_all(
        conn, "list_allowances", Allowance, bucket=bucket, resident_id=resident_id, now=now
    )


async def find_allowance(conn: Conn, *, bucket: int, resident_id: ResidentId, id: UUID) -> Allowance | None:
    """One allowance of a resident, or None."""
    return await _STATEMENTS.find_one(conn, "find_allowance", Allowance, bucket=bucket, resident_id=resident_id, id=id)


async def end_allowance(conn: Conn, *, allowance: Allowance, now: datetime) -> bool:
    """End an allowance; whether it had not ended."""
    return await _STATEMENTS.hits(
        conn, "end_allowance", bucket=allowance.bucket, resident_id=allowance.resident_id, id=allowance.id, now=now
    )


async def spend_allowance(conn: Conn, *, allowance: Allowance, amount_fen: int) -> bool:
    """Count what was posted out of the present hold; whether it was still the present one."""
    return await _STATEMENTS.hits(
        conn,
        "spend_allowance",
        bucket=allowance.bucket,
        resident_id=allowance.resident_id,
        id=allowance.id,
        hold_number=allowance.hold_number,
        amount_fen=amount_fen,
    )


async def list_of_place(
    conn: Conn, *, place_id: PlaceId, now: datetime, count_max: int
) -> list[tuple[int, ResidentId, UUID]]:
    """Bucket, resident and id of the allowances of a place that are accepted now."""
    rows = await _STATEMENTS.run(conn, "list_of_place", place_id=place_id, now=now, count_max=count_max)
    return [(row["bucket"], row["resident_id"], row["allowance_id"]) for row in rows]


async def list_of_bucket(
    conn: Conn, *, bucket: int, resident_ids: Sequence[ResidentId], ids: Sequence[UUID]
) -> tuple[Allowance, ...]:
    """These allowances of one bucket that have not ended."""
    return await _STATEMENTS.list_all(
        conn, "list_of_bucket", Allowance, bucket=bucket, resident_ids=list(resident_ids), ids=list(ids)
    )


async def lock_line(conn: Conn, *, terminal_id: UUID, memory: bytes) -> int:
    """The next number of a terminal's memory; locks it."""
    rows = await _STATEMENTS.run(conn, "lock_line", terminal_id=terminal_id, memory=memory)
    return int(rows[0]["next_sequence"])


async def list_lines(conn: Conn, *, terminal_ids: Sequence[UUID], count_max: int) -> tuple[UploadedLine, ...]:
    """Up to which number the memories of some terminals have uploaded."""
    return await _STATEMENTS.list_all(
        conn, "list_lines", UploadedLine, terminal_ids=list(terminal_ids), count_max=count_max
    )


async def find_upload(conn: Conn, *, terminal_id: UUID, memory: bytes, sequence: int) -> UploadRow | None:
    """One uploaded tap with its answer, or None."""
    return await _STATEMENTS.find_one(
        conn, "find_upload", UploadRow, terminal_id=terminal_id, memory=memory, sequence=sequence
    )


async def insert_upload(conn: Conn, *, row: UploadRow) -> None:
    """Write an uploaded tap with its answer, and count its number."""
    await _STATEMENTS.run(conn, "insert_upload", **columns_of(row))
    await _STATEMENTS.run(conn, "advance_line", terminal_id=row.terminal_id, memory=row.memory, sequence=row.sequence)


async def insert_dispute(conn: Conn, *, dispute: Dispute) -> None:
    """Open a dispute, and write where its provider finds it."""
    await _STATEMENTS.run(conn, "insert_dispute", **columns_of(dispute))
    await _STATEMENTS.run(
        conn,
        "insert_dispute_of_provider",
        provider_id=dispute.provider_id,
        tap_id=dispute.tap_id,
        bucket=dispute.bucket,
        opened_at=dispute.opened_at,
    )


async def lock_dispute(conn: Conn, *, bucket: int, tap_id: UUID) -> Dispute | None:
    """One dispute, locked; or None."""
    return await _STATEMENTS.find_one(conn, "lock_dispute", Dispute, bucket=bucket, tap_id=tap_id)


async def set_dispute(conn: Conn, *, dispute: Dispute) -> bool:
    """Write what the sides say and how it was decided; whether it was not decided before."""
    said = ("bucket", "tap_id", "provider_says", "resident_agrees", "decided_for", "decided_at", "transfer_id")
    return await _STATEMENTS.hits(conn, "set_dispute", **{name: getattr(dispute, name) for name in said})


async def list_disputes_of_provider(conn: Conn, *, provider_id: UUID) -> list[Dispute]:
    """A provider's latest disputes, the newest tap first."""
    by_bucket: dict[int, list[UUID]] = {}
    for row in await _STATEMENTS.run(conn, "list_of_provider", provider_id=provider_id):
        by_bucket.setdefault(row["bucket"], []).append(row["tap_id"])
    found: list[Dispute] = []
    for bucket, tap_ids in by_bucket.items():
        found += await _STATEMENTS.list_all(conn, "list_disputes_of_bucket", Dispute, bucket=bucket, tap_ids=tap_ids)
    return sorted(found, key=lambda dispute: dispute.tap_id.int, reverse=True)


async def audit_decided(conn: Conn) -> tuple[Dispute, ...]:
    """Every dispute that was decided for the provider."""
    return await _STATEMENTS.list_all(conn, "audit_decided", Dispute)


async def list_disputes(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Dispute, ...]:
    """A resident's disputes, the newest first."""
    return await _STATEMENTS.list_all(conn, "list_disputes", Dispute, bucket=bucket, resident_id=resident_id)


async def audit_allowances(conn: Conn) -> tuple[Allowance, ...]:
    """Every allowance."""
    return await _STATEMENTS.list_all(conn, "audit_allowances", Allowance)


async def audit_uploads(conn: Conn) -> tuple[UploadRow, ...]:
    """Every upload that left a tap."""
    return await _STATEMENTS.list_all(conn, "audit_uploads", UploadRow)


async def list_differences(conn: Conn, *, query: str) -> list[tuple[Any, ...]]:
    """The rows of one of the audit's statements."""
    assert query.startswith("audit_")
    return await (await conn.execute(_STATEMENTS[query])).fetchall()


async def forget_allowances(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete allowances of a bucket that were over before an instant, with where they could be taken; how many."""
    rows = await _STATEMENTS.run(conn, "forget_allowances", bucket=bucket, before=before, limit=limit)
    by_place: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for row in rows:
        by_place[row["place_id"]].append(row["id"])
    for place_id, ids in by_place.items():
        await _STATEMENTS.run(conn, "forget_allowances_of_place", place_id=place_id, ids=ids, before=before)
    return len(rows)


async def forget_disputes(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete disputes of a bucket opened before an instant that moved no money, with their uploads; how many."""
    rows = await _STATEMENTS.run(conn, "forget_disputes", bucket=bucket, before=before, limit=limit)
    by_provider: defaultdict[UUID, list[UUID]] = defaultdict(list)
    by_terminal: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for row in rows:
        by_provider[row["provider_id"]].append(row["tap_id"])
        by_terminal[row["terminal_id"]].append(row["tap_id"])
    for provider_id, tap_ids in by_provider.items():
        await _STATEMENTS.run(
            conn, "forget_disputes_of_provider", provider_id=provider_id, tap_ids=tap_ids, before=before
        )
    for terminal_id, tap_ids in by_terminal.items():
        gone = await _STATEMENTS.run(
            conn, "forget_disputed_uploads", terminal_id=terminal_id, tap_ids=tap_ids, before=before
        )
        await _count_forgotten(conn, terminal_id=terminal_id, memories=[row["memory"] for row in gone])
    return len(rows)


async def find_old_uploads(conn: Conn, *, before: datetime, limit: int) -> list[UUID]:
    """Some terminals that have uploads decided before an instant which were no dispute."""
    return await _STATEMENTS.list_column(conn, "find_old_uploads", before=before, limit=limit)


async def forget_uploads(conn: Conn, *, terminal_id: UUID, before: datetime, limit: int) -> int:
    """Delete uploads of a terminal that were decided before an instant and were no dispute; how many."""
    gone = await _STATEMENTS.run(conn, "forget_uploads", terminal_id=terminal_id, before=before, limit=limit)
    await _count_forgotten(conn, terminal_id=terminal_id, memories=[row["memory"] for row in gone])
    return len(gone)


async def _count_forgotten(conn: Conn, *, terminal_id: UUID, memories: Sequence[bytes]) -> None:
    for memory, count in Counter(memories).items():
        await _STATEMENTS.run(conn, "count_forgotten", terminal_id=terminal_id, memory=memory, count=count)
