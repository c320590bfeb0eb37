"""What runs by itself: holds past their end are recorded as expired."""

from datetime import timedelta

from yikatong.ledger import service
from yikatong.plumbing.jobs import Job, JobCall, every

_OWNERS_AT_ONCE = 500


def jobs(*, bucket_count: int) -> tuple[Job, ...]:
    """Tidying of every bucket, each in transactions of its own; only tidiness depends on it."""

    async def tidy(call: JobCall) -> None:
        for bucket in range(bucket_count):
            tidied = _OWNERS_AT_ONCE
            while tidied == _OWNERS_AT_ONCE:
                async with call.database.transaction() as conn:
                    tidied = await service.tidy_holds(
                        conn, bucket=bucket, now=call.clock.now(), owner_count_max=_OWNERS_AT_ONCE
                    )

    return (Job(name="ledger.tidy_holds", schedule=every(timedelta(minutes=5)), run=tidy),)
