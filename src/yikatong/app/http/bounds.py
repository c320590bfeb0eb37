"""Bounds: how large a body may be, and how many calls may be on their way."""

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from yikatong.app.http.reasons import Reason
from yikatong.kernel.outcomes import Refused

CALLS_AT_ONCE_MAX = 1024
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
    """Counts the calls on their way in this process and refuses more than it may hold."""

    def __init__(self, calls_max: int = CALLS_AT_ONCE_MAX) -> None:
        """At most `calls_max` at once."""
        self._calls_max = calls_max
        self._calls_count = 0

    def __enter__(self) -> None:
        """Take a place for one call; refuses SERVER_IS_BUSY when there is none."""
        if self._calls_count >= self._calls_max:
            raise Refused(Reason.SERVER_IS_BUSY)
        self._calls_count += 1

    def __exit__(self, *fault: object) -> None:
        """Give the place back."""
        self._calls_count -= 1
