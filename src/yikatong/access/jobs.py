"""What access does by itself: forget what was kept for its time, tell of keys that will expire."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from yikatong.access import service
from yikatong.access.model import Credential
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Connection
from yikatong.plumbing.jobs import Job, JobCall, daily_at, every

KEPT_ANSWER_DAYS = 7
"""A command is repeated within seconds or hours; a week covers a terminal that was away over a holiday."""

_AT_ONCE = 1000

log = structlog.get_logger("yikatong.access")

Forget = Callable[[Connection], Awaitable[int]]


def jobs(
    *, session_days: int, record_days: int, bucket_count: int, kept_answer_days: int = KEPT_ANSWER_DAYS
) -> tuple[Job, ...]:
    """Forget kept answers, ended sessions, and old records with what they rest on, a thousand at a time.

    Once a day each key that expires within thirty days is a warning in the log, until it is replaced or has expired.
    """

    async def forget_answers(call: JobCall) -> None:
        before = call.clock.now() - timedelta(days=kept_answer_days)
        forgotten = _AT_ONCE
        while forgotten == _AT_ONCE:
            async with call.database.transaction() as conn:
                forgotten = await service.delete_kept_answers(conn, before=before, limit=_AT_ONCE)

    async def forget_sessions(call: JobCall) -> None:
        before = call.clock.now() - timedelta(days=session_days)
        forgotten = _AT_ONCE
        while forgotten == _AT_ONCE:
            async with call.database.transaction() as conn:
                forgotten = await service.delete_sessions(conn, before=before, limit=_AT_ONCE)

    async def forget_records(call: JobCall) -> None:
        before = call.clock.now() - timedelta(days=record_days)
        for forget in _in_order(before, bucket_count=bucket_count):
            forgotten = _AT_ONCE
            while forgotten == _AT_ONCE:
                async with call.database.owner_transaction() as conn:
                    forgotten = await forget(conn)

    return (
        Job(name="access.forget_answers", schedule=every(timedelta(hours=1)), run=forget_answers),
        Job(name="access.forget_sessions", schedule=every(timedelta(hours=6)), run=forget_sessions),
        Job(name="access.forget_records", schedule=every(timedelta(hours=6)), run=forget_records),
        Job(name="access.tell_of_keys_that_end", schedule=daily_at(hour=8), run=_tell_of_keys_that_end),
    )


async def _tell_of_keys_that_end(call: JobCall) -> None:
    now = call.clock.now()
    found: tuple[Credential, ...] | None = None
    while found is None or len(found) == _AT_ONCE:
        after = None if found is None else found[-1].key_id
        async with call.database.transaction() as conn:
            found = await service.list_keys_that_end(conn, region=None, now=now, after=after, limit=_AT_ONCE)
        for key in found:
            assert key.expires_at is not None
            log.warning(
                "a key expires soon",
                key=show_id("key", key.key_id),
                kind=key.kind.value,
                of=key.subject_id.hex,
                region=key.region,
                expires_at=key.expires_at.isoformat(),
                days=(key.expires_at - now).days,
            )


def _in_order(before: datetime, *, bucket_count: int) -> list[Forget]:
    """Approvals go before the records that the audit looks for beside them."""

    def records_of(bucket: int) -> Forget:
        return lambda conn: service.forget_records(
            conn, bucket=bucket, before=before, limit=_AT_ONCE, bucket_count=bucket_count
        )

    def looks_of(bucket: int) -> Forget:
        return lambda conn: service.forget_minor_looks(conn, bucket=bucket, before=before, limit=_AT_ONCE)

    return [
        lambda conn: service.forget_approvals(conn, before=before, limit=_AT_ONCE),
        lambda conn: service.forget_attestations(conn, before=before, limit=_AT_ONCE),
        *(records_of(bucket) for bucket in range(bucket_count)),
        *(looks_of(bucket) for bucket in range(bucket_count)),
    ]
