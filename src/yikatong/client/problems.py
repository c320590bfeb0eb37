"""How a call can fail: the platform said no, nobody knows, or nothing was sent."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from yikatong.client.receipts import Receipt, Said


class ProblemDetails(Struct, frozen=True, kw_only=True):
    """A refusal as it comes over the wire (RFC 9457); a refused tap brings its receipt."""

    status: int
    reason: str
    says: Said
    remedy: Said
    detail: str = ""
    instance: str = ""
    field: str | None = None
    about: Mapping[str, Any] = {}
    receipt: Receipt | None = None


class Problem(Exception):  # noqa: N818  a refusal is an answer, not a fault of the program
    """The platform said no: `reason` names why, `says` and `remedy` are for people, in both languages."""

    def __init__(self, details: ProblemDetails, *, request_id: str) -> None:
        """`request_id` is the request's, as the platform's log names it."""
        super().__init__(f"{details.reason}: {details.detail or details.says.en} (request {request_id})")
        self.reason = details.reason
        self.status = details.status
        self.says = details.says
        self.remedy = details.remedy
        self.field = details.field
        self.about = details.about
        self.request_id = request_id


class AnswerIsUnknown(Exception):  # noqa: N818  a state of knowledge, which the caller must resolve
    """A request may or may not have been done: no answer that settles it came in all tries.

    It stands open in the journal. Send the same request again, take it back, or leave it to `recover`.
    """

    def __init__(self, *, request_id: str, fault: str, server_is_away: bool) -> None:
        """`fault` says how the last try ended; `server_is_away` that it did not even come to a connection."""
        super().__init__(f"no answer to request {request_id}: {fault}")
        self.request_id = request_id
        self.fault = fault
        self.server_is_away = server_is_away


class ServerIsAway(Exception):  # noqa: N818  a state of the world, not of the program
    """No connection came about in all tries, so nothing was sent and nothing was done."""

    def __init__(self, *, request_id: str, fault: str) -> None:
        """`fault` says how the last try ended."""
        super().__init__(f"request {request_id} was not sent: {fault}")
        self.request_id = request_id
        self.fault = fault


class JournalError(Exception):
    """The journal cannot be used; nothing was sent."""


class JournalIsInUse(JournalError):  # noqa: N818
    """Another process has the journal open."""


class JournalIsAnothers(JournalError):  # noqa: N818
    """The file is no journal of this caller, or the key does not open it."""


class RequestIdIsTaken(JournalError):  # noqa: N818
    """The request id stands in the journal with another content."""


class RequestIsNotInTheJournal(JournalError):  # noqa: N818
    """No such request of this caller stands in the journal."""
