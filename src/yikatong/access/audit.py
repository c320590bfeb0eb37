"""What `yikatong audit` recomputes of access."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.access.rules import leaf_of_record
from yikatong.access.store.records import list_differences, page_records
from yikatong.sealing.model import Leaf

_PAGE = 1_000


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name what does not fit the record.

    Every approved request ran exactly once; every kept answer has its record; every record stands once under each
    resident it names; an operator's day is the sum of what was attested on it.
    """
    differences = [
        f"access: approval {row['approval_id']} has {row['record_count']} records of its command, not one"
        for row in await list_differences(conn, name="approvals_without_record")
    ]
    differences += [
        f"access: a kept answer of caller {row['caller_id']} has no record"
        for row in await list_differences(conn, name="answers_without_record")
    ]
    differences += [
        f"access: record {row['record_id']} names {row['named_count']} residents, stands under {row['concern_count']}"
        for row in await list_differences(conn, name="concerns_against_records")
    ]
    differences += [
        f"access: operator {row['operator_id']} attested {row['claimed_fen']} fen on {row['on_day']},"
        f" the day says {row['attested_fen']}"
        for row in await list_differences(conn, name="attestations_against_days")
    ]
    return differences


async def list_leaves(conn: AsyncConnection[Any]) -> AsyncIterator[list[Leaf]]:
    """The leaves of the record as it stands now, for the audit of the sealed log."""
    bucket, record_id = -1, UUID(int=0)
    while rows := await page_records(conn, bucket=bucket, record_id=record_id, limit=_PAGE):
        bucket, record_id = rows[-1][0], rows[-1][1].record_id
        yield [leaf_of_record(record) for _, record in rows]
