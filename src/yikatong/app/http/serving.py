"""What a worker process does: it serves on the common socket, says so, and ends what does not arrive."""

import asyncio
import resource
import socket
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

import uvicorn

from yikatong.app.http.arrivals import CONNECTIONS_MAX, Arrivals
from yikatong.app.http.workers import say_that_we_serve

_TICKS_A_SECOND = 10
_FILES_BESIDE = 256
"""Files and sockets of a process that are no caller's: its own, and its connections to the database."""


def serve_on(config: uvicorn.Config, arrival_seconds: float, listening: socket.socket, watch: Connection) -> None:
    """Serve until told to end; the work of a process (`app.http.workers`)."""
    with suppress(KeyboardInterrupt):
        server = Server(
            config,
            arrival_seconds=arrival_seconds,
            tell=lambda: say_that_we_serve(watch),
            connections_max=_connections_max(),
        )
        server.run([listening])


def _connections_max() -> int:
    """As many as we hold at once, having asked the system for so many open files; fewer where it does not give them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files_max = CONNECTIONS_MAX + _FILES_BESIDE
    if hard != resource.RLIM_INFINITY:
        files_max = min(files_max, hard)
    if soft != resource.RLIM_INFINITY and soft < files_max:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files_max, hard))
    return max(1, files_max - _FILES_BESIDE)


class Server(uvicorn.Server):
    """A server whose loop, once a second, says that it turns and looks for requests that do not arrive."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        arrival_seconds: float,
        tell: Callable[[], None],
        connections_max: int = CONNECTIONS_MAX,
    ) -> None:
        """A request must be whole `arrival_seconds` after its first byte; `tell` is called while we serve."""
        super().__init__(config)
        self._arrivals = Arrivals(connections_max=connections_max)
        self.server_state = self._arrivals
        self._arrival_seconds = arrival_seconds
        self._tell = tell

    async def on_tick(self, counter: int) -> bool:
        """What the loop does between calls, ten times a second."""
        if counter % _TICKS_A_SECOND == 0:
            self._tell()
            self._arrivals.end_late(owed_since=asyncio.get_running_loop().time() - self._arrival_seconds)
        return await super().on_tick(counter)
