"""The database's server processes: who waits for whom, so that a race is tried in one order; and how one ends."""

import asyncio

import psycopg

from yikatong.plumbing.database import Database

_LOOKS_MAX = 2_000


async def until_waits(db: Database, waiting: int | None, *, for_pid: int | None) -> None:
    """Come back once a server process waits for a lock of another; fails where it does not come to that."""
    for _ in range(_LOOKS_MAX):
        async with db.transaction() as conn:
            look = await conn.execute("SELECT %s = ANY (pg_blocking_pids(%s))", [for_pid, waiting])
            if await look.fetchone() == (True,):
                return
        await asyncio.sleep(0.005)
    raise AssertionError(f"the server process {waiting} does not wait for {for_pid}")


async def end_backend(db: Database, pid: int | None) -> None:
    """End the server process behind a connection of traffic, as the login of traffic may; nobody needs more for it."""
    login = db.address.serving_conninfo or db.address.conninfo
    async with await psycopg.AsyncConnection.connect(login, autocommit=True) as conn:
        await conn.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
