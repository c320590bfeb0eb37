"""One connection of the load generator: sends a request, hears its answer whole, one at a time."""

import asyncio
from collections.abc import Callable
from typing import cast

import msgspec


class LoadedTap(msgspec.Struct, frozen=True):
    """A whole request, as it goes over the wire, and the outcome it must have."""

    request: bytes
    expected: str


class Line(asyncio.Protocol):
    """A connection; `answered(line, outcome)` is called for each answer, `lost(error)` when the server closes it.

    Counts the bytes that go either way.
    """

    def __init__(self, answered: Callable[["Line", str], None], lost: Callable[[], None]) -> None:
        self._answered = answered
        self._lost = lost
        self._heard = b""
        self._is_closing = False
        self.tap: LoadedTap | None = None
        self.since = 0.0
        self.sent_bytes = 0
        self.heard_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Hear a part of an answer."""
        self.heard_bytes += len(data)
        self._heard += data
        outcome = _outcome_of(self._heard)
        if outcome is not None:
            self._heard = b""
            self._answered(self, outcome)

    def connection_lost(self, error: Exception | None) -> None:
        """A connection that the server closes ends the load, and the run with it."""
        if not self._is_closing:
            self._lost()

    def send(self, tap: LoadedTap, *, since: float) -> None:
        """Send a tap, whose latency counts from `since`."""
        self.tap, self.since = tap, since
        self.sent_bytes += len(tap.request)
        self._transport.write(tap.request)

    def close(self) -> None:
        """End it from our side."""
        self._is_closing = True
        self._transport.close()


class _Answered(msgspec.Struct):
    """What counts of an answer: a receipt's outcome, a command's change, or a problem's reason."""

    outcome: str | None = None
    change: str | None = None
    reason: str | None = None


_read_answer = msgspec.json.Decoder(_Answered).decode


def _outcome_of(heard: bytes) -> str | None:
    """What an answer says once it is whole: `admitted`, `done`, or the reason of the refusal."""
    end = heard.find(b"\r\n\r\n")
    if end < 0:
        return None
    at = heard.lower().index(b"content-length:") + 15
    length = int(heard[at : heard.index(b"\r\n", at)])
    if len(heard) < end + 4 + length:
        return None
    answer = _read_answer(heard[end + 4 :])
    return answer.reason or answer.outcome or answer.change
