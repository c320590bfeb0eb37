"""The platform as a terminal asks it for the time without a network: lists, the sheet, uploads.

What `yikatong.terminal` calls a platform: give it to `OfflineTerminal.fetch` and `OfflineTerminal.upload`.
"""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from yikatong.client.connection import Connection, Request
from yikatong.client.problems import AnswerIsUnknown, Problem, ServerIsAway

T = TypeVar("T")
A = TypeVar("A")
_NOT_FOUND = 404
"""Also what a platform older than deltas answers."""


class TrustListHeld(Struct, frozen=True, kw_only=True):
    """The signed list of trusted regions."""

    envelope: str


class StatusListShown(Struct, frozen=True, kw_only=True):
    """The signed status list of one block."""

    number: int
    token: str


class StatusListsShown(Struct, frozen=True, kw_only=True):
    """The signed status lists of a region."""

    lists: tuple[StatusListShown, ...]


class StatusDeltasShown(Struct, frozen=True, kw_only=True):
    """Signed status deltas, in their order."""

    deltas: tuple[str, ...]


class SheetShown(Struct, frozen=True, kw_only=True):
    """A terminal's signed sheet."""

    sheet: str
    issued_at: datetime
    expires_at: datetime


class OfflinePlatform(Generic[T]):
    """The platform over one connection of a terminal.

    `answer` is the type in which an upload's answer is read, `is_away` makes the exception of a line that is down: a
    terminal names its own. Raises Problem where the platform says no.
    """

    def __init__(self, connection: Connection, *, answer: type[T], is_away: Callable[[str], Exception]) -> None:
        self._connection = connection
        self._answer = answer
        self._is_away = is_away

    def trust_list(self) -> bytes:
        """The signed list of trusted regions."""
        return _read(self._ask("/v1/trust-list", TrustListHeld).envelope)

    def status_lists(self, region: str) -> list[tuple[int, bytes]]:
        """Number and signed list of every block of a region."""
        shown = self._ask(f"/v1/status-lists/{region}", StatusListsShown)
        return [(one.number, _read(one.token)) for one in shown.lists]

    def status_deltas(self, region: str, *, since: datetime) -> list[bytes] | None:
        """The signed deltas that lead on from the edition of an instant; None when the platform has none from there."""
        query = {"since": int(since.timestamp())}
        try:
            shown = self._ask(f"/v1/status-lists/{region}/deltas", StatusDeltasShown, query=query)
        except Problem as problem:
            if problem.status == _NOT_FOUND:
                return None
            raise
        return [_read(delta) for delta in shown.deltas]

    def sheet(self) -> bytes:
        """This terminal's offline sheet."""
        return _read(self._ask("/v1/offline-sheet", SheetShown).sheet)

    def upload(self, body: bytes) -> T:
        """Bring one tap; the same bytes again get the same answer, so it may be tried until one is heard."""
        request = Request(method="POST", path="/v1/offline-taps", request_id=self._connection.ids.new().hex, body=body)
        try:
            return self._connection.settle(request, self._answer)[0]
        except (AnswerIsUnknown, ServerIsAway) as unknown:
            raise self._is_away(str(unknown)) from unknown

    def _ask(self, path: str, answer: type[A], *, query: Mapping[str, int] | None = None) -> A:
        try:
            return self._connection.ask(path, answer, query=query)
        except (AnswerIsUnknown, ServerIsAway) as unknown:
            raise self._is_away(str(unknown)) from unknown


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
