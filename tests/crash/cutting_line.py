"""A line between tills and the platform that cuts connections after so many bytes of a request, or of an answer."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PIECE = 65_536
_BYTES_MAX = 6_000
"""Two or three taps: so a cut falls anywhere in a request or an answer, the first or a later one."""


class CuttingLine:
    """Passes on what is said, and cuts each connection at a place that a seed decides; `is_whole` ends the cutting."""

    def __init__(self, *, port: int, seed: int) -> None:
        """Use `a_cutting_line`."""
        self._server_port = port
        self._chance = random.Random(seed)
        self.port = 0
        self.is_whole = False
        self.cut_requests = 0
        self.cut_answers = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it or it is cut."""
        cuts_answer, bytes_left = self._chance.random() < 0.5, self._chance.randrange(1, _BYTES_MAX)
        with suppress(OSError):
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
            ways = [
                asyncio.create_task(self._pass(reader, to_server, None if cuts_answer else bytes_left)),
                asyncio.create_task(self._pass(from_server, writer, bytes_left if cuts_answer else None)),
            ]
            done, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in pending:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            if any(way.result() for way in done if way.exception() is None):
                self.cut_answers += cuts_answer
                self.cut_requests += not cuts_answer
            to_server.transport.abort()
        writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bytes_left: int | None) -> bool:
        """Pass on what one side says; gives whether it was cut, and ends when that side does."""
        while said := await reader.read(_PIECE):
            is_cut = bytes_left is not None and len(said) > bytes_left and not self.is_whole
            writer.write(said[:bytes_left] if is_cut else said)
            await writer.drain()
            if is_cut:
                return True
            if bytes_left is not None:
                bytes_left = max(0, bytes_left - len(said))
        return False


@asynccontextmanager
async def a_cutting_line(*, port: int, seed: int) -> AsyncIterator[CuttingLine]:
    """A line to whoever listens on a port of this machine."""
    line = CuttingLine(port=port, seed=seed)
    async with await asyncio.start_server(line.serve, "127.0.0.1", 0) as server:
        line.port = server.sockets[0].getsockname()[1]
        yield line
