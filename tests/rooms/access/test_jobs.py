"""What was kept for its time is forgotten after it."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.support.builders.access import Known, a_wallet, an_operator
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.access import service
from yikatong.access.audit import audit
from yikatong.access.jobs import jobs
from yikatong.access.model import ApprovalState, Reason, Record, RecordKind
from yikatong.access.store import allowances, approvals
from yikatong.kernel import outcomes
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.jobs import JobCall

pytestmark = pytest.mark.anyio

TERM = timedelta(days=1826)
OLDER, YOUNGER = TERM + timedelta(seconds=1), TERM - timedelta(days=1)


async def run_all_at_noon(db: Database) -> None:
    """Run every job of access."""
    call = JobCall(database=db, clock=FixedClock(NOON), ids=SeededIds())
    for job in jobs(session_days=365, record_days=TERM.days, bucket_count=1):
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


async def looked_at(conn: Connection, by: Known, *, age: timedelta) -> UUID:
    """A resident at whom an operator looked so long before noon."""
    ids = SeededIds(clock=FixedClock(NOON - age))
    resident_id = ids.new()
    await service.write_look_at_many(
        conn,
        operator_id=by.caller.id,
        region=by.caller.region,
        what="view_person",
        bucket=0,
        resident_ids=(resident_id,),
        purpose="核对身份",
        subject="r",
        now=NOON - age,
        ids=ids,
    )
    return resident_id


async def test_a_look_is_forgotten_at_its_term_under_the_resident_too_and_not_a_day_before(db: Database) -> None:
    async with db.transaction() as conn:
        operator = await an_operator(conn)
        older, younger = [await looked_at(conn, operator, age=age) for age in (OLDER, YOUNGER)]
    await run_all_at_noon(db)

    async with db.transaction() as conn:
        found = [
            len(await service.list_concerns(conn, resident_id=resident_id, before=None, limit=9, bucket_count=1))
            for resident_id in (older, younger)
        ]
        rows = await conn.execute("SELECT resident_ids FROM access.record WHERE by_id = %s", [operator.caller.id])
        kept = [row[0] for row in await rows.fetchall()]
        differences = await audit(conn)

    assert [0, 1] == found
    assert [[younger]] == kept
    assert [] == [difference for difference in differences if str(younger) in difference or str(older) in difference]


async def approved(conn: Connection, *, age: timedelta) -> UUID:
    """A command that a second person approved so long before noon, with its record."""
    now, ids = NOON - age, SeededIds(clock=FixedClock(NOON - age))
    asker = await an_operator(conn, now=now)
    second = await an_operator(conn, region=asker.caller.region, now=now)
    asked = await service.ask_approval(
        conn,
        asker=asker.caller,
        what="erase_person",
        path={},
        query=b"",
        body=b"",
        purpose=None,
        request_id="r",
        now=now,
        ids=ids,
    )
    await service.decide_approval(
        conn, approval_id=asked.approval_id, decider=second.caller, state=ApprovalState.APPROVED, now=now
    )
    record = Record(
        record_id=ids.new(),
        recorded_at=now,
        kind=RecordKind.COMMAND,
        what="erase_person",
        by_kind="operator",
        by_id=second.caller.id,
        region=asker.caller.region,
        resident_ids=(),
        subjects=(),
        request_id="r",
        request_digest=None,
        outcome="done",
        purpose=None,
        approval_id=asked.approval_id,
    )
    await service.write_record(conn, record=record, bucket_count=1)
    return asked.approval_id


async def test_an_approval_is_forgotten_with_the_record_of_its_command_and_the_audit_misses_neither(
    db: Database,
) -> None:
    async with db.transaction() as conn:
        older, younger = [await approved(conn, age=age) for age in (OLDER, YOUNGER)]
    await run_all_at_noon(db)

    async with db.transaction() as conn:
        found = [await approvals.lock_approval(conn, approval_id=one) for one in (older, younger)]
        rows = await conn.execute(
            "SELECT approval_id FROM access.record WHERE approval_id = ANY (%s)", [[older, younger]]
        )
        kept = [row[0] for row in await rows.fetchall()]
        differences = await audit(conn)

    assert [False, True] == [one is not None for one in found]
    assert [younger] == kept
    assert [] == [difference for difference in differences if str(older) in difference or str(younger) in difference]


async def test_what_operators_attested_is_forgotten_by_days_and_the_sums_with_it(db: Database) -> None:
    last_day = day_of(NOON - TERM)
    ids = SeededIds()
    taps = {last_day - timedelta(days=1): ids.new(), last_day: ids.new()}
    async with db.transaction() as conn:
        operator_id = (await an_operator(conn)).caller.id
        for day, tap in taps.items():
            await service.claim_attestation(
                conn, operator_id=operator_id, day=day, tap_request=tap, amount_fen=100, now=NOON - TERM
            )
    await run_all_at_noon(db)

    async with db.transaction() as conn:
        found = [
            await allowances.find_attestation(conn, operator_id=operator_id, tap_request=tap) for tap in taps.values()
        ]
        differences = await audit(conn)

    assert [False, True] == [one is not None for one in found]
    assert [] == [difference for difference in differences if str(operator_id) in difference]


async def test_an_agreement_to_look_at_a_minor_is_forgotten_a_term_after_its_end(db: Database) -> None:
    minor, operator = SeededIds().new(), SeededIds().new()
    begun = {NOON - timedelta(hours=8) - age for age in (OLDER, YOUNGER)}
    async with db.transaction() as conn:
        for now in begun:
            await service.agree_minor_look(
                conn, resident_id=minor, operator_id=operator, purpose="核对", now=now, bucket_count=1
            )
    await run_all_at_noon(db)

    async with db.transaction() as conn:
        rows = await conn.execute("SELECT agreed_at FROM access.minor_look WHERE resident_id = %s", [minor])
        assert [max(begun)] == [row[0] for row in await rows.fetchall()]
