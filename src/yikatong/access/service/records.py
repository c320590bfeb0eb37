"""The record: one line for each command and each look; and the answers kept for commands that are repeated."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from yikatong.access import rules
from yikatong.access.model import Concern, KeptAnswer, Reason, Record, RecordKind, RecordQuery
from yikatong.access.store import command_batch, records
from yikatong.access.store.command_batch import AnswerToKeep
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import CallerKind
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.pipeline import Statement
from yikatong.plumbing.rows import Conn
from yikatong.sealing import service as sealing


async def write_record(conn: Conn, *, record: Record, bucket_count: int) -> None:
    """Append a line to the record, and the same line under each resident whom it concerns.

    The line stands in the bucket of the first resident, so that it commits beside what the command changed;
    without residents in that of its own id.
    """
    first = record.resident_ids[0] if record.resident_ids else record.record_id
    await records.insert_record(conn, bucket=bucket_of(first, bucket_count), record=record)
    await sealing.leave(conn, rules.leaf_of_record(record), now=record.recorded_at)
    for resident_id in record.resident_ids:
        bucket = bucket_of(resident_id, bucket_count)
        await records.insert_concern(conn, bucket=bucket, resident_id=resident_id, concern=_concern_of(record))


def _concern_of(record: Record) -> Concern:
    return Concern(
        record_id=record.record_id,
        recorded_at=record.recorded_at,
        kind=record.kind,
        what=record.what,
        by_kind=record.by_kind,
        by_id=record.by_id,
        purpose=record.purpose,
    )


async def write_look_at_many(
    conn: Conn,
    *,
    operator_id: UUID,
    region: str,
    what: str,
    bucket: int,
    resident_ids: Sequence[UUID],
    purpose: str,
    subject: str,
    now: datetime,
    ids: Ids,
) -> None:
    """Record that the platform looked at many residents of one bucket at once, on the order of an operator.

    One line of the record names them all, and each of them finds it among what concerns them. Refuses
    PURPOSE_IS_MISSING.
    """
    record = Record(
        record_id=ids.new(),
        recorded_at=now,
        kind=RecordKind.LOOK,
        what=what,
        by_kind=CallerKind.OPERATOR.value,
        by_id=operator_id,
        region=region,
        # By their numbers, which are compared many times faster than ids and order them alike.
        resident_ids=tuple(sorted(set(resident_ids), key=attrgetter("int"))),
        subjects=(subject,),
        request_id=subject,
        request_digest=None,
        outcome="done",
        purpose=rules.verify_purpose(purpose),
        approval_id=None,
    )
    await records.insert_record(conn, bucket=bucket, record=record)
    await sealing.leave(conn, rules.leaf_of_record(record), now=now)
    await records.insert_concerns(conn, bucket=bucket, resident_ids=record.resident_ids, concern=_concern_of(record))


async def list_records(conn: Conn, *, query: RecordQuery) -> tuple[Record, ...]:
    """Records of a region for an auditor, the newest first."""
    return await records.list_records(conn, query=query)


async def list_concerns(
    conn: Conn, *, resident_id: UUID, before: UUID | None, limit: int, bucket_count: int
) -> tuple[Concern, ...]:
    """What was done for a resident and who looked, the newest first."""
    bucket = bucket_of(resident_id, bucket_count)
    return await records.list_concerns(conn, bucket=bucket, resident_id=resident_id, before=before, limit=limit)


class KeptCommand:
    """A command with an Idempotency-Key, on its way: claim the key first, keep the answer last, in one transaction."""

    def __init__(self, *, caller_id: UUID, key: str, token: str, request_digest: bytes) -> None:
        """`key` and `token` seal the answer and are not written; `request_digest` is keyed by `key`."""
        self._caller_id = caller_id
        self._key = key
        self._token = token
        self._key_digest = rules.digest_of(key)
        self._request_digest = request_digest

    async def claim(self, conn: Conn, *, now: datetime) -> tuple[int, bytes] | None:
        """Claim the key: None when it was free; else status and body of the answer that was given before.

        Waits while another call with the same key is on its way. Refuses in this order: IDEMPOTENCY_KEY_IS_TAKEN
        (another command came with it), ANSWER_CANNOT_BE_REPEATED (another token asks).
        """
        claimed = await records.claim_idempotency(
            conn,
            caller_id=self._caller_id,
            key_digest=self._key_digest,
            request_digest=self._request_digest,
            made_at=now,
        )
        if claimed:
            return None
        kept = await records.find_kept_answer(conn, caller_id=self._caller_id, key_digest=self._key_digest)
        return self.repeat(kept)

    @property
    def caller_and_key(self) -> tuple[UUID, bytes]:
        """What the answer is kept under: the caller and the digest of the key."""
        return self._caller_id, self._key_digest

    def repeat(self, kept: KeptAnswer | None) -> tuple[int, bytes]:
        """Status and body of the answer that was given before; refuses as `claim`."""
        if kept is None or kept.request_digest != self._request_digest:
            raise Refused(Reason.IDEMPOTENCY_KEY_IS_TAKEN)
        assert kept.status is not None
        assert kept.sealed_answer is not None
        return kept.status, rules.open_answer(kept.sealed_answer, token=self._token, key=self._key)

    async def keep(self, conn: Conn, *, status: int, answer: bytes, record_id: UUID, ids: Ids) -> None:
        """Keep the answer for a repetition."""
        await records.keep_answer(
            conn,
            caller_id=self._caller_id,
            key_digest=self._key_digest,
            status=status,
            sealed_answer=self._seal(answer, ids=ids),
            record_id=record_id,
        )

    def to_keep(self, *, status: int, answer: bytes, record_id: UUID, ids: Ids) -> AnswerToKeep:
        """The same for `keep_answers`, which claims the key too."""
        sealed = self._seal(answer, ids=ids)
        return AnswerToKeep(self._caller_id, self._key_digest, self._request_digest, status, sealed, record_id)

    def _seal(self, answer: bytes, *, ids: Ids) -> bytes:
        nonce = ids.random_bytes(rules.NONCE_BYTES)
        return rules.seal_answer(answer, token=self._token, key=self._key, nonce=nonce)


def load_kept_answers(commands: Sequence[KeptCommand]) -> Statement[tuple[UUID, bytes, KeptAnswer]]:
    """What was answered before to commands of a batch, with caller and digest of the key."""
    return command_batch.load_kept_answers([command.caller_and_key for command in commands])


def write_own_records(rows: Sequence[Record], *, bucket: int, now: datetime) -> list[Statement[Any]]:
    """Append the lines of a batch's commands, each about one resident of a bucket and no other (`write_record`)."""
    leaves = [rules.leaf_of_record(record) for record in rows]
    return [*command_batch.insert_own_records(rows, bucket=bucket), sealing.leaving(leaves, now=now)]


async def delete_kept_answers(conn: Conn, *, before: datetime, limit: int) -> int:
    """Delete answers kept for commands made before an instant; how many there were."""
    return await records.delete_kept_answers(conn, before=before, limit=limit)
