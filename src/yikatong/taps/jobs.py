"""What taps do by themselves: waiting ones end, by deadline or by the bank; old ones are forgotten."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Database
from yikatong.plumbing.jobs import Job, JobCall, daily_at, forget_while_full
from yikatong.taps.counter.counter import Counter
from yikatong.taps.counter.works import BankWork, ExpireWork
from yikatong.taps.model import WaitingRow
from yikatong.taps.outside import DebitOutcome, Debits
from yikatong.taps.service import (
    forget_reversals,
    forget_second_uses,
    forget_taps,
    forget_unread,
    list_overdue_taps,
)

_BANK_AFTER = timedelta(seconds=15)
_COUNT_MAX = 200
_AT_ONCE = 1000


def jobs(*, tap_days: int, second_use_days: int, bucket_count: int) -> tuple[Job, ...]:
    """Forget second uses, then taps and reversals that moved no money, then unread ones, a thousand at a time."""

    async def forget(call: JobCall) -> None:
        now = call.clock.now()
        before, second_before = now - timedelta(days=tap_days), now - timedelta(days=second_use_days)
        for bucket in range(bucket_count):
            await forget_while_full(call, partial(forget_second_uses, bucket=bucket, before=second_before))
            await _forget_taps(call, bucket=bucket, before=before)
            await forget_while_full(call, partial(forget_reversals, bucket=bucket, before=before))
        await forget_while_full(call, partial(forget_unread, before=before))

    return (Job(name="taps.forget", schedule=daily_at(hour=3), run=forget),)


async def _forget_taps(call: JobCall, *, bucket: int, before: datetime) -> None:
    """One pass over what is older than the term, in the order of ids, since what moved money stays among it."""
    after: UUID | None = UUID(int=0)
    while after is not None:
        async with call.database.owner_transaction() as conn:
            after = await forget_taps(conn, bucket=bucket, after=after, before=before, limit=_AT_ONCE)


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
