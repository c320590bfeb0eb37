"""Return files (回单、退票): what a bank says became of payments, applied whole and once.

A file may come twice, in parts, late, or after the payment it gives back was known to be paid. What was applied stays;
what cannot be is refused with the line, or, where a statement of our account says it, kept as a difference.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import (
    NO_AMOUNT,
    STRICT_KINDS,
    DifferenceKind,
    FileState,
    Outcome,
    Part,
    PartState,
    PaymentDifference,
    ReadFile,
    Reason,
    ReturnFile,
    Told,
    Unanswered,
)
from yikatong.payouts.rules.batches import AT_THE_BANK
from yikatong.payouts.rules.returns import named_fen
from yikatong.payouts.service.applying import Applying, Reports, Tally
from yikatong.payouts.store import batches as batch_store
from yikatong.payouts.store import files as store
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

LINES_AT_ONCE = 20_000


async def apply_return_file(
    conn: Conn, *, bank_code: str, name: str, read: ReadFile, now: datetime, ids: Ids, bucket_count: int
) -> ReturnFile:
    """Apply a file that was read; what became of it. The same bytes again change nothing. Publishes LINES_MOVED.

    Batches are locked in the order of their ids. Refuses, for a status report or a plain file:
    BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, BANK_FILE_AMOUNT_DIFFERS, BANK_FILE_CONTRADICTS_AN_EARLIER_ONE; of a
    notification or statement such movements are kept as differences.
    """
    before = await store.find_applied_file(conn, bank_code=bank_code, digest=read.digest)
    if before is not None:
        return before
    tally = Tally()
    for batch_id in sorted({*read.told, *(told.batch_id for told in read.parts)}):
        await _apply_to_batch(
            conn, batch_id, read, bank_code=bank_code, tally=tally, now=now, ids=ids, bucket_count=bucket_count
        )
    for batch_id in sorted({each.batch_id for each in tally.differences}):
        of_batch = [each for each in tally.differences if each.batch_id == batch_id]
        await store.insert_differences(conn, batch_id=batch_id, differences=of_batch, file_digest=read.digest, now=now)
    file = ReturnFile(
        bank_code=bank_code,
        digest=read.digest,
        name=name,
        kind=read.kind,
        state=FileState.APPLIED,
        fault=None,
        fault_line=None,
        report_count=read.report_count,
        paid_count=tally.paid_count,
        paid_fen=tally.paid_fen,
        returned_count=tally.returned_count,
        returned_fen=tally.returned_fen,
        already_count=tally.already_count,
        difference_count=len(tally.differences),
        received_at=now,
    )
    await store.insert_return_file(conn, file=file)
    return file


async def note_refused_file(
    conn: Conn, *, bank_code: str, name: str, digest: bytes, refused: Refused, now: datetime
) -> ReturnFile:
    """Note that a file was refused, why, and at which line; nothing of it was applied."""
    line = refused.about.get("line")
    file = ReturnFile(
        bank_code=bank_code,
        digest=digest,
        name=name,
        kind=None,
        state=FileState.REFUSED,
        fault=refused.reason.name,
        fault_line=line if isinstance(line, int) else None,
        report_count=0,
        paid_count=0,
        paid_fen=0,
        returned_count=0,
        returned_fen=0,
        already_count=0,
        difference_count=0,
        received_at=now,
    )
    await store.insert_return_file(conn, file=file)
    return file


async def list_return_files(conn: Conn, *, bank_code: str, limit: int = 100) -> tuple[ReturnFile, ...]:
    """What became of a bank's files, the newest first."""
    return await store.list_return_files(conn, bank_code=bank_code, limit=limit)


async def list_unanswered(conn: Conn, *, batch_id: UUID, before: datetime, bucket_count: int) -> list[Unanswered]:
    """Parts of a batch that were sent before an instant and of which the bank has not said everything."""
    parts = [
        part
        for part in await store.list_parts(conn, batch_id=batch_id)
        if part.sent_at is not None and part.sent_at <= before
    ]
    counts: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for bucket in range(bucket_count):
        found = await store.count_open_lines(conn, bucket=bucket, batch_id=batch_id, parts=parts)
        for number, count in found.items():
            counts[number].append(count)
    return [
        Unanswered(
            part.part,
            part.bank_code,
            part.sent_at,
            sum(count for count, _ in counts[part.part]),
            sum(fen for _, fen in counts[part.part]),
        )
        for part in parts
        if part.part in counts and part.sent_at is not None
    ]


async def list_differences(conn: Conn, *, batch_id: UUID) -> tuple[PaymentDifference, ...]:
    """Payments of a batch of which a bank says what cannot be."""
    return await store.list_differences(conn, batch_id=batch_id)


async def _apply_to_batch(
    conn: Conn,
    batch_id: UUID,
    read: ReadFile,
    *,
    bank_code: str,
    tally: Tally,
    now: datetime,
    ids: Ids,
    bucket_count: int,
) -> None:
    """Apply what a file tells of one batch."""
    told = read.told.get(batch_id, Told())
    is_strict = read.kind in STRICT_KINDS
    await batch_store.lock_application(conn, batch_id=batch_id)
    batch = await batch_store.find_batch(conn, batch_id=batch_id, locked=True)
    parts = [
        part
        for part in await store.list_parts(conn, batch_id=batch_id)
        if part.bank_code == bank_code and part.state is not PartState.PLANNED
    ]
    if batch is None or batch.state not in AT_THE_BANK:
        batch, parts = None, []
    known, unknown = _by_bucket(told, parts)
    _meet_unknown(batch_id, told, unknown, is_strict=is_strict, tally=tally)
    if batch is None:
        if read.parts and is_strict and any(each.batch_id == batch_id for each in read.parts):
            raise Refused(Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=1)
        return
    for part in await _whole_parts(conn, read, parts, batch_id=batch_id):
        known.append(part)
    applying = Applying(
        conn, batch, bank_code=bank_code, read=read, now=now, tally=tally, ids=ids, bucket_count=bucket_count
    )
    for bucket, outcome, reports in sorted(known, key=lambda each: each[1] is Outcome.RETURNED):
        await applying.apply(bucket, outcome, reports)
    await applying.end()


def _by_bucket(told: Told, parts: Sequence[Part]) -> tuple[list[tuple[int, Outcome, Reports]], list[int]]:
    """Reports by bucket and outcome, in pieces; and the places of those that name a line of no part of this bank."""
    firsts = [part.first_line for part in parts]
    places: defaultdict[tuple[int, bool], list[int]] = defaultdict(list)
    unknown: list[int] = []
    for index, line in enumerate(told.lines):
        at = bisect_right(firsts, line) - 1
        if at < 0 or line > parts[at].last_line:
            unknown.append(index)
        else:
            places[parts[at].bucket, bool(told.outcomes[index])].append(index)
    pieces = []
    for (bucket, is_returned), found in places.items():
        for piece in _pieces(found):
            outcome = Outcome.RETURNED if is_returned else Outcome.PAID
            pieces.append((bucket, outcome, _reports(told, piece)))
    return pieces, unknown


def _pieces(indexes: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(indexes), LINES_AT_ONCE):
        yield indexes[start : start + LINES_AT_ONCE]


def _reports(told: Told, indexes: Sequence[int]) -> Reports:
    return Reports(
        lines=[told.lines[index] for index in indexes],
        amounts=[told.amounts[index] for index in indexes],
        days=[told.days.get(index) for index in indexes],
        reasons=[told.reasons.get(index) for index in indexes],
        places=[told.places[index] for index in indexes],
    )


def _meet_unknown(batch_id: UUID, told: Told, unknown: Sequence[int], *, is_strict: bool, tally: Tally) -> None:
    """Refuse what speaks of ours alone and names what is not; keep a movement of the account as a difference."""
    if unknown and is_strict:
        raise Refused(Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=told.places[unknown[0]])
    for index in unknown:
        tally.differences.append(
            PaymentDifference(
                batch_id=batch_id,
                line=told.lines[index],
                kind=DifferenceKind.LINE_IS_UNKNOWN,
                our_fen=None,
                bank_fen=named_fen(told.amounts[index]),
            )
        )


async def _whole_parts(
    conn: Conn, read: ReadFile, parts: Sequence[Part], *, batch_id: UUID
) -> list[tuple[int, Outcome, Reports]]:
    """The open lines of parts that the bank ended as a whole, as if it had named each."""
    by_number = {part.part: part for part in parts}
    found = []
    for told in read.parts:
        if told.batch_id != batch_id:
            continue
        part = by_number.get(told.part)
        if part is None:
            raise Refused(Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=1)
        lines = [line.line for line in await store.list_lines_of_part(conn, part=part)]
        for piece in _pieces(lines):
            size = len(piece)
            reports = Reports(list(piece), [NO_AMOUNT] * size, [None] * size, [told.reason] * size, [1] * size)
            found.append((part.bucket, told.outcome, reports))
    return found
