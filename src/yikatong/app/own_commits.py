"""Commits of their own: what a call must have committed before its own transaction ends.

A call holds a connection of the pool already. If it took a second one from there, calls that filled the pool would
wait for one another for ever, so these connections are opened for the purpose, a few at a time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from yikatong.plumbing.database import Connection, Database

AT_ONCE_MAX = 4


class OwnCommits:
    """Short transactions beside the pool, of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._places = asyncio.Semaphore(AT_ONCE_MAX)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction on a connection of its own: whole when the block ends, absent when it raises."""
        async with self._places:
            conn = await self._database.connect_serving()
            try:
                async with conn.transaction():
                    yield conn
            finally:
                await conn.close()
