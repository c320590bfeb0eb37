"""What an organisation answers is bounded before it is read: a short answer stays short, whoever sends it."""

from collections.abc import AsyncIterator

import httpx

ANSWER_BYTES_MAX = 16_000_000
UNBOUNDED = {"is_unbounded": True}
"""The extensions of a call whose caller counts the bytes itself, as of a bank's file."""

NOT_PACKED = {"accept-encoding": "identity"}
"""A short answer may be long once unpacked, so none is asked for that is packed, and none is read."""


def bound_answers(client: httpx.AsyncClient, *, bytes_max: int = ANSWER_BYTES_MAX) -> httpx.AsyncClient:
    """The client, which takes no packed answer and at most so many bytes of any other.

    More is a fault of the line (`httpx.ReadError`): nothing is known of what was asked.
    """

    async def bound(answer: httpx.Response) -> None:
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise httpx.ReadError("a packed answer, and none was asked for")
        if not answer.request.extensions.get("is_unbounded"):
            assert isinstance(answer.stream, httpx.AsyncByteStream)
            answer.stream = _Bounded(answer.stream, bytes_max=bytes_max)

    client.headers.update(NOT_PACKED)
    client.event_hooks = {"request": [], "response": [bound]}
    return client


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, *, bytes_max: int) -> None:
        self._stream = stream
        self._left = bytes_max

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                raise httpx.ReadError("a longer answer than is read")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
