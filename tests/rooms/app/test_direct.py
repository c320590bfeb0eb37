"""Direct routes over a real connection: the same answers as through ASGI, however a request arrives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp

from tests.support.world import SeededIds
from yikatong.app.http.arrivals import CONNECTIONS_MAX, Arrivals
from yikatong.app.http.bounds import CALLS_AT_ONCE_MAX, LARGE_AT_ONCE_MAX, CallsAtOnce
from yikatong.app.http.direct import HEAD_BYTES_MAX, Answer, DirectProtocol, RawHeaders
from yikatong.app.http.frame import Frame
from yikatong.app.http.resource import unknown_address

pytestmark = pytest.mark.anyio

BYTES_MAX = 32


class Echo:
    """A direct route that gives its body back; one that says `wait` is held until it is let go."""

    body_bytes_max = BYTES_MAX

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.fields: list[bytes] = []
        self.let_go = asyncio.Event()

    async def answer(self, headers: RawHeaders, read_body: Callable[[], Awaitable[bytes]]) -> Answer:
        body = await read_body()
        self.fields = [name for name, _ in headers]
        if body == b"wait":
            await self.let_go.wait()
        self.heard.append(body)
        return Answer(200, [(b"content-type", b"text/raw")], b"<" + body + b">")


class Serving:
    """A server on a port of its own."""

    def __init__(self, echo: Echo, port: int, server: uvicorn.Server, *, connections_max: int) -> None:
        self.echo = echo
        self.port = port
        self.server = server
        self.arrivals = Arrivals(connections_max=connections_max)
        server.server_state = self.arrivals

    def end_late(self) -> None:
        """Look for what owes the rest of a request, as if the time for it were over."""
        self.arrivals.end_late(owed_since=asyncio.get_running_loop().time())

    def begin_to_end(self) -> None:
        """Tell every connection, as the server does when it is told to end."""
        for connection in self.server.server_state.connections:
            connection.shutdown()

    async def send(self, *pieces: bytes, answers: int = 1) -> list[bytes]:
        """Send pieces one after the other and hear so many answers, or fewer when the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            return [answer async for answer in hear(reader, answers)]
        finally:
            writer.close()


async def hear(reader: asyncio.StreamReader, count: int) -> AsyncIterator[bytes]:
    """Answers as status, body, and `close` where the connection ends with it."""
    for _ in range(count):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
        except asyncio.IncompleteReadError:
            return
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        body = await reader.readexactly(length)
        closes = b" close" if b"connection: close" in head else b""
        yield head[9:12] + b" " + (body if len(body) < 40 else b"...") + closes


@asynccontextmanager
async def a_server(
    protocol: type[asyncio.Protocol] | str = DirectProtocol,
    *,
    connections_max: int = CONNECTIONS_MAX,
    inner: ASGIApp = unknown_address,
    calls_max: int = CALLS_AT_ONCE_MAX,
    large_max: int = LARGE_AT_ONCE_MAX,
) -> AsyncIterator[Serving]:
    echo = Echo()
    calls = CallsAtOnce(calls_max, large_max=large_max)
    frame = Frame(inner, direct_routes={"/v1/echo": echo}, ids=SeededIds(), calls=calls)
    config = uvicorn.Config(
        frame, port=0, http=protocol, ws="none", lifespan="off", log_config=None, proxy_headers=False
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    listening = config.bind_socket()
    serving = Serving(echo, listening.getsockname()[1], server, connections_max=connections_max)
    await server.startup(sockets=[listening])
    try:
        yield serving
    finally:
        echo.let_go.set()
        await server.shutdown(sockets=[listening])


def post(body: bytes, *headers: bytes, version: bytes = b"1.1", path: bytes = b"/v1/echo") -> bytes:
    """A request with its length."""
    lines = [b"POST " + path + b" HTTP/" + version, b"Host: x", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def test_calls_follow_each_other_on_one_connection() -> None:
    async with a_server() as serving:
        assert [b"200 <one>", b"200 <two>"] == await serving.send(post(b"one"), post(b"two"), answers=2)


async def test_pipelined_calls_are_answered_in_their_order() -> None:
    async with a_server() as serving:
        sending = asyncio.create_task(serving.send(post(b"wait") + post(b"two") + post(b"three"), answers=3))
        await serving.send(post(b"another"))
        serving.echo.let_go.set()
        answers = await sending

    assert [b"200 <wait>", b"200 <two>", b"200 <three>"] == answers
    assert [b"another", b"wait", b"two", b"three"] == serving.echo.heard


async def test_a_body_may_come_in_pieces_and_in_chunks() -> None:
    whole = post(b"in pieces")
    chunked = b"POST /v1/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nin\r\n3\r\n ch\r\n0\r\n\r\n"
    async with a_server() as serving:
        in_pieces = await serving.send(*(whole[at : at + 1] for at in range(len(whole))))
        in_chunks = await serving.send(chunked)

    assert ([b"200 <in pieces>"], [b"200 <in ch>"]) == (in_pieces, in_chunks)


async def test_a_body_too_large_is_refused_by_its_header_and_by_its_bytes() -> None:
    too_large = b"x" * (BYTES_MAX + 1)
    chunked = b"POST /v1/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n21\r\n" + too_large + b"\r\n0\r\n\r\n"
    async with a_server() as serving:
        by_header = await serving.send(post(too_large)[: -len(too_large)])
        by_bytes = await serving.send(chunked)

    assert ([b"413 ..."], [b"413 ..."]) == (by_header, by_bytes)
    assert [] == serving.echo.heard


async def test_a_caller_who_goes_away_half_way_is_not_heard() -> None:
    async with a_server() as serving:
        assert [] == await serving.send(post(b"half")[:-1], answers=0)
        assert [b"200 <after>"] == await serving.send(post(b"after"))

    assert [b"after"] == serving.echo.heard


async def test_the_last_call_of_a_connection_closes_it() -> None:
    async with a_server() as serving:
        assert [b"200 <last> close"] == await serving.send(post(b"last", b"Connection: close"), post(b"x"), answers=2)


async def test_at_the_end_a_call_on_its_way_is_answered_and_its_connection_closed() -> None:
    async with a_server() as serving:
        sending = asyncio.create_task(serving.send(post(b"wait")))
        await serving.send(post(b"another"))
        serving.begin_to_end()
        serving.echo.let_go.set()

    assert [b"200 <wait> close"] == await sending


@pytest.mark.parametrize(
    "request_bytes",
    [
        post(b"x", b"Expect: 100-continue"),
        post(b"old", version=b"1.0"),
        post(b"x", path=b"/v1/echo?a=1"),
        post(b"x", path=b"/v1/%65cho"),
        post(b"x", path=b"/v1/other"),
        b"GET /v1/echo HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST /v1/echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/echo\r\n\r\n",
        b"\x16\x03\x01\x00",
    ],
)
async def test_what_is_no_plain_call_is_answered_as_the_server_answers_it_elsewhere(request_bytes: bytes) -> None:
    async with a_server() as serving, a_server("httptools") as plain:
        assert await plain.send(request_bytes, b"\r\n\r\n") == await serving.send(request_bytes, b"\r\n\r\n")


async def test_nothing_behind_an_upgrade_is_a_request() -> None:
    upgrade = post(b"x" * 20, b"Connection: upgrade", b"Upgrade: h2c")[:-20]
    async with a_server() as serving:
        answers = await serving.send(upgrade, post(b"smuggled"), answers=2)

    assert [b" close"] == [answer[-6:] for answer in answers]
    assert b"smuggled" not in serving.echo.heard


async def test_a_length_of_thousands_of_digits_is_a_length_or_too_large() -> None:
    padded = post(b"x").replace(b"Content-Length: 1", b"Content-Length: " + b"0" * 4_500 + b"1")
    async with a_server() as serving:
        assert [b"200 <x>"] == await serving.send(padded)
        assert [b"413 ..."] == await serving.send(padded.replace(b"0001", b"9991"))


async def test_a_head_without_an_end_ends_the_connection() -> None:
    endless = [b"POST /v1/echo HTTP/1.1\r\nX: ", *[b"a" * 16_384] * 8]
    async with a_server() as serving:
        assert [b"400 The head of the request is too large. close"] == await serving.send(*endless)
        assert [b"200 <after>"] == await serving.send(post(b"after"))


async def test_a_field_behind_a_body_is_none_of_the_head() -> None:
    chunked = (
        b"POST /v1/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
    )
    async with a_server() as serving:
        assert [b"200 <abc>", b"200 <next>"] == await serving.send(chunked, post(b"next"), answers=2)
        assert [b"200 <abc>"] == await serving.send(chunked)

        assert [b"transfer-encoding"] == serving.echo.fields


@pytest.mark.parametrize("line", [b"A: b\r\n", b"a"])
async def test_what_goes_on_without_an_end_behind_a_body_ends_the_connection(line: bytes) -> None:
    head = b"POST /v1/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    endless = line * (HEAD_BYTES_MAX // len(line))
    async with a_server() as serving:
        _, writer = await asyncio.open_connection("127.0.0.1", serving.port)
        writer.write(head)
        with pytest.raises(ConnectionError):
            for _ in range(64):
                writer.write(endless)
                await writer.drain()
                await asyncio.sleep(0.001)
        writer.close()

        assert set() == serving.server.server_state.connections


async def test_however_requests_are_cut_the_answers_are_the_same() -> None:
    whole = post(b"first") + post(b"x" * 40) + post(b"", b"X: y") + post(b"last", b"Connection: close")
    drawn: list[list[int]] = []

    @given(st.lists(st.integers(1, len(whole) - 1), max_size=6, unique=True))
    def draw(cuts: list[int]) -> None:
        drawn.append(sorted(cuts))

    draw()
    async with a_server() as serving:
        for cuts in drawn:
            places = [0, *cuts, len(whole)]
            pieces = [whole[begin:end] for begin, end in pairwise(places)]
            answers = await serving.send(*pieces, answers=4)
            assert [b"200 <first>", b"413 ...", b"200 <>", b"200 <last> close"] == answers
