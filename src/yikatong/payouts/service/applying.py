"""What a bank's file tells of one batch, applied to its lines, its sums and the ledger."""

from collections.abc import Collection
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
    Outcome,
    PaymentDifference,
    PaymentState,
    ReadFile,
)
from yikatong.payouts.rules.batches import decide_state, draft_back, draft_late, draft_paid, move_sums
from yikatong.payouts.rules.returns import Answer, judge_report, named_fen
from yikatong.payouts.service.batches import post, write_batch
from yikatong.payouts.service.news import publish_moved
from yikatong.payouts.store import files as store
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


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


def _chosen(reports: Reports, lines: Collection[int]) -> Reports:
    """The reports on some lines."""
    kept = [place for place, line in enumerate(reports.lines) if line in lines]
    return Reports(
        lines=[reports.lines[place] for place in kept],
        amounts=[reports.amounts[place] for place in kept],
        days=[reports.days[place] for place in kept],
        reasons=[reports.reasons[place] for place in kept],
        places=[reports.places[place] for place in kept],
    )


class Applying:
    """Applies one file's reports to one locked batch, and posts what they came to."""

    def __init__(
        self,
        conn: Conn,
        batch: Batch,
        *,
        bank_code: str,
        read: ReadFile,
        now: datetime,
        tally: Tally,
        ids: Ids,
        bucket_count: int,
    ) -> None:
        self._conn = conn
        self._batch = batch
        self._sums = batch.sums
        self._bank_code = bank_code
        self._read = read
        self._now = now
        self._tally = tally
        self._ids = ids
        self._bucket_count = bucket_count
        digest = read.digest
        self._paid = draft_paid(batch, bank_code=bank_code, file_digest=digest, amount_fen=1)
        self._back = draft_back(batch, why=b"returned" + digest, amount_fen=1)
        self._late = draft_late(batch, bank_code=bank_code, file_digest=digest, amount_fen=1)
        self._moved = {"paid": 0, "back": 0, "late": 0}
        told = None if read.kind in STRICT_KINDS else read.told.get(batch.id)
        self._doubled = set() if told is None else set(told.list_doubled())

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
        await self._tell(bucket, PaymentState.PAID, self._paid.id, reports, count=count)
        return count

    async def _tell(self, bucket: int, state: PaymentState, transfer_id: UUID, reports: Reports, *, count: int) -> None:
        """Tell of the lines that moved, if any did."""
        if count:
            await publish_moved(
                self._conn,
                batch=self._batch,
                bucket=bucket,
                state=state,
                transfer_id=transfer_id,
                lines=reports.lines,
                count=count,
                now=self._now,
                ids=self._ids,
            )

    async def _return(self, bucket: int, reports: Reports, state: PaymentState) -> int:
        is_late = state is PaymentState.PAID
        transfer_id = self._late.id if is_late else self._back.id
        count, fen = await store.return_lines(
            self._conn,
            bucket=bucket,
            batch_id=self._batch.id,
            state=state,
            lines=reports.lines,
            amount_fens=reports.amounts,
            reasons=reports.reasons,
            transfer_id=transfer_id,
            now=self._now,
        )
        self._sums = move_sums(self._sums, before=state, after=PaymentState.RETURNED, count=count, fen=fen)
        self._moved["late" if is_late else "back"] += fen
        self._tally.returned_count += count
        self._tally.returned_fen += fen
        await self._tell(bucket, PaymentState.RETURNED, transfer_id, reports, count=count)
        return count

    async def _look_elsewhere(self, bucket: int, outcome: Outcome, reports: Reports) -> set[int]:
        """Apply reports whose lines lie in another bucket now, because people were moved; the lines that were found."""
        found: set[int] = set()
        for other in range(self._bucket_count):
            if other == bucket or len(found) == len(reports.lines):
                continue
            there = await store.list_standing(self._conn, bucket=other, batch_id=self._batch.id, lines=reports.lines)
            if there:
                found |= there.keys()
                await self.apply(other, outcome, _chosen(reports, there.keys()))
        return found

    async def _look_at_rest(self, bucket: int, outcome: Outcome, reports: Reports, *, done: int) -> None:
        """Judge each report of a piece that did not change everything: already so, or refused, or a difference."""
        batch_id = self._batch.id
        standing = await store.list_standing(self._conn, bucket=bucket, batch_id=batch_id, lines=reports.lines)
        missing = set(reports.lines) - standing.keys()
        if missing and self._bucket_count > 1:
            elsewhere = await self._look_elsewhere(bucket, outcome, _chosen(reports, missing))
            reports = _chosen(reports, set(reports.lines) - elsewhere)
        already = -done
        booked: list[int] = []
        for line, fen, day, place in zip(*reports[:3], reports.places, strict=True):
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
                if self._is_booked_again(at, day):
                    self._doubled.add(line)
                self._tell_doubled(line, outcome, our_fen=0 if at is None else at.amount_fen, bank_fen=fen)
            elif self._read.kind in STRICT_KINDS:
                raise Refused(answer.reason, line=place)
            else:
                self._tally.differences.append(
                    PaymentDifference(
                        batch_id=batch_id,
                        line=line,
                        kind=answer.kind,
                        our_fen=None if at is None else at.amount_fen,
                        bank_fen=named_fen(fen),
                    )
                )
        self._tally.already_count += already
        if outcome is Outcome.PAID and booked:
            await self._book(bucket, reports)

    def _is_booked_again(self, at: store.Standing | None, day: date | None) -> bool:
        """Whether a statement says another day than the one on which a payment was booked."""
        is_said = self._read.kind not in STRICT_KINDS and at is not None and day is not None
        return is_said and at is not None and at.booked_on not in (None, day)

    def _tell_doubled(self, line: int, outcome: Outcome, *, our_fen: int, bank_fen: int) -> None:
        """Keep once that a bank took a payment from us twice: it is paid, and the second money is to come back."""
        if outcome is Outcome.PAID and line in self._doubled:
            self._doubled.discard(line)
            self._tally.differences.append(
                PaymentDifference(
                    batch_id=self._batch.id,
                    line=line,
                    kind=DifferenceKind.BOOKED_TWICE,
                    our_fen=our_fen,
                    bank_fen=named_fen(bank_fen),
                )
            )

    async def _book(self, bucket: int, reports: Reports) -> None:
        days = [(line, day) for line, day in zip(reports.lines, reports.days, strict=True) if day is not None]
        if days:
            await store.book_lines(
                self._conn,
                bucket=bucket,
                batch_id=self._batch.id,
                lines=[line for line, _ in days],
                days=[day for _, day in days],
            )

    async def end(self) -> None:
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
            await post(self._conn, batch, draft, now=now, bucket_count=self._bucket_count)
