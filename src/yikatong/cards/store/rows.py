"""How a row becomes a value of the model."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import dict_row

from yikatong.plumbing.queries import load_queries

QUERIES = load_queries("yikatong.cards")

_AS_THEY_ARE = (UUID, datetime, date, bytes)
_Value = TypeVar("_Value")


async def fetch_one(
    conn: psycopg.AsyncConnection[Any], query: LiteralString, parameters: Mapping[str, Any], kind: type[_Value]
) -> _Value | None:
    """The first row as a value, by its column names, or None."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, parameters)
        row = await cursor.fetchone()
    return None if row is None else msgspec.convert(row, kind, builtin_types=_AS_THEY_ARE)


async def fetch_all(
    conn: psycopg.AsyncConnection[Any], query: LiteralString, parameters: Mapping[str, Any], kind: type[_Value]
) -> list[_Value]:
    """Every row as a value, by its column names."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, parameters)
        rows = await cursor.fetchall()
    return [msgspec.convert(row, kind, builtin_types=_AS_THEY_ARE) for row in rows]


async def fetch_column(
    conn: psycopg.AsyncConnection[Any], query: LiteralString, parameters: Mapping[str, Any]
) -> list[Any]:
    """The first column of every row."""
    cursor = await conn.execute(query, parameters)
    return [row[0] for row in await cursor.fetchall()]


async def touches(conn: psycopg.AsyncConnection[Any], query: LiteralString, parameters: Mapping[str, Any]) -> bool:
    """Whether a statement wrote a row."""
    cursor = await conn.execute(query, parameters)
    return cursor.rowcount > 0
