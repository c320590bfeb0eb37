"""Versions: a number per subject that grows with each change, so that caches in workers know when they are stale."""

from typing import Any

import psycopg

from yikatong.plumbing.pipeline import Statement
from yikatong.plumbing.queries import load_queries

_QUERIES = load_queries("yikatong.plumbing")
_READ = str(_QUERIES["read_versions"])


async def bump(conn: psycopg.AsyncConnection[Any], *, subject: str) -> int:
    """Move a subject's number on, in the transaction that changes the subject; gives the new number."""
    row = await (await conn.execute(_QUERIES["bump_version"], {"subject": subject})).fetchone()
    assert row is not None
    return int(row[0])


async def read_all(conn: psycopg.AsyncConnection[Any]) -> dict[str, int]:
    """Every subject's number; a subject that never changed is absent."""
    return {subject: version async for subject, version in await conn.execute(_QUERIES["read_versions"])}


def reading() -> Statement[tuple[str, int]]:
    """Every subject's number, as the statement of a tap batch."""
    return Statement(_READ, (), _subject_and_version)


def _subject_and_version(subject: str, version: int) -> tuple[str, int]:
    return subject, version
