"""The load generator: an open load charges a server that stands still for everybody who came meanwhile."""

import asyncio
from contextlib import suppress

import pytest

from yikatong.app.bench.generators import Counted, Lines, LoadResult, draw_moments, run_closed, run_open
from yikatong.app.bench.line import LoadedTap

pytestmark = pytest.mark.anyio

ADMITTED = b'{"outcome":"admitted"}'
REFUSED = b'{"reason":"BALANCE_IS_TOO_LOW"}'


class Till:
    """A server that answers each request, in two pieces; the n-th one only after a pause in which all wait."""

    def __init__(self, *, pause_at: int | None = None, pause_seconds: float = 0.0, body: bytes = ADMITTED) -> None:
        self.requests = 0
        self._serving: set[asyncio.Task[None]] = set()
        self._pause_at = pause_at
        self._pause_seconds = pause_seconds
        self._body = body
        self._open = asyncio.Event()
        self._open.set()

    async def __aenter__(self) -> str:
        """Listen, and give the address."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.gather(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        with suppress(asyncio.IncompleteReadError):
            await self._answer_all(reader, writer)
        await hang_up(writer)

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            self.requests += 1
            if self.requests == self._pause_at:
                self._open.clear()
                asyncio.get_running_loop().call_later(self._pause_seconds, self._open.set)
            await self._open.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self._body))
            await writer.drain()
            writer.write(self._body)
            await writer.drain()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection to its end."""
    writer.close()
    await writer.wait_closed()


def taps(count: int) -> list[LoadedTap]:
    """Requests that must be admitted."""
    return [LoadedTap(b"GET / HTTP/1.1\r\n\r\n", "admitted") for _ in range(count)]


async def open_load(address: str, moments: list[float], *, connections: int, warm_seconds: float = 0.0) -> LoadResult:
    """Send a tap at each moment."""
    lines = Lines(Counted())
    await lines.connect(address, connections)
    try:
        return await run_open(lines, taps(len(moments)), moments, warm_seconds=warm_seconds, seconds=1.0)
    finally:
        lines.close()


async def test_an_open_load_counts_from_the_scheduled_moment_also_those_who_could_not_be_sent() -> None:
    """Two connections, the first tap held for 0.3 s: the eight behind it were due in that time and waited too."""
    moments = [0.01 * number for number in range(10)]
    async with Till(pause_at=1, pause_seconds=0.3) as address:
        load = await open_load(address, moments, connections=2)

    assert 10 == load.taps
    assert min(load.latencies_ms) >= 200
    assert 8 == load.waiting_max


async def test_taps_of_the_warm_up_are_answered_but_do_not_count() -> None:
    async with Till() as address:
        load = await open_load(address, [0.0, 0.01, 0.2, 0.21], connections=2, warm_seconds=0.1)

    assert (2, 4) == (load.taps, load.answered)


async def test_a_closed_load_sends_the_next_when_the_last_was_answered() -> None:
    lines = Lines(Counted())
    async with Till(body=REFUSED) as address:
        await lines.connect(address, 3)
        load = await run_closed(lines, taps(50), warm_seconds=0.0, seconds=5.0)
        lines.close()

    assert 50 == load.answered
    assert ("BALANCE_IS_TOO_LOW instead of admitted",) == tuple(set(load.wrong))
    assert 50 * len(b"GET / HTTP/1.1\r\n\r\n") == load.sent_bytes


async def test_a_connection_that_the_server_closes_fails_the_load() -> None:
    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await hang_up(writer)

    async with await asyncio.start_server(end, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(ConnectionError):
            await open_load(address, [0.0, 0.3], connections=1)


async def test_arrivals_come_at_their_rate_and_the_same_seed_brings_the_same() -> None:
    moments = draw_moments(1000.0, 10.0, seed=7)

    assert moments == draw_moments(1000.0, 10.0, seed=7) == sorted(moments)
    assert 9_500 < len(moments) < 10_500
    assert moments[-1] < 10.0
