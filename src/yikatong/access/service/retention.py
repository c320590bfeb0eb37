"""What is kept for its term and no longer: the record, and what it rests on.

All of it is deleted by the schema's owner, since the role that serves has no right to delete what is written once.
"""

from datetime import datetime

from yikatong.access.store import retention
from yikatong.kernel.instants import day_of
from yikatong.plumbing.rows import Conn


async def forget_approvals(conn: Conn, *, before: datetime, limit: int) -> int:
    """Delete requests for approval that were decided, or ran out, before an instant; how many there were.

    They go before the records of what they approved, because each that stays must have its record.
    """
    return await retention.forget_approvals(conn, before=before, limit=limit)


async def forget_records(conn: Conn, *, bucket: int, before: datetime, limit: int, bucket_count: int) -> int:
    """Delete lines of a bucket's record from before an instant, with those under residents; how many there were."""
    gone = await retention.forget_records(conn, bucket=bucket, before=before, limit=limit)
    await retention.forget_concerns(conn, gone=gone, before=before, bucket_count=bucket_count)
    return len(gone)


async def forget_minor_looks(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete agreements on looks at minors that ended before an instant; how many there were."""
    return await retention.forget_minor_looks(conn, bucket=bucket, before=before, limit=limit)


async def forget_attestations(conn: Conn, *, before: datetime, limit: int) -> int:
    """Delete what operators attested on days that were over before an instant; how many days there were."""
    return await retention.forget_attestations(conn, before=day_of(before), limit=limit)
