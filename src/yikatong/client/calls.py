"""Commands and queries of partners and counters: a command has a key, and is journalled before it is sent."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from yikatong.client.connection import Connection, Request
from yikatong.client.journal import Entry, Journal, Kind
from yikatong.client.problems import AnswerIsUnknown, Problem, RequestIsNotInTheJournal
from yikatong.client.sending import Begun, Sending, read_request
from yikatong.plumbing.clock import Clock, SystemClock

T = TypeVar("T")


class RecoveredCommand(Struct, frozen=True, kw_only=True):
    """What became of a command that stood open: its answer, or why it was refused, or both None while it stays open."""

    request_id: str
    path: str
    answer: Raw | None = None
    reason: str | None = None


class Calls:
    """What a client of one caller asks. Without a journal a crash may leave a command of unknown end behind."""

    def __init__(self, connection: Connection, journal: Journal | None = None, *, clock: Clock | None = None) -> None:
        """`journal` is the caller's own, opened with the caller's id as owner."""
        self.connection = connection
        self._journal = journal
        self._sending = None if journal is None else Sending(connection, journal, clock=clock or SystemClock())

    def ask(self, path: str, answer: type[T], *, purpose: str | None = None, **query: Any) -> T:
        """Ask something; `purpose` says why a person is looked at. Raises Problem."""
        return self.connection.ask(path, answer, query=query, purpose=purpose)

    def command(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        body: Struct | Mapping[str, Any] | None = None,
        purpose: str | None = None,
    ) -> T:
        """Do something once, under a fresh key.

        Raises Problem; JournalError before anything is sent; ServerIsAway when nothing was sent; AnswerIsUnknown when
        it may have been done, which `repeat` and `recover` find out.
        """
        request = Request(
            method=method,
            path=path,
            request_id=self.connection.ids.new().hex,
            body=None if body is None else msgspec.json.encode(body),
            purpose=purpose,
            is_kept=True,
        )
        if self._sending is None:
            return self.connection.settle(request, answer)[0]
        return self._sending.command(self._sending.begin(Kind.COMMAND, request), answer)

    def step(self, path: str, answer: type[T], **said: Any) -> T:
        """Do what a body names by a request id of its own, made here. Raises as `command`."""
        return self.command("POST", path, answer, body={"request_id": str(self.connection.ids.new()), **said})

    def repeat(self, request_id: str, answer: type[T]) -> T:
        """Send a journalled command again, to hear its answer; raises as `command` and RequestIsNotInTheJournal."""
        entry = None if self._journal is None else self._journal.find(Kind.COMMAND, request_id)
        if self._sending is None or entry is None:
            raise RequestIsNotInTheJournal(request_id)
        return self._sending.command(self._sending.begin(Kind.COMMAND, read_request(entry)), answer)

    def recover(self) -> list[RecoveredCommand]:
        """Send again what stands open in the journal; when the platform is away the rest stays open.

        A command that was done under an earlier session ends with ANSWER_CANNOT_BE_REPEATED: it was done once.
        """
        recovered: list[RecoveredCommand] = []
        is_away = False
        still_open = [] if self._journal is None else self._journal.list_open()
        for entry in [entry for entry in still_open if entry.kind is Kind.COMMAND]:
            found = RecoveredCommand(request_id=entry.request_id, path=read_request(entry).path)
            if not is_away:
                found, is_away = self._recover(entry, found)
            recovered.append(found)
        return recovered

    def _recover(self, entry: Entry, found: RecoveredCommand) -> tuple[RecoveredCommand, bool]:
        assert self._sending is not None
        try:
            answer = self._sending.command(Begun(entry, may_have_arrived=True), Raw)
        except Problem as problem:
            return msgspec.structs.replace(found, reason=problem.reason), False
        except AnswerIsUnknown as unknown:
            return found, unknown.server_is_away
        return msgspec.structs.replace(found, answer=answer), False
