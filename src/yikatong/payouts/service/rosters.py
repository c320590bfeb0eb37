"""Rosters: opened, filled, checked, made public, objected to, final; from then on a batch may be issued, once."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.cards import service as cards
from yikatong.cards.model import Payee, Vault
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.names import fold_name
from yikatong.kernel.outcomes import Change, Refused
from yikatong.payouts.model import (
    Added,
    Checked,
    Finding,
    LineState,
    NewRoster,
    Reason,
    Roster,
    RosterCommand,
    RosterEntry,
    RosterLine,
    RosterState,
)
from yikatong.payouts.rules.rosters import (
    divisions_under,
    find_finding,
    once_key_of,
    verify_command,
    verify_room,
)
from yikatong.payouts.service.news import publish_roster_moved
from yikatong.payouts.store import rosters as store
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

PAGE = 20_000
"""Lines that are checked at once."""


async def open_roster(
    conn: Conn, *, new: NewRoster, by: UUID, now: datetime, ids: Ids, roster_id: UUID | None = None
) -> Roster:
    """Open a roster; with a caller's own `roster_id` the same again gives the roster as it stands."""
    chosen = roster_id or ids.new()
    await store.insert_roster(conn, roster_id=chosen, new=new, by=by, now=now)
    return await get_roster(conn, roster_id=chosen)


async def get_roster(conn: Conn, *, roster_id: UUID) -> Roster:
    """A roster as it stands. Refuses ROSTER_IS_UNKNOWN."""
    return _known(await store.find_roster(conn, roster_id=roster_id))


async def list_rosters(conn: Conn, *, region: str, divisions: Sequence[str], limit: int = 50) -> tuple[Roster, ...]:
    """Rosters of a region under some places (none named: all), the newest first."""
    return await store.list_rosters(conn, region=region, prefixes=divisions, limit=limit)


async def add_lines(
    conn: Conn,
    *,
    roster_id: UUID,
    entries: Sequence[RosterEntry],
    by: UUID,
    bucket_count: int,
    vault: Vault | None = None,
) -> Added:
    """Add people to a roster, all or none; a reference that is listed with the same person and amount is left out.

    A roster that was checked has to be checked again. Names are compared with the register by `vault`, and not kept.
    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE, ROSTER_HAS_TOO_MANY_LINES,
    ROSTER_REFERENCE_IS_USED.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.ADD, by=by)
    verify_room(roster, entries)
    by_bucket: defaultdict[int, list[tuple[int, RosterEntry]]] = defaultdict(list)
    for line, entry in enumerate(entries, roster.last_line + 1):
        by_bucket[bucket_of(entry.resident_id, bucket_count)].append((line, entry))
    count = fen = 0
    for bucket, numbered in sorted(by_bucket.items()):
        differing = await _find_differing(conn, bucket=bucket, entries=[each for _, each in numbered], vault=vault)
        rows = [(line, entry, entry.reference in differing) for line, entry in numbered]
        added = await store.insert_lines(conn, bucket=bucket, roster_id=roster_id, entries=rows)
        listed = [entry for _, entry in numbered]
        if await store.count_other_entries(conn, bucket=bucket, roster_id=roster_id, entries=listed):
            raise Refused(Reason.ROSTER_REFERENCE_IS_USED)
        count, fen = count + added[0], fen + added[1]
    if count:
        await store.update_roster(
            conn,
            roster=structs.replace(
                roster,
                state=RosterState.OPEN,
                last_line=roster.last_line + len(entries),
                line_count=roster.line_count + count,
                amount_fen=roster.amount_fen + fen,
                clear_count=0,
                clear_fen=0,
                checked_at=None,
            ),
        )
    return Added(count, len(entries) - count)


async def _find_differing(conn: Conn, *, bucket: int, entries: Sequence[RosterEntry], vault: Vault | None) -> set[UUID]:
    """The references of entries whose name is not the register's, however it is spaced; no name differs from none."""
    named = [entry for entry in entries if entry.name is not None]
    if vault is None or not named:
        return set()
    known = await cards.list_payee_names(
        conn, bucket=bucket, resident_ids=[entry.resident_id for entry in named], vault=vault
    )
    return {
        entry.reference
        for entry in named
        if (at := known.get(entry.resident_id)) and fold_name(at.name) != fold_name(entry.name or "")
    }


async def remove_line(
    conn: Conn, *, roster_id: UUID, line: int, by: UUID, now: datetime, ids: Ids, bucket_count: int
) -> Change:
    """Take a line off a roster that is open or checked; the roster has to be checked again. Publishes ROSTER_MOVED.

    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE, ROSTER_LINE_IS_UNKNOWN.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.ADD, by=by)
    taken, off = await take_line_off(conn, roster, line=line, bucket_count=bucket_count)
    if off is None:
        return Change.ALREADY_SO
    opened = structs.replace(taken, state=RosterState.OPEN, clear_count=0, clear_fen=0, checked_at=None)
    await store.update_roster(conn, roster=opened)
    await publish_roster_moved(conn, roster=opened, by=by, now=now, ids=ids, reference=off.reference)
    return Change.DONE


async def examine_roster(conn: Conn, *, roster_id: UUID, by: UUID, now: datetime, bucket_count: int) -> Checked:
    """Look at everybody on a roster: whether they live, are listed once, and have a card and an account.

    A line that can be paid claims its person (or reference), so that no other roster of the same scheme and period
    pays again; a line that cannot be is held, with the first finding. May be done again.
    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE, ROSTER_HAS_NO_LINES.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.CHECK, by=by)
    if roster.line_count == 0:
        raise Refused(Reason.ROSTER_HAS_NO_LINES)
    clear_count = clear_fen = 0
    held: Counter[str] = Counter()
    for bucket in range(bucket_count):
        after = 0
        while lines := await store.list_lines(conn, bucket=bucket, roster_id=roster_id, after=after, limit=PAGE):
            after = lines[-1][0].line
            for line, finding in await judge_lines(conn, roster, bucket=bucket, lines=lines):
                if finding is None:
                    clear_count, clear_fen = clear_count + 1, clear_fen + line.amount_fen
                else:
                    held[finding.value] += 1
    await store.update_roster(
        conn,
        roster=structs.replace(
            roster, state=RosterState.CHECKED, clear_count=clear_count, clear_fen=clear_fen, checked_at=now
        ),
    )
    return Checked(clear_count, clear_fen, dict(held))


async def judge_lines(
    conn: Conn, roster: Roster, *, bucket: int, lines: Sequence[tuple[RosterLine, bool]]
) -> list[tuple[RosterLine, Finding | None]]:
    """Judge lines of one bucket, claim for those that can be paid, and write what was found."""
    payees = await cards.list_payees(conn, bucket=bucket, resident_ids=[line.resident_id for line, _ in lines])
    keys = {line.line: once_key_of(roster, resident_id=line.resident_id, reference=line.reference) for line, _ in lines}
    claims = [
        (line.line, line.resident_id, keys[line.line])
        for line, differs in lines
        if _find(roster, payees, line, differs=differs, is_duplicate=False) is None
    ]
    claiming = {line for line, _, _ in claims}
    await store.release_paid_once(
        conn, bucket=bucket, roster_id=roster.id, lines=[line.line for line, _ in lines if line.line not in claiming]
    )
    await store.claim_paid_once(conn, bucket=bucket, roster_id=roster.id, keys=claims)
    holders = await store.list_paid_once(conn, bucket=bucket, keys=list(keys.values()))
    found = [
        (
            line,
            _find(
                roster,
                payees,
                line,
                differs=differs,
                is_duplicate=holders.get(keys[line.line], (roster.id, line.line)) != (roster.id, line.line),
            ),
        )
        for line, differs in lines
    ]
    await store.update_lines(
        conn, bucket=bucket, roster_id=roster.id, judged=[_judged(line, finding, payees) for line, finding in found]
    )
    return found


def _find(
    roster: Roster, payees: Mapping[ResidentId, Payee], line: RosterLine, *, differs: bool, is_duplicate: bool
) -> Finding | None:
    return find_finding(
        payees.get(line.resident_id),
        region=roster.region,
        divisions_under=divisions_under(roster.division),
        name_differs=differs,
        is_duplicate=is_duplicate,
    )


def _judged(line: RosterLine, finding: Finding | None, payees: Mapping[ResidentId, Payee]) -> store.Judged:
    if finding is not None:
        return line.line, LineState.HELD, finding, None, None
    payee = payees[line.resident_id]
    return line.line, LineState.CLEAR, None, payee.bank_code, payee.bank_token


async def withdraw_roster(
    conn: Conn, *, roster_id: UUID, by: UUID, now: datetime, ids: Ids, bucket_count: int
) -> Change:
    """Give up a roster that has no batch; what it claimed is free for others. Publishes ROSTER_MOVED.

    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE.
    """
    roster = _known(await store.lock_roster(conn, roster_id=roster_id))
    if roster.state is RosterState.WITHDRAWN:
        return Change.ALREADY_SO
    verify_command(roster, RosterCommand.WITHDRAW, by=by)
    for bucket in range(bucket_count):
        await store.release_all_paid_once(conn, bucket=bucket, roster_id=roster_id)
    withdrawn = structs.replace(roster, state=RosterState.WITHDRAWN)
    await store.update_roster(conn, roster=withdrawn)
    await publish_roster_moved(conn, roster=withdrawn, by=by, now=now, ids=ids)
    return Change.DONE


async def list_roster_lines(
    conn: Conn, *, roster_id: UUID, after: int = 0, limit: int = 100, bucket_count: int
) -> list[RosterLine]:
    """Lines of a roster after one, in their order, with what was found. Refuses ROSTER_IS_UNKNOWN."""
    await get_roster(conn, roster_id=roster_id)
    found: list[RosterLine] = []
    for bucket in range(bucket_count):
        lines = await store.list_lines(conn, bucket=bucket, roster_id=roster_id, after=after, limit=limit)
        found += [line for line, _ in lines]
    return sorted(found, key=lambda line: line.line)[:limit]


async def list_lines_of_references(
    conn: Conn, *, bucket: int, roster_id: UUID, references: Sequence[UUID]
) -> list[RosterLine]:
    """The lines of a roster that are for some references of one bucket's people."""
    return await store.list_lines_of_references(conn, bucket=bucket, roster_id=roster_id, references=references)


async def take_line_off(
    conn: Conn, roster: Roster, *, line: int, bucket_count: int
) -> tuple[Roster, RosterLine | None]:
    """Give the roster without a line, which gives back what it claimed, and the line; None when it was off already."""
    found = await find_listed(conn, roster_id=roster.id, line=line, bucket_count=bucket_count)
    if not await store.remove_line(conn, bucket=found.bucket, roster_id=roster.id, line=line):
        return roster, None
    await store.release_paid_once(conn, bucket=found.bucket, roster_id=roster.id, lines=[line])
    was_clear = found.state is LineState.CLEAR
    taken = structs.replace(
        roster,
        line_count=roster.line_count - 1,
        amount_fen=roster.amount_fen - found.amount_fen,
        clear_count=roster.clear_count - was_clear,
        clear_fen=roster.clear_fen - was_clear * found.amount_fen,
    )
    return taken, found


async def find_listed(conn: Conn, *, roster_id: UUID, line: int, bucket_count: int) -> RosterLine:
    """A line of a roster, locked, in whichever bucket it lies. Refuses ROSTER_LINE_IS_UNKNOWN."""
    for bucket in range(bucket_count):
        found = await store.find_line(conn, bucket=bucket, roster_id=roster_id, line=line)
        if found is not None:
            return found
    raise Refused(Reason.ROSTER_LINE_IS_UNKNOWN, line=line)


async def lock_for(conn: Conn, roster_id: UUID, command: RosterCommand, *, by: UUID) -> Roster:
    """A roster, locked, if a command is possible. Refuses ROSTER_IS_UNKNOWN, then as `verify_command`."""
    return verify_command(_known(await store.lock_roster(conn, roster_id=roster_id)), command, by=by)


def _known(roster: Roster | None) -> Roster:
    if roster is None:
        raise Refused(Reason.ROSTER_IS_UNKNOWN)
    return roster
