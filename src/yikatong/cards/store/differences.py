"""What an audit of cards finds, as rows."""

from typing import Any

import psycopg

from yikatong.cards.store.statements import STATEMENTS


async def list_differences(conn: psycopg.AsyncConnection[Any], *, query: str) -> list[tuple[Any, ...]]:
    """The rows of one of the audit's queries, by its name."""
    return list(await (await conn.execute(STATEMENTS[query])).fetchall())
