"""What ends waiting taps by itself: deadlines, and debits whose asker died."""

from datetime import timedelta

from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Database
from yikatong.taps.counter.counter import Counter
from yikatong.taps.counter.works import BankWork, ExpireWork
from yikatong.taps.model import WaitingRow
from yikatong.taps.outside import DebitOutcome, Debits
from yikatong.taps.service import list_overdue_taps

_BANK_AFTER = timedelta(seconds=15)
_COUNT_MAX = 200


async def end_waiting_taps(*, database: Database, counter: Counter, debits: Debits, clock: Clock) -> int:
    """End taps past their deadline, and ask the bank how debits stand that nobody brought back; gives how many.

    Every ending goes through the counter, so one that has been ended meanwhile is left as it is.
    """
    now = clock.now()
    async with database.transaction() as conn:
        rows = await list_overdue_taps(conn, now=now, bank_before=now - _BANK_AFTER, count_max=_COUNT_MAX)
    for row in rows:
        await _end(row, counter=counter, debits=debits, clock=clock)
    return len(rows)


async def _end(row: WaitingRow, *, counter: Counter, debits: Debits, clock: Clock) -> None:
    if row.waits_for == "bank":
        answer = await debits.query(row.tap_id)
        if answer.outcome is not DebitOutcome.UNKNOWN:
            debited = answer.outcome is DebitOutcome.DEBITED
            await counter.submit(
                BankWork(tap_id=row.tap_id, bucket=row.bucket, resident_id=row.resident_id, debited=debited)
            )
            return
    if row.deadline_at <= clock.now():
        await counter.submit(ExpireWork(tap_id=row.tap_id, bucket=row.bucket, resident_id=row.resident_id))
