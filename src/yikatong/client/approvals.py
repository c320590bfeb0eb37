"""The second person: what waits for one, yes and no."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar

import msgspec
from msgspec import Raw, Struct

from yikatong.client.answers import Changed, Pending
from yikatong.client.calls import Calls
from yikatong.client.unshown import Unshown

T = TypeVar("T")


class Approval(Unshown, frozen=True, kw_only=True):
    """A command that waits or waited for a second person; `body` is as it was sent."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"body"})

    approval_id: str
    what: str
    path: Mapping[str, str]
    body: Any
    purpose: str | None
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None


class ApprovalsPage(Struct, frozen=True, kw_only=True):
    """A page; `next_before` is None on the last one."""

    approvals: tuple[Approval, ...]
    next_before: str | None


class Approved(Unshown, frozen=True, kw_only=True):
    """A command that was approved and ran; `read` gives what it answered."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"answer"})

    approval_id: str
    what: str
    status: int
    answer: Raw

    def read(self, of_type: type[T]) -> T:
        """What the command answered; raises msgspec.ValidationError for another type."""
        return msgspec.json.decode(self.answer, type=of_type)


class MinorLook(Struct, frozen=True, kw_only=True):
    """Until when the operator who asked may look."""

    ends_at: datetime


class Approvals:
    """What an operator asks about a second person's yes."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Operator`."""
        self._calls = calls

    def list(self, *, state: str = "pending", before: str | None = None, limit: int = 50) -> ApprovalsPage:
        """A page of what waits (`pending`) or was decided (`approved`, `declined`), the newest first."""
        return self._calls.ask("/v1/approvals", ApprovalsPage, state=state, before=before, limit=limit)

    def approve(self, approval_id: str) -> Approved:
        """Approve what another operator asked for; it runs at once."""
        return self._calls.command("POST", f"/v1/approvals/{approval_id}/approve", Approved)

    def decline(self, approval_id: str) -> Changed:
        """Decline what another operator asked for."""
        return self._calls.command("POST", f"/v1/approvals/{approval_id}/decline", Changed)

    def ask_minor_look(self, resident_id: str, *, purpose: str) -> Pending:
        """Ask to look at a minor's data for eight hours; approved, it answers a `MinorLook`."""
        body = {"resident_id": resident_id, "purpose": purpose}
        return self._calls.command("POST", "/v1/minor-looks", Pending, body=body)
