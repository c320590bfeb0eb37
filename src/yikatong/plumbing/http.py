"""What a room says of an HTTP route; `app` serves it, authenticates its callers and writes its OpenAPI."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from yikatong.kernel.ids import read_id
from yikatong.kernel.outcomes import Change, Reason, Refused
from yikatong.plumbing.ids import Ids


class CallerKind(StrEnum):
    """Who may stand at the other end of a call."""

    OPERATOR = "operator"
    STAFF = "staff"
    TERMINAL = "terminal"
    PARTNER = "partner"
    WALLET = "wallet"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who is calling, after authentication.

    `region` is the region whose data the caller works in; `divisions` are prefixes of division codes that
    bound what an operator may see (empty: the whole region); `permissions` are names such as `cards.issue`.
    """

    kind: CallerKind
    id: UUID
    region: str
    provider_id: UUID | None = None
    place_id: UUID | None = None
    resident_id: UUID | None = None
    device_id: UUID | None = None
    session_id: UUID | None = None
    permissions: frozenset[str] = frozenset()
    divisions: tuple[str, ...] = ()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP call on its way through a room: an open transaction, the caller, and the time it arrived.

    `caller` is None only on routes open to anyone. `purpose` is why a look at a person is made (header `Purpose`).
    `path` holds the parts of the address in braces. The record of the call names every typed id that stands in
    the path, the body or the answer; a handler adds the residents that none of these names with `concerns`.
    """

    conn: psycopg.AsyncConnection[Any]
    caller: Caller | None
    now: datetime
    ids: Ids
    request_id: str
    purpose: str | None
    path: Mapping[str, str]
    concerned: set[UUID] = msgspec.field(default_factory=set)

    def concerns(self, *resident_ids: UUID) -> None:
        """Name residents whom this call looked at or changed something for."""
        self.concerned.update(resident_ids)

    def by(self) -> Caller:
        """The caller of a route that is not open to anyone."""
        assert self.caller is not None
        return self.caller


class Answer(msgspec.Struct, frozen=True):
    """An answer with a status other than the route's own, for example 202 for a tap that waits."""

    status: int
    value: Any


class Refusal(msgspec.Struct, frozen=True):
    """A refusal that keeps what the handler wrote, for example a counted attempt: returned, where `Refused` is raised.

    A raised refusal rolls the transaction back; a returned one commits it and leaves its record.
    """

    refused: Refused


class ChangeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the command changed anything, or things were already so."""

    change: Change


def read_or_refuse(kind: str, text: str, *, reason: Reason) -> UUID:
    """The id that a text from outside shows; one that cannot be read is as unknown as any other, for `reason`."""
    try:
        return read_id(kind, text)
    except ValueError:
        raise Refused(reason) from None


class RouteKind(StrEnum):
    """A query changes nothing; a command leaves one record and may be repeated with the same Idempotency-Key."""

    QUERY = "query"
    COMMAND = "command"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP route, whole: who may call it, what goes in, what comes out, how it may refuse.

    `handle(call, body, query)` gets the decoded `body` and `query` types, or None where the route has none.
    A command's handler runs inside the transaction in which its record is written.
    `looks` marks routes that show a person's data: they need a purpose and leave a record of the look.
    `second_person` marks commands that take effect only after another operator approved them.
    """

    method: str
    path: str
    name: str
    tag: str
    summary_en: str
    summary_zh: str
    kind: RouteKind
    callers: tuple[CallerKind, ...]
    handle: Callable[[Call, Any, Any], Awaitable[Any]]
    answer: Any
    status: int = 200
    other_answers: Mapping[int, Any] = {}
    body: Any = None
    query: Any = None
    permission: str | None = None
    looks: bool = False
    second_person: bool = False
    reasons: tuple[Reason, ...] = ()
    body_bytes_max: int = 65_536


def open_query(path: str, name: str, summary_en: str, summary_zh: str, *, tag: str, **parts: Any) -> Route:
    """A query that anyone may ask, since it shows no person."""
    return Route(
        method="GET",
        path=path,
        name=name,
        tag=tag,
        summary_en=summary_en,
        summary_zh=summary_zh,
        kind=RouteKind.QUERY,
        callers=(),
        **parts,
    )
