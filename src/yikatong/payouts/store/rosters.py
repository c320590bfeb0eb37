"""Statements about rosters, their lines, what is paid once, and objections."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import ResidentId
from yikatong.payouts.model import (
    Finding,
    LineState,
    NewRoster,
    Objection,
    ObjectionState,
    Roster,
    RosterEntry,
    RosterLine,
)
from yikatong.payouts.store.statements import STATEMENTS, among
from yikatong.plumbing import wire
from yikatong.plumbing.rows import columns_of

Conn = psycopg.AsyncConnection[Any]

Judged = tuple[int, LineState, Finding | None, str | None, str | None]
"""A line with its state, what was found, and the bank and token of the account that would be credited."""

_LINE_STATE = {state.value: state for state in LineState}
_FINDING = {finding.value: finding for finding in Finding}


async def insert_roster(conn: Conn, *, roster_id: UUID, new: NewRoster, by: UUID, now: datetime) -> bool:
    """Open a roster; False when its id is known."""
    return await STATEMENTS.hits(
        conn,
        "insert_roster",
        id=roster_id,
        region=new.region,
        division=new.division,
        scheme=new.scheme,
        period=new.period,
        title=new.title,
        once_per=new.once_per.value,
        budget_owner_id=new.budget.owner_id,
        budget_label=new.budget.label,
        now=now,
        by=by,
    )


async def find_roster(conn: Conn, *, roster_id: UUID) -> Roster | None:
    """One roster."""
    return await STATEMENTS.find_one(conn, "find_roster", Roster, id=roster_id)


async def lock_roster(conn: Conn, *, roster_id: UUID) -> Roster | None:
    """One roster, locked."""
    return await STATEMENTS.find_one(conn, "lock_roster", Roster, id=roster_id)


async def list_rosters(conn: Conn, *, region: str, prefixes: Sequence[str], limit: int) -> tuple[Roster, ...]:
    """Rosters of a region under some places (none: all), the newest first."""
    patterns = [f"{prefix}%" for prefix in prefixes]
    return await STATEMENTS.list_all(conn, "list_rosters", Roster, region=region, prefixes=patterns, limit=limit)


async def update_roster(conn: Conn, *, roster: Roster) -> None:
    """Write how a locked roster stands now."""
    await STATEMENTS.run(conn, "update_roster", **columns_of(roster))


async def insert_lines(
    conn: Conn,
    *,
    bucket: int,
    roster_id: UUID,
    entries: Sequence[tuple[int, RosterEntry, bool]],
) -> tuple[int, int]:
    """Add lines of one bucket, each with its number and whether its name differs; how many came in, and their sum."""
    rows = await STATEMENTS.run(
        conn,
        "insert_roster_lines",
        bucket=bucket,
        roster_id=roster_id,
        lines=wire.int4_array([line for line, _, _ in entries]),
        resident_ids=wire.uuid_array([entry.resident_id for _, entry, _ in entries]),
        references=wire.uuid_array([entry.reference for _, entry, _ in entries]),
        amount_fens=wire.int8_array([entry.amount_fen for _, entry, _ in entries]),
        name_differs=wire.boolean_array([differs for _, _, differs in entries]),
    )
    count, fen = rows[0].values()
    return count, fen


async def count_other_entries(conn: Conn, *, bucket: int, roster_id: UUID, entries: Sequence[RosterEntry]) -> int:
    """How many of some references stand on a roster with another person or amount."""
    found = await STATEMENTS.list_column(
        conn,
        "count_other_entries",
        bucket=bucket,
        roster_id=roster_id,
        resident_ids=wire.uuid_array([entry.resident_id for entry in entries]),
        references=wire.uuid_array([entry.reference for entry in entries]),
        amount_fens=wire.int8_array([entry.amount_fen for entry in entries]),
    )
    return int(found[0])


async def list_lines(
    conn: Conn, *, bucket: int, roster_id: UUID, after: int, limit: int
) -> list[tuple[RosterLine, bool]]:
    """Lines of one bucket after one, each with whether its name differs from the register."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(
            STATEMENTS["list_roster_lines"], {"bucket": bucket, "roster_id": roster_id, "after": after, "limit": limit}
        )
        return [_line_of(row) for row in await cursor.fetchall()]


async def list_lines_of_references(
    conn: Conn, *, bucket: int, roster_id: UUID, references: Sequence[UUID]
) -> list[RosterLine]:
    """Lines of one bucket that are for some references."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(
            STATEMENTS["list_lines_of_references"],
            {"bucket": bucket, "roster_id": roster_id, "references": wire.uuid_array(references)},
        )
        return [_line_of(row)[0] for row in await cursor.fetchall()]


async def find_line(conn: Conn, *, bucket: int, roster_id: UUID, line: int) -> RosterLine | None:
    """One line of one bucket, locked."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(STATEMENTS["find_roster_line"], {"bucket": bucket, "roster_id": roster_id, "line": line})
        row = await cursor.fetchone()
    return None if row is None else _line_of(row)[0]


def _line_of(row: tuple[Any, ...]) -> tuple[RosterLine, bool]:
    bucket, roster_id, line, resident_id, reference, amount_fen, name_differs, state, finding = row
    return RosterLine(
        bucket=bucket,
        roster_id=roster_id,
        line=line,
        resident_id=ResidentId(resident_id),
        reference=reference,
        amount_fen=amount_fen,
        state=_LINE_STATE[state],
        finding=None if finding is None else _FINDING[finding],
    ), name_differs


async def update_lines(conn: Conn, *, bucket: int, roster_id: UUID, judged: Sequence[Judged]) -> None:
    """Write what a check found of lines of one bucket."""
    await STATEMENTS.run(
        conn,
        "update_roster_lines",
        bucket=bucket,
        roster_id=roster_id,
        **among([each[0] for each in judged]),
        states=wire.text_array([each[1].value for each in judged]),
        findings=wire.text_array([None if each[2] is None else each[2].value for each in judged]),
        bank_codes=wire.text_array([each[3] for each in judged]),
        bank_tokens=wire.text_array([each[4] for each in judged]),
    )


async def remove_line(conn: Conn, *, bucket: int, roster_id: UUID, line: int) -> bool:
    """Take a line off a roster; False when it was."""
    return await STATEMENTS.hits(conn, "remove_roster_line", bucket=bucket, roster_id=roster_id, line=line)


async def claim_paid_once(
    conn: Conn, *, bucket: int, roster_id: UUID, keys: Sequence[tuple[int, ResidentId, UUID]]
) -> None:
    """Claim keys for lines of a roster where they are free."""
    await STATEMENTS.run(
        conn,
        "claim_paid_once",
        bucket=bucket,
        roster_id=roster_id,
        once_keys=wire.uuid_array([key for _, _, key in keys]),
        resident_ids=wire.uuid_array([resident_id for _, resident_id, _ in keys]),
        lines=wire.int4_array([line for line, _, _ in keys]),
    )


async def list_paid_once(conn: Conn, *, bucket: int, keys: Sequence[UUID]) -> dict[UUID, tuple[UUID, int]]:
    """Which roster and line holds each of some keys; free ones are not among them."""
    rows = await STATEMENTS.run(conn, "list_paid_once", bucket=bucket, once_keys=wire.uuid_array(keys))
    return {row["once_key"]: (row["roster_id"], row["line"]) for row in rows}


async def release_paid_once(conn: Conn, *, bucket: int, roster_id: UUID, lines: Sequence[int]) -> None:
    """Give back what some lines of a roster claimed."""
    await STATEMENTS.run(conn, "release_paid_once", bucket=bucket, roster_id=roster_id, lines=wire.int4_array(lines))


async def release_all_paid_once(conn: Conn, *, bucket: int, roster_id: UUID) -> None:
    """Give back whatever a roster claimed in one bucket."""
    await STATEMENTS.run(conn, "release_all_paid_once", bucket=bucket, roster_id=roster_id)


async def insert_objection(conn: Conn, *, objection: Objection) -> bool:
    """Write an objection; False when its id is known."""
    return await STATEMENTS.hits(conn, "insert_objection", **columns_of(objection))


async def list_objections(conn: Conn, *, bucket: int, roster_id: UUID) -> tuple[Objection, ...]:
    """Objections against a roster in one bucket."""
    return await STATEMENTS.list_all(conn, "list_objections", Objection, bucket=bucket, roster_id=roster_id)


async def lock_objection(conn: Conn, *, bucket: int, roster_id: UUID, objection_id: UUID) -> Objection | None:
    """One objection in one bucket, locked."""
    return await STATEMENTS.find_one(
        conn, "lock_objection", Objection, bucket=bucket, roster_id=roster_id, id=objection_id
    )


async def decide_objection(conn: Conn, *, objection: Objection, state: ObjectionState, by: UUID, now: datetime) -> bool:
    """Decide an open objection; False when it was decided."""
    return await STATEMENTS.hits(
        conn,
        "decide_objection",
        bucket=objection.bucket,
        roster_id=objection.roster_id,
        id=objection.id,
        state=state.value,
        by=by,
        now=now,
    )


async def count_open_objections(conn: Conn, *, bucket: int, roster_id: UUID) -> int:
    """How many objections against a roster are open in one bucket."""
    found = await STATEMENTS.list_column(conn, "count_open_objections", bucket=bucket, roster_id=roster_id)
    return int(found[0])
