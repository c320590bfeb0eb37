"""How a room's named statements run on an ordinary connection, and how their rows become values of its model."""

from typing import Any, LiteralString, TypeVar

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from yikatong.plumbing.queries import load_queries

Conn = AsyncConnection[Any]
Value = TypeVar("Value")


class NamedStatements:
    """The statements of a room, run by name; a column has the name of the field that it fills."""

    def __init__(self, package: str) -> None:
        """Read them; raises as `load_queries`."""
        self._queries = load_queries(package)

    def __getitem__(self, name: str) -> LiteralString:
        """The text of a statement."""
        return self._queries[name]

    async def run(self, conn: Conn, name: str, /, **values: Any) -> list[dict[str, Any]]:
        """Run a statement and give its rows, if it has any."""
        async with conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(self._queries[name], values)
            return await cursor.fetchall() if cursor.description is not None else []

    async def find_one(self, conn: Conn, name: str, shape: type[Value], /, **values: Any) -> Value | None:
        """The first row as a value, or None."""
        rows = await self.run(conn, name, **values)
        return msgspec.convert(rows[0], shape) if rows else None

    async def list_all(self, conn: Conn, name: str, shape: type[Value], /, **values: Any) -> tuple[Value, ...]:
        """Every row as a value."""
        return tuple(msgspec.convert(row, shape) for row in await self.run(conn, name, **values))

    async def list_column(self, conn: Conn, name: str, /, **values: Any) -> list[Any]:
        """The first column of every row."""
        cursor = await conn.execute(self._queries[name], values)
        return [row[0] for row in await cursor.fetchall()]

    async def hits(self, conn: Conn, name: str, /, **values: Any) -> bool:
        """Whether a statement found or wrote a row."""
        cursor = await conn.execute(self._queries[name], values)
        return cursor.rowcount > 0


def columns_of(value: msgspec.Struct) -> dict[str, Any]:
    """The fields of a value as columns; tuples become arrays."""
    fields = msgspec.structs.asdict(value)
    return {name: list(field) if isinstance(field, tuple) else field for name, field in fields.items()}
