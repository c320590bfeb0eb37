"""Statements of notices, one typed function each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from yikatong.notices.model import Draft, Notice
from yikatong.plumbing import wire
from yikatong.plumbing.pipeline import Statement, as_tuple
from yikatong.plumbing.rows import Conn, NamedStatements

_STATEMENTS = NamedStatements(__package__)
_encode = msgspec.json.Encoder().encode
_LATEST = UUID(int=2**128 - 1)


def insert_notices(*, bucket: int, drafts: Sequence[Draft], notice_ids: Sequence[UUID]) -> Statement[tuple[Any, ...]]:
    """Add notices of one bucket, due at once."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([draft.resident_id for draft in drafts]),
        wire.uuid_array(notice_ids),
        wire.text_array([draft.template.value for draft in drafts]),
        wire.text_array([_encode(draft.params).decode() for draft in drafts]),
        wire.instant_array([draft.made_at for draft in drafts]),
    )
    return Statement(_STATEMENTS["insert_notices"], params, as_tuple)


async def lease_due(conn: Conn, *, bucket: int, now: datetime, lease_until: datetime, limit: int) -> tuple[Notice, ...]:
    """Lease notices of one bucket that are due."""
    return await _STATEMENTS.list_all(
        conn, "lease_due", Notice, bucket=bucket, now=now, lease_until=lease_until, limit=limit
    )


async def mark_sent(conn: Conn, *, bucket: int, notice: Notice, channel: str, sent_at: datetime) -> None:
    """Write that a notice was taken."""
    await _STATEMENTS.run(
        conn,
        "mark_sent",
        bucket=bucket,
        resident_id=notice.resident_id,
        notice_id=notice.notice_id,
        channel=channel,
        sent_at=sent_at,
    )


async def mark_failed(conn: Conn, *, bucket: int, notice: Notice, failure: str, next_try_at: datetime | None) -> None:
    """Write why a try failed."""
    await _STATEMENTS.run(
        conn,
        "mark_failed",
        bucket=bucket,
        resident_id=notice.resident_id,
        notice_id=notice.notice_id,
        failure=failure,
        next_try_at=next_try_at,
    )


async def list_notices(
    conn: Conn, *, bucket: int, resident_id: UUID, before: UUID | None, limit: int
) -> tuple[Notice, ...]:
    """A resident's notices, the newest first."""
    return await _STATEMENTS.list_all(
        conn, "list_notices", Notice, bucket=bucket, resident_id=resident_id, before=before or _LATEST, limit=limit
    )


async def delete_notices(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete old notices of one bucket; how many there were."""
    return len(await _STATEMENTS.run(conn, "delete_notices", bucket=bucket, before=before, limit=limit))


async def list_impossible(conn: Conn, *, templates: Sequence[str]) -> list[dict[str, Any]]:
    """Notices that cannot be; none when all is well."""
    return await _STATEMENTS.run(conn, "impossible_notices", templates=list(templates))
