"""Statements of places, one typed function each."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from yikatong.places.model import Division, Region
from yikatong.plumbing.queries import load_queries

_QUERIES = load_queries(__package__)


async def _rows(conn: AsyncConnection[Any], name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_QUERIES[name], values)
        return await cursor.fetchall()


def _values(division: Division) -> dict[str, Any]:
    return msgspec.structs.asdict(division) | {"successors": list(division.successors)}


async def insert_region(conn: AsyncConnection[Any], *, region: Region) -> bool:
    """Add a region; False when its code is taken."""
    return bool(await _rows(conn, "insert_region", msgspec.structs.asdict(region)))


async def update_region(conn: AsyncConnection[Any], *, region: Region) -> None:
    """Rename a region or change whether it is hosted."""
    await _rows(conn, "update_region", msgspec.structs.asdict(region))


async def find_region(conn: AsyncConnection[Any], *, code: str) -> Region | None:
    """The region with a code."""
    rows = await _rows(conn, "find_region", {"code": code})
    return msgspec.convert(rows[0], Region) if rows else None


async def list_regions(conn: AsyncConnection[Any], *, hosted: bool | None) -> tuple[Region, ...]:
    """Regions in order of code."""
    return msgspec.convert(await _rows(conn, "list_regions", {"hosted": hosted}), tuple[Region, ...])


async def insert_divisions(conn: AsyncConnection[Any], *, divisions: Sequence[Division]) -> None:
    """Add the rows that are not there yet."""
    async with conn.cursor() as cursor:
        await cursor.executemany(_QUERIES["insert_division"], [_values(row) for row in divisions])


async def count_divisions(conn: AsyncConnection[Any]) -> int:
    """How many rows of divisions there are."""
    rows = await _rows(conn, "count_divisions", {})
    return int(rows[0]["row_count"])


async def find_division(conn: AsyncConnection[Any], *, code: str, on: date) -> Division | None:
    """What a code means on a day."""
    rows = await _rows(conn, "find_division", {"code": code, "on": on})
    return msgspec.convert(rows[0], Division) if rows else None


async def list_history(conn: AsyncConnection[Any], *, code: str) -> tuple[Division, ...]:
    """Every meaning a code ever had, oldest first."""
    return msgspec.convert(await _rows(conn, "list_history", {"code": code}), tuple[Division, ...])


async def list_divisions(
    conn: AsyncConnection[Any], *, under: str, on: date, after: str, limit: int
) -> tuple[Division, ...]:
    """A page of the divisions in force on a day."""
    values = {"under": under, "on": on, "after": after, "limit": limit}
    return msgspec.convert(await _rows(conn, "list_divisions", values), tuple[Division, ...])


async def list_all_divisions(conn: AsyncConnection[Any]) -> tuple[Division, ...]:
    """Every row of every division, by code and day."""
    return msgspec.convert(await _rows(conn, "list_all_divisions", {}), tuple[Division, ...])
