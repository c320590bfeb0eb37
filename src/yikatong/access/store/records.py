"""Statements of access: the record, and kept answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from yikatong.access.model import Concern, KeptAnswer, Record, RecordQuery
from yikatong.access.store.statements import STATEMENTS
from yikatong.plumbing import wire
from yikatong.plumbing.rows import Conn, columns_of

_LATEST = UUID(int=2**128 - 1)


async def insert_record(conn: Conn, *, bucket: int, record: Record) -> None:
    """Append to the record."""
    columns = columns_of(record) | {"resident_ids": wire.uuid_array(record.resident_ids)}
    await STATEMENTS.run(conn, "insert_record", bucket=bucket, **columns)


async def insert_concern(conn: Conn, *, bucket: int, resident_id: UUID, concern: Concern) -> None:
    """Append a line under a resident."""
    await STATEMENTS.run(conn, "insert_concern", bucket=bucket, resident_id=resident_id, **columns_of(concern))


async def insert_concerns(conn: Conn, *, bucket: int, resident_ids: Sequence[UUID], concern: Concern) -> None:
    """Append a line under each of many residents of one bucket."""
    await STATEMENTS.run(
        conn, "insert_concerns", bucket=bucket, resident_ids=wire.uuid_array(resident_ids), **columns_of(concern)
    )


async def list_records(conn: Conn, *, query: RecordQuery) -> tuple[Record, ...]:
    """Records of a region, the newest first."""
    return await STATEMENTS.list_all(conn, "list_records", Record, **columns_of(query))


async def page_records(conn: Conn, *, bucket: int, record_id: UUID, limit: int) -> list[tuple[int, Record]]:
    """Records after one with their buckets, in the order of their keys."""
    rows = await STATEMENTS.run(conn, "page_records", bucket=bucket, record_id=record_id, limit=limit)
    return [(row.pop("bucket"), msgspec.convert(row, Record)) for row in rows]


async def list_concerns(
    conn: Conn, *, bucket: int, resident_id: UUID, before: UUID | None, limit: int
) -> tuple[Concern, ...]:
    """What concerns a resident, the newest first."""
    return await STATEMENTS.list_all(
        conn,
        "list_concerns",
        Concern,
        bucket=bucket,
        resident_id=resident_id,
        before=before or _LATEST,
        limit=limit,
    )


async def claim_idempotency(
    conn: Conn, *, caller_id: UUID, key_digest: bytes, request_digest: bytes, made_at: datetime
) -> bool:
    """Claim a key for a command; False when a command had it before."""
    return await STATEMENTS.hits(
        conn,
        "claim_idempotency",
        caller_id=caller_id,
        key_digest=key_digest,
        request_digest=request_digest,
        made_at=made_at,
    )


async def find_kept_answer(conn: Conn, *, caller_id: UUID, key_digest: bytes) -> KeptAnswer | None:
    """What the command with a key was answered."""
    return await STATEMENTS.find_one(conn, "find_kept_answer", KeptAnswer, caller_id=caller_id, key_digest=key_digest)


async def keep_answer(
    conn: Conn, *, caller_id: UUID, key_digest: bytes, status: int, sealed_answer: bytes, record_id: UUID
) -> None:
    """Write what the command with a key was answered."""
    await STATEMENTS.run(
        conn,
        "keep_answer",
        caller_id=caller_id,
        key_digest=key_digest,
        status=status,
        sealed_answer=sealed_answer,
        record_id=record_id,
    )


async def delete_kept_answers(conn: Conn, *, before: datetime, limit: int) -> int:
    """Delete old kept answers; how many there were."""
    return len(await STATEMENTS.run(conn, "delete_kept_answers", before=before, limit=limit))


async def list_differences(conn: Conn, *, name: str) -> list[dict[str, Any]]:
    """The rows of one of the audit's statements; none when the books agree."""
    return await STATEMENTS.run(conn, name)
