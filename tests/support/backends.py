"""The database's server processes: who waits for whom, so that a race is tried in one order; and how one ends."""

import asyncio
from typing import Any

import psycopg

from yikatong.plumbing.database import Database

_LOOKS_MAX = 2_000
_WAITS = "SELECT %(holding)s = ANY (pg_blocking_pids(%(waiting)s))"
_WAITS_ON_WORKERS = (
    "SELECT true FROM citus_lock_waits WHERE waiting_gpid %% 10000000000 = %(waiting)s"
    " AND blocking_gpid %% 10000000000 = %(holding)s"
)
"""Of a cluster its coordinator knows who waits on a worker; a number there is the node's, then the process's."""


async def until_waits(db: Database, waiting: int | None, *, for_pid: int | None) -> None:
    """Come back once a server process waits for a lock of another; fails where it does not come to that."""
    async with db.transaction() as conn:
        found = await conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
        question = _WAITS_ON_WORKERS if await found.fetchone() else _WAITS
    for _ in range(_LOOKS_MAX):
        async with db.transaction() as conn:
            look = await conn.execute(question, {"waiting": waiting, "holding": for_pid})
            if await look.fetchone() == (True,):
                return
        await asyncio.sleep(0.005)
    raise AssertionError(f"the server process {waiting} does not wait for {for_pid}")


async def wait_for_locks_at_most(conn: psycopg.AsyncConnection[Any], milliseconds: int) -> None:
    """Let this transaction give up a lock that it waits for so long.

    A cluster passes the limit on to the workers, where rows are locked, once it is told to; elsewhere the first line
    sets a name that nobody reads.
    """
    await conn.execute("SET LOCAL citus.propagate_set_commands = 'local'")
    await conn.execute(f"SET LOCAL lock_timeout = '{milliseconds}ms'".encode())


async def end_backend(db: Database, pid: int | None) -> None:
    """End the server process behind a connection of traffic, as the login of traffic may; nobody needs more for it."""
    login = db.address.serving_conninfo or db.address.conninfo
    async with await psycopg.AsyncConnection.connect(login, autocommit=True) as conn:
        await conn.execute("SELECT pg_terminate_backend(%s::int, 5000)", [pid])
