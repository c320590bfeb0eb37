"""Corrections (更正发放): what came back is paid again, under the amount of its source, and each source once."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.cards import service as cards
from yikatong.cards.model import Payee
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import (
    Batch,
    BatchCommand,
    BatchLine,
    BatchState,
    PaymentState,
    Reason,
)
from yikatong.payouts.rules.batches import decide_stop, sums_of_issued, verify_correction
from yikatong.payouts.service.batches import lock_batch, write_batch
from yikatong.payouts.store import batches as store
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def correct_batch(
    conn: Conn,
    *,
    batch_id: UUID,
    amounts: Mapping[int, int],
    only: Collection[int] | None = None,
    by: UUID,
    now: datetime,
    ids: Ids,
    bucket_count: int,
) -> Batch:
    """Issue a batch that pays again what came back from another or was stopped in it, to the accounts bound now.

    `amounts` are lower amounts by source line; `only` names the source lines that are corrected (None: all). Each
    source is marked, so that it is corrected once; the round is counted.
    Refuses, in this order: PAYOUT_BATCH_IS_UNKNOWN, PAYOUT_BATCH_IS_IN_ANOTHER_STATE, NO_LINE_CAN_BE_CORRECTED,
    PAYOUT_LINE_IS_UNKNOWN, CORRECTION_IS_ABOVE_ITS_SOURCE, CORRECTED_PERSON_CANNOT_BE_PAID.
    """
    _, source = await lock_batch(conn, batch_id, BatchCommand.CORRECT)
    lines: list[BatchLine] = []
    for bucket in range(bucket_count):
        lines += await store.list_correctable(conn, bucket=bucket, batch_id=batch_id)
    decided = verify_correction({line.line: line.amount_fen for line in lines}, amounts, only=only)
    chosen = [line for line in lines if line.line in decided]
    batch = _correction_of(source, batch_id=ids.new(), by=by, now=now)
    await store.insert_batch(conn, batch=batch)
    count = 0
    for bucket, of_bucket in _by_bucket(chosen).items():
        again = await _pay_again(conn, bucket=bucket, lines=of_bucket, decided=decided, first=count + 1)
        await store.insert_corrections(conn, bucket=bucket, batch_id=batch.id, lines=again)
        marked = await store.mark_corrected(
            conn, bucket=bucket, batch_id=batch_id, lines=[line.line for line in of_bucket], by_batch_id=batch.id
        )
        # The lines are locked and were not marked; the statement asks once more.
        assert marked == len(of_bucket)
        count += len(again)
    fen = sum(decided.values())
    issued = structs.replace(batch, sums=sums_of_issued(count=count, fen=fen))
    await write_batch(conn, issued, before=batch)
    return issued


async def _pay_again(
    conn: Conn, *, bucket: int, lines: Sequence[BatchLine], decided: Mapping[int, int], first: int
) -> list[BatchLine]:
    """New lines for source lines of one bucket, numbered by bank from `first`; refuses who cannot be paid now."""
    payees = await cards.list_payees(conn, bucket=bucket, resident_ids=[line.resident_id for line in lines])
    again = [_again(line, payees, amount_fen=decided[line.line]) for line in lines]
    ordered = sorted(again, key=lambda line: (line.bank_code, line.source_line or 0))
    return [structs.replace(line, line=number) for number, line in enumerate(ordered, first)]


def _again(line: BatchLine, payees: Mapping[ResidentId, Payee], *, amount_fen: int) -> BatchLine:
    payee = payees.get(line.resident_id)
    bank_code, bank_token = (None, None) if payee is None else (payee.bank_code, payee.bank_token)
    stop = decide_stop(payee, bank_code=bank_code or "", bank_token=bank_token or "")
    if stop is not None:
        raise Refused(Reason.CORRECTED_PERSON_CANNOT_BE_PAID, line=line.line, finding=stop.value)
    assert bank_code is not None
    assert bank_token is not None
    return structs.replace(
        line,
        amount_fen=amount_fen,
        bank_code=bank_code,
        bank_token=bank_token,
        state=PaymentState.ISSUED,
        source_line=line.line,
        source_fen=line.amount_fen,
    )


def _correction_of(source: Batch, *, batch_id: UUID, by: UUID, now: datetime) -> Batch:
    return structs.replace(
        source,
        id=batch_id,
        source_batch_id=source.id,
        round=source.round + 1,
        state=BatchState.NEW,
        pay_on=None,
        sums=sums_of_issued(count=0, fen=0),
        made_at=now,
        made_by=by,
        ended_at=None,
    )


def _by_bucket(lines: Sequence[BatchLine]) -> dict[int, list[BatchLine]]:
    found: defaultdict[int, list[BatchLine]] = defaultdict(list)
    for line in lines:
        found[line.bucket].append(line)
    return dict(sorted(found.items()))
