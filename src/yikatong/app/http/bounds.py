"""Bounds: how large a body may be, and how many calls may be on their way."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from yikatong.app.http.reasons import Reason
from yikatong.kernel.outcomes import Refused

Heard = TypeVar("Heard")

CALLS_AT_ONCE_MAX = 1024
LARGE_AT_ONCE_MAX = 128
SMALL_BYTES_MAX = 65_536
"""A body up to here may come while its call holds no place; of larger ones fewer come at once, for the memory."""

_LENGTH_DIGITS_MAX = 18


async def read_body(receive: Receive, *, headers_say: str | None, bytes_max: int) -> bytes:
    """A body, read whole before anything looks into it.

    Refuses BODY_IS_TOO_LARGE as soon as the header or the bytes say so. `headers_say` is the Content-Length. Raises
    ClientDisconnect when the caller goes away half-way, or is ended for being too slow (`app.http.arrivals`).
    """
    verify_length(headers_say, bytes_max=bytes_max)
    return await _read(receive, bytes_max=bytes_max)


def verify_length(headers_say: str | None, *, bytes_max: int) -> None:
    """Go on unless the header says that the body is too large; refuses BODY_IS_TOO_LARGE.

    What is no number is left to whoever counts the bytes.
    """
    if headers_say is None or not headers_say.isascii() or not headers_say.isdigit():
        return
    digits = headers_say.lstrip("0")
    if len(digits) > _LENGTH_DIGITS_MAX or int(digits or "0") > bytes_max:
        raise Refused(Reason.BODY_IS_TOO_LARGE, bytes_max=bytes_max)


async def _read(receive: Receive, *, bytes_max: int) -> bytes:
    parts: list[bytes] = []
    bytes_read = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        bytes_read += len(part)
        if bytes_read > bytes_max:
            raise Refused(Reason.BODY_IS_TOO_LARGE, bytes_max=bytes_max)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def verify_json(content_type: str | None) -> str:
    """A content type that is JSON in UTF-8; refuses CONTENT_TYPE_IS_NOT_JSON."""
    kind, _, parameters = (content_type or "").partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise Refused(Reason.CONTENT_TYPE_IS_NOT_JSON)
    return kind


class CallsAtOnce:
    """Counts the calls on their way in this process and refuses more than it may hold.

    While a body is waited for its call stands aside: whoever sends one slowly keeps nobody's place.
    """

    def __init__(self, calls_max: int = CALLS_AT_ONCE_MAX, *, large_max: int = LARGE_AT_ONCE_MAX) -> None:
        """At most `calls_max` at once, and beside them so many large bodies that are not whole."""
        self._calls_max = calls_max
        self._calls_count = 0
        self._large_max = large_max
        self._large_count = 0

    def __enter__(self) -> None:
        """Take a place for one call; refuses SERVER_IS_BUSY when there is none."""
        if self._calls_count >= self._calls_max:
            raise Refused(Reason.SERVER_IS_BUSY)
        self._calls_count += 1

    def __exit__(self, *fault: object) -> None:
        """Give the place back."""
        self._calls_count -= 1

    async def hear(self, wait: Callable[[], Awaitable[Heard]]) -> Heard:
        """What is waited for, with the place given up meanwhile; refuses SERVER_IS_BUSY when there is none any more."""
        self._calls_count -= 1
        try:
            heard = await wait()
        finally:
            self._calls_count += 1
        if self._calls_count > self._calls_max:
            raise Refused(Reason.SERVER_IS_BUSY)
        return heard

    def begin_large(self) -> None:
        """A body has become large and is not whole; refuses SERVER_IS_BUSY when there are too many."""
        if self._large_count >= self._large_max:
            raise Refused(Reason.SERVER_IS_BUSY)
        self._large_count += 1

    def end_large(self) -> None:
        """A large body is whole, or its call over."""
        self._large_count -= 1


class Hearing:
    """The body of one call as it comes, with the call standing aside while it is waited for."""

    def __init__(self, receive: Receive, *, calls: CallsAtOnce) -> None:
        """Nothing was heard yet."""
        self._receive = receive
        self._calls = calls
        self._bytes_left = SMALL_BYTES_MAX
        self._is_whole = self._is_large = False

    async def receive(self) -> Message:
        """The next message; refuses SERVER_IS_BUSY."""
        if self._is_whole:
            return await self._receive()
        message = await self._calls.hear(self._receive)
        self._is_whole = not message.get("more_body", False)
        self._bytes_left -= len(message.get("body", b""))
        if self._is_whole:
            self.end()
        elif self._bytes_left < 0 and not self._is_large:
            self._calls.begin_large()
            self._is_large = True
        return message

    def end(self) -> None:
        """Nothing more is heard."""
        if self._is_large:
            self._calls.end_large()
            self._is_large = False
