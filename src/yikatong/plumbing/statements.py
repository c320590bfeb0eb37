"""How an ordinary transaction runs the statements of a batch."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import AsyncRawCursor, errors

from yikatong.plumbing.pipeline import Result, Statement, failure_of


async def run_in_order(conn: psycopg.AsyncConnection[Any], statements: Sequence[Statement[Any]]) -> list[Result[Any]]:
    """Run batch statements one after the other in an open transaction of an ordinary connection.

    Raises what `BatchConnection.run` raises for them.
    """
    results: list[Result[Any]] = []
    async with AsyncRawCursor(conn) as cursor:
        for statement in statements:
            try:
                await cursor.execute(statement.sql.encode(), list(statement.params), binary=True)
            except (errors.DivisionByZero, errors.InternalError_) as error:
                raise failure_of(error) from None
            rows = [statement.row(*row) for row in await cursor.fetchall()] if cursor.description else []
            results.append(Result(rows, cursor.rowcount))
    return results
