"""What offline does by itself: forget allowances, disputes and uploads after their term."""

from datetime import datetime, timedelta
from functools import partial

from yikatong.offline.service import retention
from yikatong.plumbing.jobs import Job, JobCall, every, forget_while_full

_AT_ONCE = 1000


def jobs(*, offline_days: int, bucket_count: int) -> tuple[Job, ...]:
    """Forget, a thousand at a time: first the allowances, then disputes, then the uploads that neither needs."""

    async def forget(call: JobCall) -> None:
        before = call.clock.now() - timedelta(days=offline_days)
        for bucket in range(bucket_count):
            for forget_some in (retention.forget_allowances, retention.forget_disputes):
                await forget_while_full(call, partial(forget_some, bucket=bucket, before=before))
        while await _forget_uploads(call, before=before):
            pass

    return (Job(name="offline.forget", schedule=every(timedelta(hours=6)), run=forget),)


async def _forget_uploads(call: JobCall, *, before: datetime) -> bool:
    """Forget some uploads of some terminals; whether there were any."""
    async with call.database.owner_transaction() as conn:
        terminals = await retention.find_old_uploads(conn, before=before, limit=_AT_ONCE)
    for terminal_id in terminals:
        async with call.database.owner_transaction() as conn:
            await retention.forget_uploads(conn, terminal_id=terminal_id, before=before, limit=_AT_ONCE)
    return bool(terminals)
