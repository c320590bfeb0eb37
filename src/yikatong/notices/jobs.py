"""What notices does by itself: deliver what is due, forget what was told long ago."""

from datetime import timedelta

from yikatong.notices import service
from yikatong.notices.outside import MessageGateway
from yikatong.plumbing.jobs import Job, JobCall, every

_AT_ONCE = 1000
_ROUNDS_MAX = 20
"""A run delivers so many times fifty of one bucket, then lets other buckets have their turn."""


def jobs(gateway: MessageGateway | None, *, bucket_count: int, notice_days: int) -> tuple[Job, ...]:
    """Deliver every two seconds; forget once an hour what was told `notice_days` ago.

    Without a gateway nothing is delivered or tried: notices are read in the wallet.
    """

    async def deliver(call: JobCall) -> None:
        assert gateway is not None
        for bucket in range(bucket_count):
            for _ in range(_ROUNDS_MAX):
                if not await service.deliver_due(call.database, gateway, bucket=bucket, clock=call.clock):
                    break

    async def forget(call: JobCall) -> None:
        before = call.clock.now() - timedelta(days=notice_days)
        for bucket in range(bucket_count):
            forgotten = _AT_ONCE
            while forgotten == _AT_ONCE:
                async with call.database.transaction() as conn:
                    forgotten = await service.delete_notices(conn, bucket=bucket, before=before, limit=_AT_ONCE)

    forgetting = Job(name="notices.forget", schedule=every(timedelta(hours=1)), run=forget)
    delivering = Job(name="notices.deliver", schedule=every(timedelta(seconds=2)), run=deliver)
    return (forgetting,) if gateway is None else (delivering, forgetting)
