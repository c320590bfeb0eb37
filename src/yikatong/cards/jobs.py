"""What cards does by itself: forget what was kept of an e-card after its end."""

from datetime import timedelta
from functools import partial

from yikatong.cards import service
from yikatong.plumbing.jobs import Job, JobCall, every, forget_while_full


def jobs(*, e_card_days: int, bucket_count: int) -> tuple[Job, ...]:
    """Forget cancelled e-cards and bank accounts no longer bound, bucket by bucket, a thousand at a time."""

    async def forget(call: JobCall) -> None:
        before = call.clock.now() - timedelta(days=e_card_days)
        for bucket in range(bucket_count):
            for forget_some in (service.forget_e_cards, service.forget_bank_bindings):
                await forget_while_full(call, partial(forget_some, bucket=bucket, before=before))

    return (Job(name="cards.forget_e_cards", schedule=every(timedelta(hours=6)), run=forget),)
