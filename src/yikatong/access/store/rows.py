"""How a named statement of access runs, and how its rows become values."""

from typing import Any, TypeVar

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from yikatong.plumbing.queries import load_queries

_QUERIES = load_queries("yikatong.access")

Row = TypeVar("Row")
Conn = AsyncConnection[Any]


async def run(conn: Conn, name: str, /, **values: Any) -> list[dict[str, Any]]:
    """Run a statement and give its rows, if it has any."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_QUERIES[name], values)
        return await cursor.fetchall() if cursor.description is not None else []


async def find_one(conn: Conn, name: str, shape: type[Row], /, **values: Any) -> Row | None:
    """The first row as a value, or None."""
    rows = await run(conn, name, **values)
    return msgspec.convert(rows[0], shape) if rows else None


async def list_all(conn: Conn, name: str, shape: type[Row], /, **values: Any) -> tuple[Row, ...]:
    """Every row as a value."""
    return tuple(msgspec.convert(row, shape) for row in await run(conn, name, **values))


async def has_row(conn: Conn, name: str, /, **values: Any) -> bool:
    """Whether a statement returned a row: it found something, or won it."""
    return bool(await run(conn, name, **values))


def columns_of(value: msgspec.Struct) -> dict[str, Any]:
    """Fields as columns; tuples become arrays."""
    fields = msgspec.structs.asdict(value)
    return {name: list(field) if isinstance(field, tuple) else field for name, field in fields.items()}
