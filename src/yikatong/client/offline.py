"""The platform as a terminal asks it for the time without a network: lists, the sheet, uploads.

What `yikatong.terminal` calls a platform: give it to `OfflineTerminal.fetch` and `OfflineTerminal.upload`.
"""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from yikatong.client.connection import Connection, Request
from yikatong.client.problems import AnswerIsUnknown, ServerIsAway

T = TypeVar("T")
A = TypeVar("A")


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

    def _ask(self, path: str, answer: type[A]) -> A:
        try:
            return self._connection.ask(path, answer)
        except (AnswerIsUnknown, ServerIsAway) as unknown:
            raise self._is_away(str(unknown)) from unknown


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
