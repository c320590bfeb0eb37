"""What trust does by itself: renew the list of trusted regions that this installation publishes."""

from datetime import timedelta

from yikatong.plumbing.jobs import Job, JobCall, every
from yikatong.trust import service
from yikatong.trust.model import KeyHolder

LOOKED_AT_EVERY = timedelta(hours=6)


def jobs(*, holder: KeyHolder) -> tuple[Job, ...]:
    """Publish the next list when half of the present one's life is over."""

    async def renew(call: JobCall) -> None:
        holder.reload()
        async with call.database.transaction() as conn:
            await service.renew_trust_list(conn, holder=holder, now=call.clock.now())

    return (Job(name="trust.renew_trust_list", schedule=every(LOOKED_AT_EVERY), run=renew),)
