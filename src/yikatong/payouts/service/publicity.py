"""Publicity (公示): a checked roster is public for a time, may be objected to, and is then final."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.cards import service as cards
from yikatong.cards.model import Vault
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.payouts.model import (
    Ground,
    LineState,
    Objection,
    ObjectionState,
    PublicLine,
    Reason,
    Roster,
    RosterCommand,
    RosterLine,
    RosterState,
)
from yikatong.payouts.rules.rosters import verify_has_somebody, verify_is_public, verify_term, verify_was_public
from yikatong.payouts.service.news import publish_roster_moved
from yikatong.payouts.service.rosters import find_listed, get_roster, list_roster_lines, lock_for, take_line_off
from yikatong.payouts.store import rosters as store
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def publish_roster(
    conn: Conn, *, roster_id: UUID, by: UUID, now: datetime, ids: Ids, until: date | None = None
) -> Roster:
    """Make a checked roster public from today until a day (exclusive), seven working days at least.

    Publishes ROSTER_MOVED.

    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE, ROSTER_IS_REVIEWED_BY_ANOTHER_PERSON,
    ROSTER_HAS_NO_LINES, ROSTER_HAS_NOBODY_TO_PAY, PUBLICITY_TERM_IS_TOO_SHORT.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.PUBLISH, by=by)
    verify_has_somebody(roster)
    today = day_of(now)
    public = structs.replace(
        roster, state=RosterState.PUBLISHED, public_from=today, public_until=verify_term(today, until)
    )
    await store.update_roster(conn, roster=public)
    await publish_roster_moved(conn, roster=public, by=by, now=now, ids=ids)
    return public


async def list_public_lines(
    conn: Conn, *, roster_id: UUID, after: int, limit: int, vault: Vault, bucket_count: int
) -> tuple[list[PublicLine], list[ResidentId]]:
    """Lines of a published roster as everybody may read them, and whom they are: a masked name, the place, the amount.

    No ID number and no account. The caller records the look. Refuses ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE.
    """
    roster = await get_roster(conn, roster_id=roster_id)
    if roster.state is not RosterState.PUBLISHED:
        raise Refused(Reason.ROSTER_IS_IN_ANOTHER_STATE, state=roster.state.value, needs=RosterState.PUBLISHED.value)
    page = await list_roster_lines(conn, roster_id=roster_id, after=after, limit=limit, bucket_count=bucket_count)
    shown = [line for line in page if line.state is LineState.CLEAR]
    public: dict[int, PublicLine] = {}
    for bucket in sorted({line.bucket for line in shown}):
        of_bucket = [line for line in shown if line.bucket == bucket]
        public |= await _show_in_public(conn, bucket=bucket, lines=of_bucket, vault=vault)
    return [public[line.line] for line in shown], [line.resident_id for line in shown]


async def _show_in_public(
    conn: Conn, *, bucket: int, lines: Sequence[RosterLine], vault: Vault
) -> dict[int, PublicLine]:
    residents = [line.resident_id for line in lines]
    payees = await cards.list_payees(conn, bucket=bucket, resident_ids=residents)
    names = await cards.list_payee_names(conn, bucket=bucket, resident_ids=residents, vault=vault)
    return {
        line.line: PublicLine(
            line=line.line,
            name=cards.mask_name(names[line.resident_id].name) if line.resident_id in names else "",
            division=payees[line.resident_id].division if line.resident_id in payees else "",
            amount_fen=line.amount_fen,
        )
        for line in lines
    }


async def object_to_line(
    conn: Conn,
    *,
    roster_id: UUID,
    line: int,
    ground: Ground,
    by: UUID,
    now: datetime,
    ids: Ids,
    bucket_count: int,
    objection_id: UUID | None = None,
) -> Objection:
    """Note what somebody says against a line while its roster is public.

    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE, PUBLICITY_TERM_HAS_ENDED,
    ROSTER_LINE_IS_UNKNOWN.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.OBJECT, by=by)
    verify_is_public(roster, today=day_of(now))
    found = await find_listed(conn, roster_id=roster_id, line=line, bucket_count=bucket_count)
    objection = Objection(
        bucket=found.bucket,
        id=objection_id or ids.new(),
        roster_id=roster_id,
        line=line,
        resident_id=found.resident_id,
        ground=ground,
        state=ObjectionState.OPEN,
        made_at=now,
        made_by=by,
        decided_at=None,
        decided_by=None,
    )
    await store.insert_objection(conn, objection=objection)
    return objection


async def list_objections(conn: Conn, *, roster_id: UUID, bucket_count: int) -> list[Objection]:
    """Every objection against a roster, in the order they were made. Refuses ROSTER_IS_UNKNOWN."""
    await get_roster(conn, roster_id=roster_id)
    found: list[Objection] = []
    for bucket in range(bucket_count):
        found += await store.list_objections(conn, bucket=bucket, roster_id=roster_id)
    return sorted(found, key=lambda each: each.id)


async def decide_objection(
    conn: Conn,
    *,
    roster_id: UUID,
    objection_id: UUID,
    is_upheld: bool,
    by: UUID,
    now: datetime,
    ids: Ids,
    bucket_count: int,
) -> Change:
    """Decide an objection: upheld it takes the line off the roster, dismissed it changes nothing.

    Publishes ROSTER_MOVED for a line that was taken off.

    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE, OBJECTION_IS_UNKNOWN, OBJECTION_IS_DECIDED
    (otherwise), ROSTER_LINE_IS_UNKNOWN.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.OBJECT, by=by)
    state = ObjectionState.UPHELD if is_upheld else ObjectionState.DISMISSED
    objection = await _lock_objection(conn, roster_id, objection_id, bucket_count=bucket_count)
    if objection.state is state:
        return Change.ALREADY_SO
    if not await store.decide_objection(conn, objection=objection, state=state, by=by, now=now):
        raise Refused(Reason.OBJECTION_IS_DECIDED, state=objection.state.value)
    if is_upheld:
        taken, off = await take_line_off(conn, roster, line=objection.line, bucket_count=bucket_count)
        await store.update_roster(conn, roster=taken)
        if off is not None:
            await publish_roster_moved(
                conn, roster=taken, by=by, now=now, ids=ids, reference=off.reference, was_objected=True
            )
    return Change.DONE


async def finalise_roster(
    conn: Conn, *, roster_id: UUID, by: UUID, now: datetime, ids: Ids, bucket_count: int
) -> Roster:
    """Make a roster final when its public term is over and every objection decided; the same again changes nothing.

    Publishes ROSTER_MOVED.

    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE, ROSTER_IS_REVIEWED_BY_ANOTHER_PERSON,
    PUBLICITY_TERM_HAS_NOT_ENDED, OBJECTION_IS_OPEN, ROSTER_HAS_NO_LINES, ROSTER_HAS_NOBODY_TO_PAY.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.FINALISE, by=by)
    verify_was_public(roster, today=day_of(now))
    for bucket in range(bucket_count):
        if await store.count_open_objections(conn, bucket=bucket, roster_id=roster_id):
            raise Refused(Reason.OBJECTION_IS_OPEN)
    verify_has_somebody(roster)
    final = structs.replace(roster, state=RosterState.FINAL, final_at=now)
    await store.update_roster(conn, roster=final)
    await publish_roster_moved(conn, roster=final, by=by, now=now, ids=ids)
    return final


async def _lock_objection(conn: Conn, roster_id: UUID, objection_id: UUID, *, bucket_count: int) -> Objection:
    for bucket in range(bucket_count):
        found = await store.lock_objection(conn, bucket=bucket, roster_id=roster_id, objection_id=objection_id)
        if found is not None:
            return found
    raise Refused(Reason.OBJECTION_IS_UNKNOWN)
