"""A line to the database that breaks at a commit: before it arrives, or before its answer comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection, Database, SessionLimits

_PIECE = 65_536


class CutLine:
    """Passes on what connections say until the first commit; then the line is cut.

    When the commit is let through, its answer alone is lost, and later connections are whole. When it is not,
    nothing passes any more.
    """

    def __init__(self, db: Database, *, lets_commit_through: bool) -> None:
        """Use `a_cut_line`."""
        self._address = db.address
        self._lets_through = lets_commit_through
        self._is_cut = False
        self.port = 0

    async def connect(self) -> Connection:
        """A connection of traffic over this line, as a counter opens its own."""
        serving = self._address.serving_conninfo
        address = ServerAddress(
            conninfo=self._here(self._address.conninfo),
            serving_conninfo=None if serving is None else self._here(serving),
        )
        return await Database(address, limits=SessionLimits(), pool_size_max=1).connect_serving()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end or the cut."""
        if self._is_cut and not self._lets_through:
            writer.close()
            return
        from_server, to_server = await self._dial()
        answer_is_lost = asyncio.Event()

        async def pass_on() -> None:
            while said := await reader.read(_PIECE):
                if b"COMMIT" in said and not self._is_cut:
                    self._is_cut = True
                    answer_is_lost.set()
                    if not self._lets_through:
                        return
                to_server.write(said)

        async def pass_back() -> None:
            while (said := await from_server.read(_PIECE)) and not answer_is_lost.is_set():
                writer.write(said)

        ways = [asyncio.create_task(pass_on()), asyncio.create_task(pass_back())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        to_server.close()
        writer.close()

    def _here(self, conninfo: str) -> str:
        return make_conninfo(conninfo, host="127.0.0.1", port=self.port)

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts: dict[str, Any] = conninfo_to_dict(self._address.conninfo)
        host, port = str(parts["host"]), parts["port"]
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))


@asynccontextmanager
async def a_cut_line(db: Database, *, lets_commit_through: bool) -> AsyncIterator[CutLine]:
    """A line to a database that breaks at the first commit said over it."""
    line = CutLine(db, lets_commit_through=lets_commit_through)
    async with await asyncio.start_server(line.serve, "127.0.0.1", 0) as server:
        line.port = server.sockets[0].getsockname()[1]
        yield line
