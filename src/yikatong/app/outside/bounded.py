"""What an organisation answers is bounded before it is read: a short answer stays short, whoever sends it."""

from collections.abc import AsyncIterator

import httpx

ANSWER_BYTES_MAX = 16_000_000
UNBOUNDED = {"is_unbounded": True}
"""The extensions of a call whose caller counts the bytes itself, as of a bank's file."""


class BoundedTransport(httpx.AsyncBaseTransport):
    """Calls over another transport, and ends an answer that is too long, or packed: it may be long once unpacked.

    Both are a fault of the line (`httpx.ReadError`): nothing is known of what was asked.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, *, bytes_max: int = ANSWER_BYTES_MAX) -> None:
        """At most `bytes_max` of an answer are taken."""
        self._inner = inner
        self._bytes_max = bytes_max

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask."""
        request.headers["accept-encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise httpx.ReadError("a packed answer, and none was asked for")
        if request.extensions.get("is_unbounded"):
            return answer
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        return httpx.Response(
            answer.status_code,
            headers=answer.headers,
            stream=_Bounded(answer.stream, bytes_max=self._bytes_max),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


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
