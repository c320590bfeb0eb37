"""Return files (回单、退票): what a bank says became of payments, applied whole and once.

A file may come twice, in parts, late, or after the payment it gives back was known to be paid. What was applied stays;
what cannot be is refused with the line, or, where a statement of our account says it, kept as a difference.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import (
    STRICT_KINDS,
    Batch,
    BatchState,
    DifferenceKind,
    FileState,
    Outcome,
    Part,
    PartState,
    PaymentDifference,
    PaymentState,
    ReadFile,
    Reason,
    ReturnFile,
    Told,
)
from yikatong.payouts.rules.batches import decide_state, draft_back, draft_late, draft_paid, move_sums
from yikatong.payouts.rules.returns import Answer, judge_report
from yikatong.payouts.service.batches import post, write_batch
from yikatong.payouts.store import batches as batch_store
from yikatong.payouts.store import files as store

Conn = psycopg.AsyncConnection[Any]

LINES_AT_ONCE = 20_000
_AT_THE_BANK = frozenset({BatchState.SENDING, BatchState.SENT, BatchState.CLOSED})


class Reports(NamedTuple):
    """Reports of one outcome on lines of one bucket."""

    lines: list[int]
    amounts: list[int]
    days: list[date | None]
    reasons: list[str | None]
    places: list[int]


class Tally:
    """What applying a file came to so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.paid_count = 0
        self.paid_fen = 0
        self.returned_count = 0
        self.returned_fen = 0
        self.already_count = 0
        self.differences: list[PaymentDifference] = []


async def apply_return_file(
    conn: Conn, *, bank_code: str, name: str, read: ReadFile, now: datetime, bucket_count: int
) -> tuple[ReturnFile, bool]:
    """Apply a file that was read; what became of it, and whether that was now. The same bytes again change nothing.

    Batches are locked in the order of their ids. Refuses, for a status report or a plain file:
    RETURN_FILE_NAMES_AN_UNKNOWN_PAYMENT, RETURN_FILE_AMOUNT_DIFFERS, RETURN_FILE_CONTRADICTS_AN_EARLIER_ONE; of a
    notification or statement such movements are kept as differences.
    """
    before = await store.find_return_file(conn, bank_code=bank_code, digest=read.digest)
    if before is not None and before.state is FileState.APPLIED:
        return before, False
    tally = Tally()
    for batch_id in sorted({*read.told, *(told.batch_id for told in read.parts)}):
        await _apply_to_batch(
            conn, batch_id, read, bank_code=bank_code, tally=tally, now=now, bucket_count=bucket_count
        )
    await store.insert_differences(conn, differences=tally.differences, file_digest=read.digest, now=now)
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
    return file, True


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


async def list_unanswered(conn: Conn, *, batch_id: UUID, before: datetime, bucket_count: int) -> list[store.Unanswered]:
    """Parts of a batch that were sent before an instant and of which the bank has not said everything."""
    return await store.list_unanswered(conn, batch_id=batch_id, before=before, buckets=range(bucket_count))


async def list_differences(conn: Conn, *, batch_id: UUID) -> tuple[PaymentDifference, ...]:
    """Payments of a batch of which a bank says what cannot be."""
    return await store.list_differences(conn, batch_id=batch_id)


async def _apply_to_batch(
    conn: Conn, batch_id: UUID, read: ReadFile, *, bank_code: str, tally: Tally, now: datetime, bucket_count: int
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
    if batch is None or batch.state not in _AT_THE_BANK:
        batch, parts = None, []
    known, unknown = _by_bucket(told, parts)
    _meet_unknown(batch_id, told, unknown, is_strict=is_strict, tally=tally)
    if batch is None:
        if read.parts and is_strict and any(each.batch_id == batch_id for each in read.parts):
            raise Refused(Reason.RETURN_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=1)
        return
    for part in await _whole_parts(conn, read, parts, batch_id=batch_id):
        known.append(part)
    applying = _Applying(conn, batch, bank_code=bank_code, read=read, now=now, tally=tally)
    for bucket, outcome, reports in sorted(known, key=lambda each: each[1] is Outcome.RETURNED):
        await applying.apply(bucket, outcome, reports)
    await applying.end(bucket_count=bucket_count)


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
        raise Refused(Reason.RETURN_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=told.places[unknown[0]])
    for index in unknown:
        tally.differences.append(
            PaymentDifference(
                batch_id=batch_id,
                line=told.lines[index],
                kind=DifferenceKind.LINE_IS_UNKNOWN,
                our_fen=None,
                bank_fen=told.amounts[index],
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
            raise Refused(Reason.RETURN_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=1)
        lines = [line.line for line in await store.list_lines_of_part(conn, part=part)]
        for piece in _pieces(lines):
            size = len(piece)
            reports = Reports(list(piece), [0] * size, [None] * size, [told.reason] * size, [1] * size)
            found.append((part.bucket, told.outcome, reports))
    return found


class _Applying:
    """Applies one file's reports to one locked batch, and posts what they came to."""

    def __init__(
        self, conn: Conn, batch: Batch, *, bank_code: str, read: ReadFile, now: datetime, tally: Tally
    ) -> None:
        self._conn = conn
        self._batch = batch
        self._sums = batch.sums
        self._bank_code = bank_code
        self._read = read
        self._now = now
        self._tally = tally
        digest = read.digest
        self._paid = draft_paid(batch, bank_code=bank_code, file_digest=digest, amount_fen=1)
        self._back = draft_back(batch, why=b"returned" + digest, amount_fen=1)
        self._late = draft_late(batch, bank_code=bank_code, file_digest=digest, amount_fen=1)
        self._moved = {"paid": 0, "back": 0, "late": 0}

    async def apply(self, bucket: int, outcome: Outcome, reports: Reports) -> None:
        """Apply reports of one outcome on lines of one bucket; whatever does not fit is looked at one by one."""
        done = 0
        if outcome is Outcome.PAID:
            done += await self._pay(bucket, reports)
        else:
            done += await self._return(bucket, reports, PaymentState.ISSUED)
            if done < len(reports.lines):
                done += await self._return(bucket, reports, PaymentState.PAID)
        if done < len(reports.lines):
            await self._look_at_rest(bucket, outcome, reports, done=done)

    async def _pay(self, bucket: int, reports: Reports) -> int:
        count, fen = await store.pay_lines(
            self._conn,
            bucket=bucket,
            batch_id=self._batch.id,
            lines=reports.lines,
            amount_fens=reports.amounts,
            days=reports.days,
            transfer_id=self._paid.id,
            now=self._now,
        )
        self._sums = move_sums(self._sums, before=PaymentState.ISSUED, after=PaymentState.PAID, count=count, fen=fen)
        self._moved["paid"] += fen
        self._tally.paid_count += count
        self._tally.paid_fen += fen
        return count

    async def _return(self, bucket: int, reports: Reports, state: PaymentState) -> int:
        is_late = state is PaymentState.PAID
        count, fen = await store.return_lines(
            self._conn,
            bucket=bucket,
            batch_id=self._batch.id,
            state=state,
            lines=reports.lines,
            amount_fens=reports.amounts,
            reasons=reports.reasons,
            transfer_id=self._late.id if is_late else self._back.id,
            now=self._now,
        )
        self._sums = move_sums(self._sums, before=state, after=PaymentState.RETURNED, count=count, fen=fen)
        self._moved["late" if is_late else "back"] += fen
        self._tally.returned_count += count
        self._tally.returned_fen += fen
        return count

    async def _look_at_rest(self, bucket: int, outcome: Outcome, reports: Reports, *, done: int) -> None:
        """Judge each report of a piece that did not change everything: already so, or refused, or a difference."""
        batch_id = self._batch.id
        standing = await store.list_standing(self._conn, bucket=bucket, batch_id=batch_id, lines=reports.lines)
        already = -done
        booked: list[int] = []
        for line, fen, place in zip(reports.lines, reports.amounts, reports.places, strict=True):
            at = standing.get(line)
            answer = judge_report(
                outcome,
                bank_fen=fen,
                state=None if at is None else at.state,
                our_fen=0 if at is None else at.amount_fen,
                was_paid=at is not None and at.was_paid,
            )
            if answer is Answer.SO:
                already += 1
                booked.append(line)
            elif self._read.kind in STRICT_KINDS:
                raise Refused(answer.reason, line=place)
            else:
                self._tally.differences.append(
                    PaymentDifference(
                        batch_id=batch_id,
                        line=line,
                        kind=answer.kind,
                        our_fen=None if at is None else at.amount_fen,
                        bank_fen=fen,
                    )
                )
        self._tally.already_count += already
        if outcome is Outcome.PAID and booked:
            await self._book(bucket, reports)

    async def _book(self, bucket: int, reports: Reports) -> None:
        days = [(line, day) for line, day in zip(reports.lines, reports.days, strict=True) if day is not None]
        await store.book_lines(
            self._conn,
            bucket=bucket,
            batch_id=self._batch.id,
            lines=[line for line, _ in days],
            days=[day for _, day in days],
        )

    async def end(self, *, bucket_count: int) -> None:
        """Write the batch as it stands now, and post one transfer for each way in which money moved."""
        batch, now = self._batch, self._now
        after = structs.replace(batch, sums=self._sums)
        state = decide_state(after, self._sums)
        ended_at = now if state is BatchState.CLOSED and batch.ended_at is None else batch.ended_at
        await write_batch(self._conn, structs.replace(after, state=state, ended_at=ended_at), before=batch)
        digest, bank = self._read.digest, self._bank_code
        drafts = []
        if fen := self._moved["paid"]:
            drafts.append(draft_paid(batch, bank_code=bank, file_digest=digest, amount_fen=fen))
        if fen := self._moved["back"]:
            drafts.append(draft_back(batch, why=b"returned" + digest, amount_fen=fen))
        if fen := self._moved["late"]:
            drafts.append(draft_late(batch, bank_code=bank, file_digest=digest, amount_fen=fen))
        for draft in drafts:
            await post(self._conn, batch, draft, now=now, bucket_count=bucket_count)
