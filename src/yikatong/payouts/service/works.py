"""Work on a large roster: begun by a request, done page by page by a job, each page in a transaction of its own.

Whoever dies between two pages leaves how far it came. A roster that was changed meanwhile drops its check: it has to be
checked again, as after any change. While a batch is being issued nothing else can be done with it.
"""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import (
    BatchState,
    Reason,
    Roster,
    RosterCommand,
    RosterState,
    RosterWork,
    WorkKind,
    WorkState,
)
from yikatong.payouts.rules.batches import sums_of_issued
from yikatong.payouts.service.batches import get_batch, new_batch, write_batch
from yikatong.payouts.service.rosters import PAGE, get_roster, judge_lines, lock_for
from yikatong.payouts.store import batches as batch_store
from yikatong.payouts.store import rosters as roster_store
from yikatong.payouts.store import works as store
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

LINES_IN_REQUEST = 100_000
"""Lines that one request checks or issues within its time; a larger roster is worked on by the job."""


def verify_fits_request(roster: Roster) -> Roster:
    """The roster, if one request can deal with all its lines. Refuses ROSTER_IS_TOO_LARGE_FOR_A_REQUEST."""
    if roster.line_count > LINES_IN_REQUEST:
        raise Refused(Reason.ROSTER_IS_TOO_LARGE_FOR_A_REQUEST, lines=roster.line_count, lines_max=LINES_IN_REQUEST)
    return roster


async def begin_check(conn: Conn, *, roster_id: UUID, by: UUID, now: datetime, ids: Ids) -> RosterWork:
    """Begin to check a roster; while work on it is open, that work is given.

    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE, ROSTER_HAS_NO_LINES.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.CHECK, by=by)
    if roster.line_count == 0:
        raise Refused(Reason.ROSTER_HAS_NO_LINES)
    return await _begin(conn, roster, WorkKind.CHECK, by=by, now=now, ids=ids)


async def begin_issue(conn: Conn, *, roster_id: UUID, by: UUID, now: datetime, ids: Ids) -> RosterWork:
    """Begin to issue the batch of a final roster, once: the batch is there at once, and `issuing` until it is whole.

    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE, ROSTER_HAS_A_BATCH.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.ISSUE, by=by)
    if roster.batch_id is not None:
        last = await store.find_last_work(conn, roster_id=roster_id)
        if last is not None and last.kind is WorkKind.ISSUE:
            return last
        raise Refused(Reason.ROSTER_HAS_A_BATCH)
    batch = structs.replace(new_batch(roster, batch_id=ids.new(), by=by, now=now), state=BatchState.ISSUING)
    await batch_store.insert_batch(conn, batch=batch)
    issued = structs.replace(roster, batch_id=batch.id)
    await roster_store.update_roster(conn, roster=issued)
    return await _begin(conn, issued, WorkKind.ISSUE, by=by, now=now, ids=ids)


async def get_work(conn: Conn, *, roster_id: UUID) -> RosterWork:
    """How far the last work on a roster is. Refuses ROSTER_IS_UNKNOWN, ROSTER_HAS_NO_WORK."""
    await get_roster(conn, roster_id=roster_id)
    work = await store.find_last_work(conn, roster_id=roster_id)
    if work is None:
        raise Refused(Reason.ROSTER_HAS_NO_WORK)
    return work


async def list_open_works(conn: Conn, *, limit: int = 100) -> list[UUID]:
    """Rosters on which there is work, the oldest first."""
    return await store.list_open_works(conn, limit=limit)


async def work_on(conn: Conn, *, roster_id: UUID, now: datetime, bucket_count: int, page: int = PAGE) -> bool:
    """Do the next page of the work on a roster; whether there is more."""
    roster = await roster_store.lock_roster(conn, roster_id=roster_id)
    work = await store.lock_open_work(conn, roster_id=roster_id)
    if roster is None or work is None:
        return False
    if not _is_as_begun(roster, work):
        await store.update_work(conn, work=structs.replace(work, state=WorkState.DROPPED, ended_at=now))
        return False
    if work.next_bucket >= bucket_count:
        await _end(conn, roster, work, now=now)
        return False
    step = _judge_next if work.kind is WorkKind.CHECK else _issue_next
    await store.update_work(conn, work=await step(conn, roster, work, page=page))
    return True


async def _begin(conn: Conn, roster: Roster, kind: WorkKind, *, by: UUID, now: datetime, ids: Ids) -> RosterWork:
    work = RosterWork(
        roster_id=roster.id,
        id=ids.new(),
        kind=kind,
        state=WorkState.OPEN,
        by_id=by,
        last_line=roster.last_line,
        line_count=roster.line_count if kind is WorkKind.CHECK else roster.clear_count,
        next_bucket=0,
        after_bank="",
        after_line=0,
        done_count=0,
        clear_count=0,
        clear_fen=0,
        found={},
        asked_at=now,
        ended_at=None,
    )
    if await store.insert_work(conn, work=work):
        return work
    open_work = await store.lock_open_work(conn, roster_id=roster.id)
    assert open_work is not None
    return open_work


def _is_as_begun(roster: Roster, work: RosterWork) -> bool:
    """Whether a roster still has the lines with which its work began, and may still be worked on."""
    if work.kind is WorkKind.ISSUE:
        return roster.state is RosterState.FINAL and roster.batch_id is not None
    is_open = roster.state in (RosterState.OPEN, RosterState.CHECKED)
    return is_open and (roster.last_line, roster.line_count) == (work.last_line, work.line_count)


async def _judge_next(conn: Conn, roster: Roster, work: RosterWork, *, page: int) -> RosterWork:
    """Judge the next lines of one bucket; with none left, go on to the next bucket."""
    lines = await roster_store.list_lines(
        conn, bucket=work.next_bucket, roster_id=roster.id, after=work.after_line, limit=page
    )
    if not lines:
        return structs.replace(work, next_bucket=work.next_bucket + 1, after_line=0)
    clear_count, clear_fen, found = work.clear_count, work.clear_fen, Counter(work.found)
    for line, finding in await judge_lines(conn, roster, bucket=work.next_bucket, lines=lines):
        if finding is None:
            clear_count, clear_fen = clear_count + 1, clear_fen + line.amount_fen
        else:
            found[finding.value] += 1
    return structs.replace(
        work,
        after_line=lines[-1][0].line,
        done_count=work.done_count + len(lines),
        clear_count=clear_count,
        clear_fen=clear_fen,
        found=dict(found),
    )


async def _issue_next(conn: Conn, roster: Roster, work: RosterWork, *, page: int) -> RosterWork:
    """Write the next lines of the batch from one bucket, and what the batch comes to with them."""
    assert roster.batch_id is not None
    batch = await batch_store.find_batch(conn, batch_id=roster.batch_id, locked=True)
    assert batch is not None
    taken = await batch_store.issue_lines(
        conn,
        bucket=work.next_bucket,
        roster_id=roster.id,
        batch_id=batch.id,
        after=(work.after_bank, work.after_line),
        offset=work.done_count,
        limit=page,
    )
    if taken.last_bank is None or taken.last_line is None:
        return structs.replace(work, next_bucket=work.next_bucket + 1, after_bank="", after_line=0)
    fen = work.clear_fen + taken.fen
    done = work.done_count + taken.count
    await write_batch(conn, structs.replace(batch, sums=sums_of_issued(count=done, fen=fen)), before=batch)
    return structs.replace(
        work,
        after_bank=taken.last_bank,
        after_line=taken.last_line,
        done_count=done,
        clear_count=done,
        clear_fen=fen,
    )


async def _end(conn: Conn, roster: Roster, work: RosterWork, *, now: datetime) -> None:
    if work.kind is WorkKind.CHECK:
        checked = structs.replace(
            roster,
            state=RosterState.CHECKED,
            clear_count=work.clear_count,
            clear_fen=work.clear_fen,
            checked_at=now,
        )
        await roster_store.update_roster(conn, roster=checked)
    else:
        assert roster.batch_id is not None
        batch = await get_batch(conn, batch_id=roster.batch_id)
        await write_batch(conn, structs.replace(batch, state=BatchState.NEW), before=batch)
    await store.update_work(conn, work=structs.replace(work, state=WorkState.DONE, ended_at=now))
