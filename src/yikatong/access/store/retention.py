"""Statements of access: what is deleted when its term is over."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from yikatong.access.store.statements import STATEMENTS
from yikatong.kernel.ids import bucket_of, least_id_at
from yikatong.plumbing.rows import Conn


class GoneRecord(NamedTuple):
    """A line of the record that was deleted, and the residents it named."""

    record_id: UUID
    resident_ids: Sequence[UUID]


async def forget_approvals(conn: Conn, *, before: datetime, limit: int) -> int:
    """Delete old requests for approval; how many there were."""
    bound = least_id_at(before)
    return len(await STATEMENTS.run(conn, "forget_approvals", bound=bound, before=before, limit=limit))


async def forget_records(conn: Conn, *, bucket: int, before: datetime, limit: int) -> list[GoneRecord]:
    """Delete old lines of the record."""
    bound = least_id_at(before)
    rows = await STATEMENTS.run(conn, "forget_records", bucket=bucket, bound=bound, before=before, limit=limit)
    return [GoneRecord(row["record_id"], row["resident_ids"]) for row in rows]


async def forget_concerns(conn: Conn, *, gone: Sequence[GoneRecord], before: datetime, bucket_count: int) -> None:
    """Delete the lines of deleted records under the residents they named, bucket by bucket."""
    lines: defaultdict[int, list[tuple[UUID, UUID]]] = defaultdict(list)
    for record in gone:
        for resident_id in record.resident_ids:
            lines[bucket_of(resident_id, bucket_count)].append((resident_id, record.record_id))
    for bucket, pairs in sorted(lines.items()):
        await STATEMENTS.run(
            conn,
            "forget_concerns",
            bucket=bucket,
            resident_ids=[resident_id for resident_id, _ in pairs],
            record_ids=[record_id for _, record_id in pairs],
            before=before,
        )


async def forget_minor_looks(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete old agreements on looks at minors; how many there were."""
    return len(await STATEMENTS.run(conn, "forget_minor_looks", bucket=bucket, before=before, limit=limit))


async def forget_attestations(conn: Conn, *, before: date, limit: int) -> int:
    """Delete operators' days, each with what was attested on it; how many days there were."""
    days = await STATEMENTS.run(conn, "forget_attestation_days", before=before, limit=limit)
    operator_ids = [row["operator_id"] for row in days]
    await STATEMENTS.run(
        conn, "forget_attestations", operator_ids=operator_ids, days=[row["on_day"] for row in days], before=before
    )
    return len(days)
