"""Statements for several calls at once: their sessions, the answers kept for them, their lines of the record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from yikatong.access.model import KeptAnswer, Record, Session
from yikatong.access.store.statements import STATEMENTS
from yikatong.plumbing import wire
from yikatong.plumbing.http import CallerKind
from yikatong.plumbing.pipeline import Statement, as_tuple


class AnswerToKeep(NamedTuple):
    """What a command with a key was answered, sealed, and the record it left."""

    caller_id: UUID
    key_digest: bytes
    request_digest: bytes
    status: int
    sealed_answer: bytes
    record_id: UUID


def load_sessions(token_digests: Sequence[bytes]) -> Statement[Session]:
    """The sessions whose tokens have these digests."""
    return Statement(STATEMENTS["load_sessions"], (wire.bytea_array(token_digests),), _session)


def touch_sessions(token_digests: Sequence[bytes], *, used_at: datetime) -> Statement[tuple[Any, ...]]:
    """Write when sessions were last used."""
    return Statement(STATEMENTS["touch_sessions"], (wire.bytea_array(token_digests), wire.instant(used_at)), as_tuple)


def load_kept_answers(keys: Sequence[tuple[UUID, bytes]]) -> Statement[tuple[UUID, bytes, KeptAnswer]]:
    """What the commands with some keys were answered; callers and digests of keys in pairs."""
    params = (wire.uuid_array([caller for caller, _ in keys]), wire.bytea_array([digest for _, digest in keys]))
    return Statement(STATEMENTS["load_kept_answers"], params, _kept)


def keep_answers(answers: Sequence[AnswerToKeep], *, made_at: datetime) -> Statement[tuple[Any, ...]]:
    """Claim keys with their answers, in the order of callers and keys; one that is taken is a unique violation."""
    ordered = sorted(answers, key=lambda one: (one.caller_id.int, one.key_digest))
    callers, keys, requests, statuses, sealed, records = zip(*ordered, strict=True)
    params = (
        wire.uuid_array(callers),
        wire.bytea_array(keys),
        wire.bytea_array(requests),
        wire.int2_array(statuses),
        wire.bytea_array(sealed),
        wire.uuid_array(records),
        wire.instant(made_at),
    )
    return Statement(STATEMENTS["keep_answers"], params, as_tuple)


def insert_own_records(records: Sequence[Record], *, bucket: int) -> list[Statement[Any]]:
    """Append lines that each concern one resident of a bucket and no other, and those under the residents."""
    if any(len(one.resident_ids) != 1 or one.approval_id for one in records):
        raise ValueError("a line of a batch concerns one resident, and nobody approved it")
    ids = wire.uuid_array([one.record_id for one in records])
    times = wire.instant_array([one.recorded_at for one in records])
    kinds = wire.text_array([one.kind.value for one in records])
    whats = wire.text_array([one.what for one in records])
    by_kinds = wire.text_array([one.by_kind for one in records])
    by_ids = wire.uuid_array([one.by_id for one in records])
    residents = wire.uuid_array([one.resident_ids[0] for one in records])
    purposes = wire.text_array([one.purpose for one in records])
    of_record = (
        wire.int2(bucket),
        ids,
        times,
        kinds,
        whats,
        by_kinds,
        by_ids,
        wire.text_array([one.region for one in records]),
        residents,
        wire.text_array([",".join(one.subjects) for one in records]),
        wire.text_array([one.request_id for one in records]),
        wire.bytea_array([one.request_digest for one in records]),
        wire.text_array([one.outcome for one in records]),
        purposes,
    )
    of_concern = (wire.int2(bucket), ids, times, kinds, whats, by_kinds, by_ids, residents, purposes)
    return [
        Statement(STATEMENTS["insert_own_records"], of_record, as_tuple),
        Statement(STATEMENTS["insert_own_concerns"], of_concern, as_tuple),
    ]


def _session(*columns: Any) -> Session:
    facts = dict(zip(Session.__struct_fields__, columns, strict=True))
    return Session(**facts | {"kind": CallerKind(facts["kind"]), "permissions": tuple(facts["permissions"])})


def _kept(
    caller_id: UUID, key_digest: bytes, request_digest: bytes, status: int | None, sealed_answer: bytes | None
) -> tuple[UUID, bytes, KeptAnswer]:
    return caller_id, key_digest, KeptAnswer(request_digest=request_digest, status=status, sealed_answer=sealed_answer)
