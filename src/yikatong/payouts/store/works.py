"""Statements about work on large rosters."""

from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from yikatong.payouts.model import RosterWork
from yikatong.payouts.store.statements import STATEMENTS
from yikatong.plumbing.rows import columns_of

Conn = psycopg.AsyncConnection[Any]


async def insert_work(conn: Conn, *, work: RosterWork) -> bool:
    """Begin work on a roster; False when some is open."""
    return await STATEMENTS.hits(conn, "insert_work", **_columns_of(work))


async def find_last_work(conn: Conn, *, roster_id: UUID) -> RosterWork | None:
    """The last work on a roster."""
    return await STATEMENTS.find_one(conn, "find_last_work", RosterWork, roster_id=roster_id)


async def list_open_works(conn: Conn, *, limit: int) -> list[UUID]:
    """Rosters on which there is work."""
    return await STATEMENTS.list_column(conn, "list_open_works", limit=limit)


async def lock_open_work(conn: Conn, *, roster_id: UUID) -> RosterWork | None:
    """The open work on a roster, locked."""
    return await STATEMENTS.find_one(conn, "lock_open_work", RosterWork, roster_id=roster_id)


async def update_work(conn: Conn, *, work: RosterWork) -> None:
    """Write how far locked work is."""
    await STATEMENTS.run(conn, "update_work", **_columns_of(work))


def _columns_of(work: RosterWork) -> dict[str, Any]:
    return columns_of(work) | {"kind": work.kind.value, "state": work.state.value, "found": Jsonb(work.found)}
