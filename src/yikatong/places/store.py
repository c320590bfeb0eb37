"""Statements of places, one typed function each."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import AsyncConnection

from yikatong.places.model import Division, Region
from yikatong.plumbing.rows import NamedStatements, columns_of

_STATEMENTS = NamedStatements(__package__)


async def insert_region(conn: AsyncConnection[Any], *, region: Region) -> bool:
    """Add a region; False when its code is taken."""
    return await _STATEMENTS.hits(conn, "insert_region", **columns_of(region))


async def update_region(conn: AsyncConnection[Any], *, region: Region) -> None:
    """Rename a region or change whether it is hosted."""
    await _STATEMENTS.run(conn, "update_region", **columns_of(region))


async def find_region(conn: AsyncConnection[Any], *, code: str) -> Region | None:
    """The region with a code."""
    return await _STATEMENTS.find_one(conn, "find_region", Region, code=code)


async def list_regions(conn: AsyncConnection[Any], *, hosted: bool | None) -> tuple[Region, ...]:
    """Regions in order of code."""
    return await _STATEMENTS.list_all(conn, "list_regions", Region, hosted=hosted)


async def insert_divisions(conn: AsyncConnection[Any], *, divisions: Sequence[Division]) -> None:
    """Add the rows that are not there yet."""
    async with conn.cursor() as cursor:
        await cursor.executemany(_STATEMENTS["insert_division"], [columns_of(row) for row in divisions])


async def count_divisions(conn: AsyncConnection[Any]) -> int:
    """How many rows of divisions there are."""
    (count,) = await _STATEMENTS.list_column(conn, "count_divisions")
    return int(count)


async def find_division(conn: AsyncConnection[Any], *, code: str, on: date) -> Division | None:
    """What a code means on a day."""
    return await _STATEMENTS.find_one(conn, "find_division", Division, code=code, on=on)


async def list_history(conn: AsyncConnection[Any], *, code: str) -> tuple[Division, ...]:
    """Every meaning a code ever had, oldest first."""
    return await _STATEMENTS.list_all(conn, "list_history", Division, code=code)


async def list_divisions(
    conn: AsyncConnection[Any], *, under: str, on: date, after: str, limit: int
) -> tuple[Division, ...]:
    """A page of the divisions in force on a day."""
    return await _STATEMENTS.list_all(conn, "list_divisions", Division, under=under, on=on, after=after, limit=limit)


async def list_all_divisions(conn: AsyncConnection[Any]) -> tuple[Division, ...]:
    """Every row of every division, by code and day."""
    return await _STATEMENTS.list_all(conn, "list_all_divisions", Division)
