"""Who waits for whom in the database: races are tried in one order, made certain by the locks that are held."""

import asyncio

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
