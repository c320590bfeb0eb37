"""Batch statements that must touch a known number of rows, and how an ordinary transaction runs them."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import AsyncRawCursor, pq
from psycopg.adapt import Dumper, PyFormat

from yikatong.plumbing.pipeline import Result, Statement, as_tuple
from yikatong.plumbing.violations import violations_named
from yikatong.plumbing.wire import Param


class BatchMustRerun(Exception):  # noqa: N818  an answer of the database, not a fault of the program
    """A write won fewer rows than it needed: the facts were stale, so roll back and decide again on fresh ones."""


class CountedStatement(Statement[tuple[Any, ...]]):
    """A write that must touch exactly `rows_expected` rows."""

    __slots__ = ("rows_expected",)

    def __init__(self, sql: str, params: Sequence[Param], *, rows_expected: int) -> None:
        super().__init__(sql, params, as_tuple)
        self.rows_expected = rows_expected


def verify_won(statements: Sequence[Statement[Any]], results: Sequence[Result[Any]]) -> None:
    """Go on only if every counted statement touched the rows it must; `results` are in the order of `statements`.

    Raises BatchMustRerun otherwise.
    """
    for statement, result in zip(statements, results, strict=True):
        if isinstance(statement, CountedStatement) and result.touched != statement.rows_expected:
            raise BatchMustRerun(f"{result.touched} of {statement.rows_expected} rows")


class _ParamDumper(Dumper):
    """Passes a value already in binary through psycopg; each type is a dumper of its own, told apart by its oid."""

    format = pq.Format.BINARY

    def get_key(self, obj: Param, format: PyFormat) -> Any:
        return (self.cls, obj.oid)

    def upgrade(self, obj: Param, format: PyFormat) -> "_ParamDumper":
        dumper = _ParamDumper(self.cls)
        dumper.oid = obj.oid
        return dumper

    def dump(self, obj: Param) -> bytes | None:
        return obj.data


async def run_in_order(conn: psycopg.AsyncConnection[Any], statements: Sequence[Statement[Any]]) -> list[Result[Any]]:
    """Run batch statements one after the other in an open transaction of an ordinary connection."""
    results: list[Result[Any]] = []
    async with AsyncRawCursor(conn) as cursor:
        cursor.adapters.register_dumper(Param, _ParamDumper)
        for statement in statements:
            with violations_named():
                await cursor.execute(statement.sql.encode(), list(statement.params), binary=True)
            rows = [statement.row(*row) for row in await cursor.fetchall()] if cursor.description else []
            results.append(Result(rows, cursor.rowcount))
    return results
