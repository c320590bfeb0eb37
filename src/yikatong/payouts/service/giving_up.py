"""Giving a payment up for good: what it was for came to nothing, so nobody may pay it again."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.outcomes import Change, Refused
from yikatong.payouts.model import BatchCommand, BatchLine, PaymentState, Reason, StopReason
from yikatong.payouts.service.batches import lock_batch, stop_in_bucket
from yikatong.payouts.service.rosters import take_line_off
from yikatong.payouts.store import batches as store
from yikatong.payouts.store import rosters as roster_store
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

_LINES_MAX = 1_000


async def give_payment_up(
    conn: Conn,
    *,
    bucket: int,
    resident_id: UUID,
    roster_id: UUID,
    reference: UUID,
    now: datetime,
    ids: Ids,
    bucket_count: int,
) -> Change:
    """Give up what a roster pays for a reference: taken off, stopped if the bank does not have it, never paid again.

    What was set aside for it lies in the budget then. ALREADY_SO when there is nothing that could be paid.
    Refuses, in this order: PAYOUT_LINE_HAS_ENDED (it was paid), PAYOUT_BATCH_IS_IN_ANOTHER_STATE (the bank has it, or
    the batch is being issued), ROSTER_IS_UNKNOWN.
    """
    last = await _last_line(conn, bucket=bucket, resident_id=resident_id, roster_id=roster_id, reference=reference)
    given_up = False
    if last is not None:
        given_up = await _stop_for_good(conn, last, now=now, ids=ids, bucket_count=bucket_count)
    roster = await roster_store.lock_roster(conn, roster_id=roster_id)
    if roster is None:
        raise Refused(Reason.ROSTER_IS_UNKNOWN)
    lines = await roster_store.list_lines_of_references(
        conn, bucket=bucket, roster_id=roster_id, references=[reference]
    )
    for line in lines:
        roster, _ = await take_line_off(conn, roster, line=line.line, bucket_count=bucket_count)
    if lines:
        await roster_store.update_roster(conn, roster=roster)
    return Change.of(given_up or bool(lines))


async def _stop_for_good(conn: Conn, last: BatchLine, *, now: datetime, ids: Ids, bucket_count: int) -> bool:
    if last.state is PaymentState.PAID:
        raise Refused(Reason.PAYOUT_LINE_HAS_ENDED, state=last.state.value)
    if last.state is PaymentState.ISSUED:
        _, batch = await lock_batch(conn, last.batch_id, BatchCommand.STOP)
        stops = [(last.line, StopReason.STOPPED_BY_AN_OPERATOR)]
        await stop_in_bucket(conn, batch, bucket=last.bucket, stops=stops, now=now, ids=ids, bucket_count=bucket_count)
    return await store.give_line_up(conn, bucket=last.bucket, batch_id=last.batch_id, line=last.line, now=now)


async def _last_line(
    conn: Conn, *, bucket: int, resident_id: UUID, roster_id: UUID, reference: UUID
) -> BatchLine | None:
    """The line that stands for a payment now: corrected ones and those of deleted batches have another, or none."""
    lines = await store.list_lines_of_resident(conn, bucket=bucket, resident_id=resident_id, limit=_LINES_MAX)
    for line in lines:
        if line.reference != reference or line.corrected_by is not None:
            continue
        if line.reason == StopReason.BATCH_WAS_DELETED:
            continue
        batch = await store.find_batch(conn, batch_id=line.batch_id)
        if batch is not None and batch.roster_id == roster_id:
            return line
    return None
