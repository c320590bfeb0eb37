"""A request must be here whole in time: its head, its body, and the first one of a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn

from tests.rooms.app.test_direct import Echo, Serving, a_server, hear, post
from tests.support.world import SeededIds
from yikatong.app.http.bounds import CallsAtOnce
from yikatong.app.http.direct import DirectProtocol
from yikatong.app.http.frame import Frame
from yikatong.app.http.resource import unknown_address
from yikatong.app.http.serving import Server

pytestmark = pytest.mark.anyio

TOO_SLOW = b"REQUEST_CAME_TOO_SLOWLY"


class Caller:
    """One connection, held by whoever takes time."""

    def __init__(
        self, serving: Serving, had: asyncio.Queue[int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.serving = serving
        self.reader = reader
        self.writer = writer
        self._had = had

    async def send(self, piece: bytes) -> None:
        """Send a piece of a request and wait until the server has it."""
        self.writer.write(piece)
        length = 0
        while length < len(piece):
            length += await self._had.get()

    async def answers(self, count: int) -> list[bytes]:
        return [answer async for answer in hear(self.reader, count)]

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        return await self.reader.read()


@asynccontextmanager
async def a_caller() -> AsyncIterator[Caller]:
    had: asyncio.Queue[int] = asyncio.Queue()

    class Telling(DirectProtocol):
        """A connection that tells what it has, so that a test need not guess."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the server's
            super().connection_made(transport)
            had.put_nowait(0)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            had.put_nowait(len(data))

    async with a_server(Telling) as serving:
        reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
        await had.get()
        try:
            yield Caller(serving, had, reader, writer)
        finally:
            writer.close()


@pytest.mark.parametrize("path", [b"/v1/echo", b"/v1/echo?not=direct"])
@pytest.mark.parametrize("length", [1, 30, -1])
async def test_what_stays_a_piece_of_a_request_is_refused_and_its_connection_closed(path: bytes, length: int) -> None:
    async with a_caller() as caller:
        await caller.send(post(b"slow", path=path)[:length])
        caller.serving.end_late()
        said = await caller.rest()

    assert said.startswith(b"HTTP/1.1 408 ")
    assert TOO_SLOW in said
    assert b"connection: close\r\n" in said
    assert [] == caller.serving.echo.heard


async def test_a_connection_that_says_nothing_is_closed_without_an_answer() -> None:
    async with a_caller() as caller:
        caller.serving.end_late()

        assert b"" == await caller.rest()


async def test_line_breaks_are_no_request() -> None:
    async with a_caller() as caller:
        await caller.send(b"\r\n")
        caller.serving.end_late()

        assert b"" == await caller.rest()


async def test_a_connection_between_two_requests_owes_nothing() -> None:
    async with a_caller() as caller:
        await caller.send(post(b"first")[:-1])
        await caller.send(b"t")
        first = await caller.answers(1)
        caller.serving.end_late()
        await caller.send(post(b"second"))

        assert [b"200 <first>", b"200 <second>"] == first + await caller.answers(1)


async def test_time_runs_from_the_first_byte_of_a_request_however_its_pieces_come() -> None:
    async with a_caller() as caller:
        loop = asyncio.get_running_loop()
        await caller.send(post(b"first"))
        first = await caller.answers(1)
        before = loop.time()
        await caller.send(post(b"slow")[:10])
        after = loop.time()
        for piece in (post(b"slow")[10:20], post(b"slow")[20:30]):
            await caller.send(piece)
        caller.serving.arrivals.end_late(owed_since=before - 0.001)
        await caller.send(post(b"slow")[30:40])
        caller.serving.arrivals.end_late(owed_since=after)
        said = await caller.rest()

    assert [b"200 <first>"] == first
    assert TOO_SLOW in said


async def test_a_call_that_is_being_answered_is_answered_whatever_comes_behind_it() -> None:
    async with a_caller() as caller:
        await caller.send(post(b"wait") + post(b"next")[:10])
        caller.serving.end_late()
        caller.serving.echo.let_go.set()
        waited = await caller.answers(1)
        caller.serving.end_late()
        said = await caller.rest()

    assert [b"200 <wait>"] == waited
    assert TOO_SLOW in said


async def test_a_body_behind_its_refusal_is_not_waited_for() -> None:
    async with a_caller() as caller:
        await caller.send(post(b"x" * 40)[:-1])
        refused = await caller.answers(1)
        caller.serving.end_late()

        assert [b"413 ..."] == refused
        assert b"" == await caller.rest()


async def test_of_too_many_connections_the_one_that_has_owed_longest_makes_room() -> None:
    async with a_server(connections_max=2) as serving:
        known_reader, known_writer = await asyncio.open_connection("127.0.0.1", serving.port)
        known_writer.write(post(b"known"))
        known = [answer async for answer in hear(known_reader, 1)]
        silent_reader, silent_writer = await asyncio.open_connection("127.0.0.1", serving.port)
        new = await serving.send(post(b"new"))
        with suppress(ConnectionResetError):
            assert b"" == await silent_reader.read()
        known_writer.write(post(b"known still"))
        known += [answer async for answer in hear(known_reader, 1)]
        silent_writer.close()
        known_writer.close()

    assert [b"200 <known>", b"200 <known still>"] == known
    assert [b"200 <new>"] == new


async def test_where_nobody_owes_anything_the_newcomer_is_one_too_many() -> None:
    async with a_server(connections_max=1) as serving:
        reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
        writer.write(post(b"first"))
        first = [answer async for answer in hear(reader, 1)]
        one_too_many, its_writer = await asyncio.open_connection("127.0.0.1", serving.port)
        with suppress(ConnectionResetError):
            assert b"" == await one_too_many.read()
        writer.write(post(b"second"))
        second = [answer async for answer in hear(reader, 1)]
        its_writer.close()
        writer.close()

    assert [b"200 <first>", b"200 <second>"] == first + second


async def test_the_server_looks_by_itself() -> None:
    echo = Echo()
    frame = Frame(unknown_address, direct_routes={"/v1/echo": echo}, ids=SeededIds(), calls=CallsAtOnce())
    config = uvicorn.Config(
        frame, port=0, http=DirectProtocol, ws="none", lifespan="off", log_config=None, proxy_headers=False
    )
    listening = config.bind_socket()
    listening.listen()
    turns: list[None] = []
    server = Server(config, arrival_seconds=0.01, tell=lambda: turns.append(None))
    serving = asyncio.create_task(server.serve([listening]))
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
    writer.write(post(b"slow")[:-1])
    said = await reader.read()
    writer.close()
    server.should_exit = True
    await serving

    assert turns
    assert TOO_SLOW in said or said == b"", "the look may come before the first byte"
