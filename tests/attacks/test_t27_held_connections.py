"""T27 Connections that are held by a request that never ends (docs/threats.md)."""

import asyncio

import pytest

from tests.rooms.app.test_direct import a_server, post

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
