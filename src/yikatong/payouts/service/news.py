"""News of rosters and payments: told by the outbox in the commit that moved them, read again by whoever hears."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from yikatong.payouts.model import Batch, LinesMoved, MovedLine, PaymentState, Roster, RosterMoved
from yikatong.payouts.store import batches as store
from yikatong.payouts.store import rosters as roster_store
from yikatong.plumbing import outbox
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

LINES_MOVED = "payouts.lines_moved"
"""Outbox topic: `LinesMoved`; payments were paid, returned or stopped. No person stands in it."""


ROSTER_MOVED = "payouts.roster_moved"
"""Outbox topic: `RosterMoved`; a roster went on, or a line was taken off it."""


async def publish_roster_moved(
    conn: Conn,
    *,
    roster: Roster,
    by: UUID,
    now: datetime,
    ids: Ids,
    reference: UUID | None = None,
    was_objected: bool = False,
) -> None:
    """Tell how a roster stands now, in the transaction that moved it."""
    moved = RosterMoved(
        roster_id=roster.id,
        scheme=roster.scheme,
        state=roster.state,
        public_until=roster.public_until,
        by=by,
        reference=reference,
        was_objected=was_objected,
    )
    await outbox.publish(conn, id=ids.new(), topic=ROSTER_MOVED, payload=msgspec.to_builtins(moved), now=now)


def read_roster_moved(payload: Any) -> RosterMoved:
    """The news of an event of ROSTER_MOVED."""
    return msgspec.convert(payload, RosterMoved)


async def publish_moved(
    conn: Conn,
    *,
    batch: Batch,
    bucket: int,
    state: PaymentState,
    transfer_id: UUID | None,
    lines: Sequence[int],
    count: int,
    now: datetime,
    ids: Ids,
) -> None:
    """Tell that `count` of some lines moved, in the transaction that moved them."""
    roster = await roster_store.find_roster(conn, roster_id=batch.roster_id)
    moved = LinesMoved(
        batch_id=batch.id,
        roster_id=batch.roster_id,
        by=batch.made_by,
        scheme="" if roster is None else roster.scheme,
        title=batch.title,
        bucket=bucket,
        state=state,
        transfer_id=transfer_id,
        first_line=min(lines),
        last_line=max(lines),
        count=count,
    )
    await outbox.publish(conn, id=ids.new(), topic=LINES_MOVED, payload=msgspec.to_builtins(moved), now=now)


def read_moved(payload: Any) -> LinesMoved:
    """The news of an event of LINES_MOVED."""
    return msgspec.convert(payload, LinesMoved)


async def list_moved(conn: Conn, *, moved: LinesMoved, bucket_count: int) -> list[MovedLine]:
    """The payments that news speak of, also where their people were moved to other buckets since."""
    found = await store.list_moved(conn, bucket=moved.bucket, moved=moved)
    for bucket in range(bucket_count):
        if len(found) < moved.count and bucket != moved.bucket:
            found += await store.list_moved(conn, bucket=bucket, moved=moved)
    return found
