"""What codes does by itself: publish the status lists of the regions served here, forget old certificates."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

from yikatong.codes import service
from yikatong.codes.service import retention
from yikatong.plumbing.database import Connection
from yikatong.plumbing.jobs import Job, JobCall, every, forget_while_full
from yikatong.trust.model import KeyHolder

PUBLISHED_EVERY = timedelta(minutes=5)


def jobs(
    *,
    holder: KeyHolder,
    bucket_count: int,
    certificate_days: int,
    own_regions: Callable[[Connection], Awaitable[Sequence[str]]],
) -> tuple[Job, ...]:
    """Publish every own region's lists, each in a transaction of its own; forget certificates, a thousand at a time."""

    async def publish(call: JobCall) -> None:
        holder.reload()
        async with call.database.transaction() as conn:
            regions = await own_regions(conn)
        for region in regions:
            async with call.database.transaction() as conn:
                await service.publish_status_list(
                    conn, region=region, holder=holder, bucket_count=bucket_count, now=call.clock.now()
                )

    async def forget(call: JobCall) -> None:
        before = call.clock.now() - timedelta(days=certificate_days)
        for bucket in range(bucket_count):
            for forget_some in (retention.forget_certificates, retention.forget_chip_certificates):
                await forget_while_full(call, partial(forget_some, bucket=bucket, before=before))

    return (
        Job(name="codes.publish_status_lists", schedule=every(PUBLISHED_EVERY), run=publish),
        Job(name="codes.forget_certificates", schedule=every(timedelta(hours=6)), run=forget),
    )
