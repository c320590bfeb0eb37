"""Sending: the files of a batch, part by part; names enter a file when it is written, and each look is recorded.

A part is drafted, journalled with its digest, published, and only then marked as sent. Whoever dies in between leaves
enough: what was published is found by its name and digest, what was not is drafted anew.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import structs

from yikatong.access import service as access
from yikatong.cards import service as cards
from yikatong.cards.model import Vault
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Change
from yikatong.payouts.model import (
    ApplicationState,
    Batch,
    BatchCommand,
    BatchState,
    FileFormat,
    FileHead,
    Part,
    PartState,
    PaymentRow,
    StopReason,
)
from yikatong.payouts.rules.batches import (
    AT_THE_BANK,
    LINES_IN_PART,
    decide_state,
    decide_stop,
    plan_parts,
    show_number,
    verify_command,
)
from yikatong.payouts.service.batches import get_batch, lock_batch, stop_in_bucket, write_batch
from yikatong.payouts.store import batches as batch_store
from yikatong.payouts.store import files as store
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.locks import advisory_key

Conn = psycopg.AsyncConnection[Any]

LOOK = "payouts.write_bank_file"
"""What the record calls the look at everybody who is in a file."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a part, in memory only until its file is written."""

    part: Part
    head: FileHead
    rows: Sequence[PaymentRow]


async def list_due_batches(conn: Conn, *, today: date, limit: int = 100) -> list[UUID]:
    """Batches whose files go out today, or were half sent."""
    return await batch_store.list_due_batches(conn, today=today, limit=limit)


async def count_half_sent(conn: Conn) -> int:
    """How many batches are being sent, and rosters worked on page by page: both remember in which buckets lines lie."""
    return await batch_store.count_half_sent(conn)


async def try_to_hold_batch(conn: Conn, *, batch_id: UUID) -> bool:
    """Whether a session may send a batch, and keeps all others from it until it ends."""
    return await batch_store.try_to_hold_batch(conn, key=advisory_key(f"batch {batch_id.hex}"))


async def let_go_of_batches(conn: Conn) -> None:
    """Let others send what a session kept for itself at once; of one that only ends the server hears a moment later."""
    await batch_store.let_go_of_batches(conn)


async def begin_sending(
    conn: Conn,
    *,
    batch_id: UUID,
    formats: Mapping[str, FileFormat],
    bucket_count: int,
    lines_in_part: int = LINES_IN_PART,
) -> tuple[Part, ...]:
    """Cut a batch that was applied for into parts; from now on nothing of it is taken back. Gives the parts.

    A batch that was cut gives the parts that it has, also when another sent all of them meanwhile.
    Refuses, in this order: PAYOUT_BATCH_IS_UNKNOWN, PAYOUT_BATCH_IS_IN_ANOTHER_STATE.
    """
    _, batch = await lock_batch(conn, batch_id, None)
    if batch.state in AT_THE_BANK:
        return await store.list_parts(conn, batch_id=batch_id)
    verify_command(batch, BatchCommand.SEND)
    runs = []
    for bucket in range(bucket_count):
        runs += await store.list_runs(conn, bucket=bucket, batch_id=batch_id, lines_in_part=lines_in_part)
    parts = plan_parts(batch_id, runs, formats=formats)
    await store.insert_parts(conn, batch_id=batch_id, parts=parts)
    await write_batch(conn, structs.replace(batch, state=BatchState.SENDING), before=batch)
    return parts


async def draft_part(
    conn: Conn, *, batch_id: UUID, part: int, vault: Vault, now: datetime, ids: Ids, bucket_count: int
) -> Draft | None:
    """What the file of a part says, with everybody looked at once more; None when it was sent or nobody is left.

    Who died, lost the card or changed the account since is stopped here, before any bank has the file. The look at all
    who remain is recorded in this transaction, in the name of whoever applied for the payment.
    """
    planned = await store.lock_part(conn, batch_id=batch_id, part=part)
    if planned is None or planned.state is PartState.SENT:
        return None
    lines = await store.list_lines_of_part(conn, part=planned)
    residents = [line.resident_id for line in lines]
    payees = await cards.list_payees(conn, bucket=planned.bucket, resident_ids=residents)
    names = await cards.list_payee_names(conn, bucket=planned.bucket, resident_ids=residents, vault=vault)
    stops: list[tuple[int, StopReason]] = []
    rows: list[PaymentRow] = []
    for line in lines:
        name = names.get(line.resident_id)
        payee = payees.get(line.resident_id) if name is not None else None
        stop = decide_stop(payee, bank_code=line.bank_code, bank_token=line.bank_token)
        if stop is not None or name is None:
            stops.append((line.line, stop or StopReason.PERSON_IS_UNKNOWN))
            continue
        rows.append(
            PaymentRow(
                line=line.line,
                bank_code=line.bank_code,
                bank_token=line.bank_token,
                name=name.name,
                id_tail=name.id_tail,
                amount_fen=line.amount_fen,
                reference=line.reference,
            )
        )
    batch = await _stop(conn, planned, stops, now=now, ids=ids, bucket_count=bucket_count)
    cut = structs.replace(planned, line_count=len(rows), amount_fen=sum(row.amount_fen for row in rows))
    if not rows:
        await store.delete_part(conn, batch_id=batch_id, part=part)
        return None
    stopped = {line for line, _ in stops}
    looked_at = [line.resident_id for line in lines if line.line not in stopped]
    await _record_look(conn, batch, cut, looked_at=looked_at, now=now, ids=ids)
    return Draft(part=cut, head=_head_of(batch, cut, now=now), rows=rows)


async def _stop(
    conn: Conn, part: Part, stops: Sequence[tuple[int, StopReason]], *, now: datetime, ids: Ids, bucket_count: int
) -> Batch:
    """Stop lines of a part. Only whoever drafts a part locks its row, so locking the batch after it is safe."""
    if not stops:
        return await get_batch(conn, batch_id=part.batch_id)
    _, batch = await lock_batch(conn, part.batch_id, None)
    return await stop_in_bucket(
        conn, batch, bucket=part.bucket, stops=stops, now=now, ids=ids, bucket_count=bucket_count
    )


async def _record_look(
    conn: Conn, batch: Batch, part: Part, *, looked_at: Sequence[UUID], now: datetime, ids: Ids
) -> None:
    applications = await batch_store.list_applications(conn, batch_id=batch.id)
    await access.write_look_at_many(
        conn,
        operator_id=applications[-1].submitted_by,
        region=batch.region,
        what=LOOK,
        bucket=part.bucket,
        resident_ids=looked_at,
        purpose=f"发放补贴的银行文件 bank file {part.part}: {batch.title}",
        subject=show_id("payout_batch", batch.id),
        now=now,
        ids=ids,
    )


def _head_of(batch: Batch, part: Part, *, now: datetime) -> FileHead:
    assert batch.pay_on is not None
    return FileHead(
        number=show_number(batch.id),
        part=part.part,
        bank_code=part.bank_code,
        line_count=part.line_count,
        amount_fen=part.amount_fen,
        pay_on=batch.pay_on,
        title=batch.title,
        payer=batch.title,
        made_at=now,
    )


async def journal_draft(conn: Conn, *, draft: Draft, digest: bytes, now: datetime) -> None:
    """Note the digest of a drafted file, before it is published."""
    await store.draft_part(conn, part=draft.part, digest=digest, now=now)


async def end_part(conn: Conn, *, batch_id: UUID, part: int, now: datetime) -> Change:
    """Mark a published part as sent."""
    return Change.of(await store.send_part(conn, batch_id=batch_id, part=part, now=now))


async def end_sending(conn: Conn, *, batch_id: UUID, now: datetime) -> Change:
    """Mark a batch as sent when all its parts are, and its application as paid; a batch with nothing left closes.

    Refuses PAYOUT_BATCH_IS_UNKNOWN.
    """
    application, batch = await lock_batch(conn, batch_id, None)
    parts = await store.list_parts(conn, batch_id=batch_id)
    if batch.state is not BatchState.SENDING or any(part.state is not PartState.SENT for part in parts):
        return Change.ALREADY_SO
    assert application is not None
    await batch_store.end_application(conn, application=application, state=ApplicationState.PAID, now=now)
    sent = structs.replace(batch, state=BatchState.SENT)
    state = decide_state(sent, sent.sums)
    ended_at = now if state is BatchState.CLOSED else None
    await write_batch(conn, structs.replace(sent, state=state, ended_at=ended_at), before=batch)
    return Change.DONE


async def list_parts(conn: Conn, *, batch_id: UUID) -> tuple[Part, ...]:
    """The parts of a batch. Refuses PAYOUT_BATCH_IS_UNKNOWN."""
    await get_batch(conn, batch_id=batch_id)
    return await store.list_parts(conn, batch_id=batch_id)
