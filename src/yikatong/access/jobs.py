"""What access does by itself: forget what was kept for its time."""

from datetime import timedelta

from yikatong.access import service
from yikatong.plumbing.jobs import Job, JobCall, every

KEPT_ANSWER_DAYS = 7
"""A command is repeated within seconds or hours; a week covers a terminal that was away over a holiday."""

_AT_ONCE = 1000


def jobs(*, session_days: int, kept_answer_days: int = KEPT_ANSWER_DAYS) -> tuple[Job, ...]:
    """Forget kept answers and ended sessions, a thousand at a time."""

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

    return (
        Job(name="access.forget_answers", schedule=every(timedelta(hours=1)), run=forget_answers),
        Job(name="access.forget_sessions", schedule=every(timedelta(hours=6)), run=forget_sessions),
    )
