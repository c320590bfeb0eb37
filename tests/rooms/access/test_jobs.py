"""What was kept for its time is forgotten after it."""

from datetime import timedelta

import pytest

from tests.support.builders.access import a_wallet
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.access import service
from yikatong.access.jobs import jobs
from yikatong.access.model import Reason
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.plumbing.jobs import JobCall

pytestmark = pytest.mark.anyio


async def run_all_at_noon(db: Database) -> None:
    """Run every job of access."""
    call = JobCall(database=db, clock=FixedClock(NOON), ids=SeededIds())
    for job in jobs(session_days=365):
        await job.run(call)


async def test_a_session_is_forgotten_a_year_after_its_whole_time_was_over(db: Database) -> None:
    async with db.transaction() as conn:
        older = await a_wallet(conn, now=NOON - timedelta(days=400 + 366))
        younger = await a_wallet(conn, now=NOON - timedelta(days=400 + 364))
    await run_all_at_noon(db)

    async def reason_for(token: str) -> outcomes.Reason:
        with pytest.raises(Refused) as refused:
            async with db.transaction() as conn:
                await service.authenticate(conn, token=token, now=NOON)
        return refused.value.reason

    assert Reason.KEY_IS_UNKNOWN is await reason_for(older.token)
    assert Reason.SESSION_HAS_ENDED is await reason_for(younger.token)


async def test_a_kept_answer_is_forgotten_after_a_week_and_its_key_is_free_again(db: Database) -> None:
    ids = SeededIds()
    caller_id = ids.new()
    command = service.KeptCommand(caller_id=caller_id, key="one", token="token", request_digest=b"d" * 32)
    for age, before in [(timedelta(days=8), None), (timedelta(days=6), None), (timedelta(0), (200, b"{}"))]:
        async with db.transaction() as conn:
            assert before == await command.claim(conn, now=NOON - age)
            if before is None:
                await command.keep(conn, status=200, answer=b"{}", record_id=ids.new(), ids=ids)
        await run_all_at_noon(db)
    async with db.transaction() as conn:
        await conn.execute("DELETE FROM access.idempotency WHERE caller_id = %s", [caller_id])
