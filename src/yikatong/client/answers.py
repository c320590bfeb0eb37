"""Answers that calls of several subjects share.

Words of closed lists on which the client does not act are texts, because a newer platform may know more of them; fields
that it adds are passed over. Tests compare the types with what the routes answer.
"""

from datetime import datetime
from typing import ClassVar

from msgspec import Struct

from yikatong.client.unshown import Unshown
from yikatong.kernel.outcomes import Change


class Who(Struct, frozen=True, kw_only=True):
    """Who calls, and what they may do."""

    kind: str
    id: str
    region: str
    provider_id: str | None
    place_id: str | None
    resident_id: str | None
    permissions: tuple[str, ...]
    divisions: tuple[str, ...]


class Session(Unshown, frozen=True, kw_only=True):
    """A session; its token is shown once."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    session_id: str
    token: str
    ends_at: datetime


class Changed(Struct, frozen=True, kw_only=True):
    """Whether a command changed anything, or things were already so."""

    change: Change


class Pending(Struct, frozen=True, kw_only=True):
    """The command waits for a second person."""

    approval_id: str
    expires_at: datetime
