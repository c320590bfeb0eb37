"""What codes does by itself: publish the status lists of the regions served here."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from yikatong.codes import service
from yikatong.plumbing.database import Connection
from yikatong.plumbing.jobs import Job, JobCall, every
from yikatong.trust.model import KeyHolder

PUBLISHED_EVERY = timedelta(minutes=5)


def jobs(
    *, holder: KeyHolder, bucket_count: int, own_regions: Callable[[Connection], Awaitable[Sequence[str]]]
) -> tuple[Job, ...]:
    """Publish every own region's lists, each in a transaction of its own."""

    async def publish(call: JobCall) -> None:
        holder.reload()
        async with call.database.transaction() as conn:
            regions = await own_regions(conn)
        for region in regions:
            async with call.database.transaction() as conn:
                await service.publish_status_list(
                    conn, region=region, holder=holder, bucket_count=bucket_count, now=call.clock.now()
                )

    return (Job(name="codes.publish_status_lists", schedule=every(PUBLISHED_EVERY), run=publish),)
