"""What a database that was taken back must know of it: the record, numbers that move on, work that rests."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from yikatong.plumbing.queries import load_queries

_QUERIES = load_queries("yikatong.plumbing.backup")
_VERSIONS_STEP = 1_000_000
_REST = timedelta(days=100 * 365)
_LONGEST_TURN = timedelta(days=365)
"""No job's own next turn is so far away; what is further rests."""


class Restoration(msgspec.Struct, frozen=True, kw_only=True):
    """That a database was taken back, to a moment or (None) to the end of its log."""

    restored_at: datetime
    target_at: datetime | None
    backup: str
    timeline: int


async def record_restoration(conn: psycopg.AsyncConnection[Any], restoration: Restoration) -> None:
    """Keep the record, and move the numbers by which memories are valid past those that were forgotten."""
    await conn.execute(_QUERIES["write_restoration"], msgspec.structs.asdict(restoration))
    await conn.execute(_QUERIES["move_versions_ahead"], {"step": _VERSIONS_STEP})


async def find_last_restoration(conn: psycopg.AsyncConnection[Any]) -> Restoration | None:
    """The last time this database was taken back."""
    row = await (await conn.execute(_QUERIES["read_last_restoration"])).fetchone()
    return None if row is None else Restoration(**dict(zip(Restoration.__struct_fields__, row, strict=True)))


async def rest_jobs(conn: psycopg.AsyncConnection[Any], names: Sequence[str], *, now: datetime) -> None:
    """Have some jobs rest until `resume_jobs`."""
    await conn.execute(_QUERIES["rest_jobs"], {"names": list(names), "until": now + _REST})


async def resume_jobs(conn: psycopg.AsyncConnection[Any], names: Sequence[str], *, now: datetime) -> list[str]:
    """Make those of some jobs due that rest; gives their names."""
    after = {"names": list(names), "now": now, "after": now + _LONGEST_TURN}
    return sorted([row[0] async for row in await conn.execute(_QUERIES["resume_jobs"], after)])
