"""What the record says of a call: who did what, about which ids, and how it ended."""

import re
from typing import Any
from uuid import UUID

import msgspec

from yikatong.access import service as access
from yikatong.access.model import Record, RecordKind
from yikatong.kernel.ids import PREFIX_BY_KIND
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.http import Answer, Call, Refusal, Route, RouteKind

SUBJECTS_MAX = 64
"""A record names so many things; the residents it concerns are named all."""

_RESIDENT = PREFIX_BY_KIND["resident"].encode()
_TYPED_ID = re.compile(
    rb"\b(?:" + b"|".join(prefix.encode() for prefix in PREFIX_BY_KIND.values()) + rb")[0-9a-f]{32}\b"
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was sent, for its digest and for the ids in it."""

    method: str
    path: bytes
    query: bytes
    body: bytes


async def write_call_record(
    call: Call,
    *,
    route: Route,
    asked: Asked,
    token: str | None,
    result: Any,
    answer: bytes,
    bucket_count: int,
    approval_id: UUID | None = None,
) -> UUID:
    """Write the one record that a command or a look leaves, in the call's transaction; gives its id."""
    caller = call.caller
    found = find_ids(asked.path, asked.body, answer)
    residents = {UUID(hex=name[4:].decode()) for name in found if name.startswith(_RESIDENT)} | call.concerned
    if caller is not None and caller.resident_id is not None:
        residents.add(caller.resident_id)
    record = Record(
        record_id=call.ids.new(),
        recorded_at=call.now,
        kind=RecordKind.COMMAND if route.kind is RouteKind.COMMAND else RecordKind.LOOK,
        what=route.name,
        by_kind="anyone" if caller is None else caller.kind.value,
        by_id=None if caller is None else caller.id,
        region=None if caller is None else caller.region,
        resident_ids=tuple(sorted(residents)),
        subjects=tuple(name.decode() for name in found[:SUBJECTS_MAX]),
        request_id=call.request_id,
        request_digest=None if token is None else digest_of_asked(asked, key=token),
        outcome=outcome_of(result),
        purpose=call.purpose,
        approval_id=approval_id,
    )
    await access.write_record(call.conn, record=record, bucket_count=bucket_count)
    return record.record_id


def find_ids(*texts: bytes) -> list[bytes]:
    """The typed ids in some texts, each once, in the order of their first place."""
    return list(dict.fromkeys(name for text in texts for name in _TYPED_ID.findall(text)))


def digest_of_asked(asked: Asked, *, key: str) -> bytes:
    """A keyed digest of a whole request."""
    return access.digest_request((asked.method.encode(), asked.path, asked.query, asked.body), key=key)


def outcome_of(result: Any) -> str:
    """How a call ended: a kept refusal's reason, `waits`, `already_so`, or `done`."""
    if isinstance(result, Refusal):
        return result.refused.reason.name
    if isinstance(result, Answer):
        return "waits" if result.status == 202 else outcome_of(result.value)
    change = getattr(result, "change", result)
    return change.value if isinstance(change, Change) else Change.DONE.value
