"""Large rosters are checked, and their batches issued, page by page."""

from datetime import timedelta

from yikatong.payouts import service
from yikatong.plumbing.jobs import Job, JobCall, every

OFTEN = timedelta(seconds=3)


async def work_on_rosters(call: JobCall, *, bucket_count: int) -> None:
    """Do all the work on rosters that there is, each page in a transaction of its own, roster after roster."""
    async with call.database.transaction() as conn:
        waiting = await service.list_open_works(conn)
    for roster_id in waiting:
        has_more = True
        while has_more:
            async with call.database.transaction() as conn:
                has_more = await service.work_on(
                    conn, roster_id=roster_id, now=call.clock.now(), bucket_count=bucket_count
                )


def roster_jobs(*, bucket_count: int) -> tuple[Job, ...]:
    """Work on rosters begins a few seconds after it was asked for."""

    async def run(call: JobCall) -> None:
        await work_on_rosters(call, bucket_count=bucket_count)

    return (Job(name="payouts.work_on_rosters", schedule=every(OFTEN), run=run),)
