"""T27 Connections that are held by a request that never ends (docs/threats.md)."""

import asyncio
import socket

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.rooms.app.test_direct import Serving, a_server, hear, post
from yikatong.app.http.bounds import SMALL_BYTES_MAX, read_body

pytestmark = pytest.mark.anyio

LOOKS_MAX = 1_000

PIECES = (
    b"",
    b"P",
    b"\r\n\r\n",
    b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nX-Endless: a",
    post(b"never whole")[:-1],
    post(b"never whole", path=b"/v1/echo?not=direct")[:-1],
    b"POST /v1/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf",
    post(b"refused before it is whole" * 2)[:-1],
)


async def test_whoever_sends_no_whole_request_in_time_keeps_no_connection() -> None:
    async with a_server() as serving:
        lines = [await asyncio.open_connection("127.0.0.1", serving.port) for _ in PIECES]
        for (_, writer), piece in zip(lines, PIECES, strict=True):
            writer.write(piece)
        assert [b"200 <whole>"] == await serving.send(post(b"whole"))
        for _ in range(LOOKS_MAX):
            serving.end_late()
            await asyncio.sleep(0.01)
            if not serving.server.server_state.connections:
                break
        assert set() == serving.server.server_state.connections
        said = [await reader.read() for reader, _ in lines]
        for _, writer in lines:
            writer.close()

    told = [b"REQUEST_CAME_TOO_SLOWLY" in one for one in said]
    refused = [b"BODY_IS_TOO_LARGE" in one for one in said]
    assert [False, True, False, True, True, True, True, False] == told
    assert [False] * 7 + [True] == refused
    assert [b"whole"] == serving.echo.heard


PAGE = b"x" * 8_000_000
MUCH = 256 * 1024
ASK = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n"


async def a_large_page(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(PAGE)(scope, receive, send)


def a_caller_who_takes_little(serving: Serving) -> socket.socket:
    caller = socket.socket()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    caller.connect(("127.0.0.1", serving.port))
    return caller


async def the_body(scope: Scope, receive: Receive, send: Send) -> None:
    body = await read_body(receive, headers_say=None, bytes_max=1_000_000)
    await Response(str(len(body)))(scope, receive, send)


@pytest.mark.parametrize("path", [b"/v1/echo", b"/v1/echo?not=direct", b"/body"])
async def test_whoever_sends_a_body_slowly_keeps_nobodys_place(path: bytes) -> None:
    async with a_server(inner=the_body, calls_max=1) as serving:
        readers_and_writers = [await asyncio.open_connection("127.0.0.1", serving.port) for _ in range(3)]
        for _, writer in readers_and_writers:
            writer.write(post(b"slow", path=path)[:-1])
            await writer.drain()
        said = [(await serving.send(post(b"whole")))[0] for _ in range(10)]
        for _, writer in readers_and_writers:
            writer.write(b"w")
        answers = [answer for reader, _ in readers_and_writers async for answer in hear(reader, 1)]
        for _, writer in readers_and_writers:
            writer.close()

    assert [b"200 <whole>"] * 10 == said
    assert [b"200 4" if path == b"/body" else b"200 <slow>"] * 3 == answers


async def test_large_bodies_that_are_not_whole_are_bounded_apart() -> None:
    large = post(b"x" * (SMALL_BYTES_MAX + 100), path=b"/body")
    async with a_server(inner=the_body, calls_max=9, large_max=1) as serving:
        reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
        writer.write(large[:-1])
        said = b""
        for _ in range(LOOKS_MAX):
            (said,) = await serving.send(large[:-2])
            if b"503" in said:
                break
        assert b"503 ..." == said
        assert [b"200 <whole>"] == await serving.send(post(b"whole"))
        writer.write(b"x")
        first = [one async for one in hear(reader, 1)]
        writer.close()
        assert [b"200 %d" % (SMALL_BYTES_MAX + 100)] == first == await serving.send(large)


async def test_whoever_takes_no_answer_keeps_nobodys_place() -> None:
    async with a_server(inner=a_large_page, calls_max=1) as serving:
        with a_caller_who_takes_little(serving) as caller:
            caller.sendall(ASK * 2)
            said = b""
            for _ in range(LOOKS_MAX):
                (said,) = await serving.send(post(b"whole"))
                if b"503" in said:
                    break
                await asyncio.sleep(0.01)
            assert said.startswith(b"503 ")
            for _ in range(LOOKS_MAX):
                serving.end_late()
                await asyncio.sleep(0.01)
                (said,) = await serving.send(post(b"whole"))
                if b"200" in said:
                    break

    assert said == b"200 <whole>"


async def test_whoever_takes_an_answer_slowly_gets_all_of_it() -> None:
    async with a_server(inner=a_large_page) as serving:
        with a_caller_who_takes_little(serving) as caller:
            caller.sendall(ASK.replace(b"Host: x", b"Host: x\r\nConnection: close"))
            taken = len(await asyncio.to_thread(caller.recv, MUCH, socket.MSG_WAITALL))
            while piece := await asyncio.to_thread(caller.recv, MUCH, socket.MSG_WAITALL):
                taken += len(piece)
                serving.end_late()

    assert taken > len(PAGE)
