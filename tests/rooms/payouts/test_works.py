"""A large roster is checked and issued page by page, and is what one request would have made of it."""

from uuid import UUID

import pytest
from msgspec import structs

from tests.support.builders.benefits import BUCKET_COUNT, CLERK, FINANCE, REVIEWER, BenefitWorld
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.payouts import service
from yikatong.payouts.audit import audit
from yikatong.payouts.jobs import work_on_rosters
from yikatong.payouts.model import (
    Batch,
    BatchState,
    Roster,
    RosterState,
    RosterWork,
    WorkKind,
    WorkState,
)
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.jobs import JobCall

pytestmark = pytest.mark.anyio

PAGE = 3


async def opened(world: BenefitWorld, count: int) -> Roster:
    """A roster with so many people, the last of them dead."""
    people = await world.populated(count)
    await world.died(people[-1])
    async with world.db.transaction() as conn:
        return await world.opened(conn, [(who, 100 + place) for place, who in enumerate(people)])


async def one_page(world: BenefitWorld, roster_id: UUID) -> bool:
    async with world.db.transaction() as conn:
        return await service.work_on(conn, roster_id=roster_id, now=world.now, bucket_count=BUCKET_COUNT, page=PAGE)


async def worked_through(world: BenefitWorld, roster_id: UUID) -> RosterWork:
    while await one_page(world, roster_id):
        pass
    async with world.db.transaction() as conn:
        return await service.get_work(conn, roster_id=roster_id)


async def begun(world: BenefitWorld, roster_id: UUID, kind: WorkKind) -> RosterWork:
    begin = service.begin_check if kind is WorkKind.CHECK else service.begin_issue
    async with world.db.transaction() as conn:
        return await begin(conn, roster_id=roster_id, by=CLERK, now=world.now, ids=world.ids)


async def roster_of(world: BenefitWorld, roster_id: UUID) -> Roster:
    async with world.db.transaction() as conn:
        return await service.get_roster(conn, roster_id=roster_id)


async def made_final(world: BenefitWorld, roster_id: UUID) -> None:
    async with world.db.transaction() as conn:
        public = await service.publish_roster(conn, roster_id=roster_id, by=REVIEWER, now=world.now, ids=world.ids)
        assert public.public_until is not None
        world.clock.advance(public.public_until - day_of(world.now))
        await service.finalise_roster(
            conn, roster_id=roster_id, by=REVIEWER, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
        )


async def wrong_about(conn: Connection, batch: Batch) -> list[str]:
    return [line for line in await audit(conn) if batch.id.hex in line]


async def test_a_check_in_pages_finds_what_one_request_finds(db: Database) -> None:
    world = BenefitWorld(db)
    roster = await opened(world, 11)
    await begun(world, roster.id, WorkKind.CHECK)
    assert await one_page(world, roster.id)
    async with db.transaction() as conn:
        under_way = await service.get_work(conn, roster_id=roster.id)
    assert (WorkState.OPEN, True, 11) == (under_way.state, under_way.done_count <= PAGE, under_way.line_count)
    work = await worked_through(world, roster.id)
    async with db.transaction() as conn:
        after = await service.get_roster(conn, roster_id=roster.id)
        again = await service.examine_roster(
            conn, roster_id=roster.id, by=CLERK, now=world.now, bucket_count=BUCKET_COUNT
        )
    assert (WorkState.DONE, 11) == (work.state, work.done_count)
    assert RosterState.CHECKED is after.state
    assert (again.clear_count, again.clear_fen, again.held) == (work.clear_count, work.clear_fen, work.found)
    assert (again.clear_count, again.clear_fen) == (after.clear_count, after.clear_fen)


async def test_work_is_begun_once_and_a_roster_that_changed_meanwhile_drops_its_check(db: Database) -> None:
    world = BenefitWorld(db)
    roster = await opened(world, 5)
    work = await begun(world, roster.id, WorkKind.CHECK)
    assert work == await begun(world, roster.id, WorkKind.CHECK)
    await one_page(world, roster.id)
    async with db.transaction() as conn:
        await service.remove_line(
            conn, roster_id=roster.id, line=2, by=CLERK, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
        )
    assert not await one_page(world, roster.id)
    async with db.transaction() as conn:
        assert WorkState.DROPPED is (await service.get_work(conn, roster_id=roster.id)).state
    assert RosterState.OPEN is (await roster_of(world, roster.id)).state
    again = await begun(world, roster.id, WorkKind.CHECK)
    assert (again.id, WorkState.DONE, 4) == (
        (done := await worked_through(world, roster.id)).id,
        done.state,
        done.done_count,
    )


async def test_a_batch_in_pages_is_conserved_at_every_page_and_nothing_is_done_with_it_before_it_is_whole(
    db: Database,
) -> None:
    world = BenefitWorld(db)
    await world.funded()
    roster = await opened(world, 11)
    await begun(world, roster.id, WorkKind.CHECK)
    await worked_through(world, roster.id)
    await made_final(world, roster.id)
    await begun(world, roster.id, WorkKind.ISSUE)
    batch_id = (await roster_of(world, roster.id)).batch_id
    assert batch_id is not None
    while await one_page(world, roster.id):
        batch = await world.batch(batch_id)
        async with db.transaction() as conn:
            assert [] == await wrong_about(conn, batch)
        with pytest.raises(Refused, match="PAYOUT_BATCH_IS_IN_ANOTHER_STATE"):
            await world.applied(batch)
        with pytest.raises(Refused, match="PAYOUT_BATCH_IS_IN_ANOTHER_STATE"):
            async with db.transaction() as conn:
                await service.delete_batch(conn, batch_id=batch_id, now=world.now, bucket_count=BUCKET_COUNT)
    batch = await world.batch(batch_id)
    final = await roster_of(world, roster.id)
    assert (BatchState.NEW, final.clear_count, final.clear_fen) == (
        batch.state,
        batch.sums.issued_count,
        batch.sums.issued_fen,
    )
    assert list(range(1, 11)) == [line.line for line in await world.lines(batch)]
    assert BatchState.APPLIED is (await world.applied(batch)).state
    again = await begun(world, roster.id, WorkKind.ISSUE)
    assert WorkState.DONE is again.state


async def test_the_job_does_all_work_that_there_is(db: Database) -> None:
    world = BenefitWorld(db)
    rosters = [await opened(world, 3) for _ in range(2)]
    for roster in rosters:
        await begun(world, roster.id, WorkKind.CHECK)
    await work_on_rosters(JobCall(database=db, clock=world.clock, ids=world.ids), bucket_count=BUCKET_COUNT)
    for roster in rosters:
        assert RosterState.CHECKED is (await roster_of(world, roster.id)).state


async def test_what_cannot_be_begun_says_why(db: Database) -> None:
    world = BenefitWorld(db)
    roster = await opened(world, 2)
    with pytest.raises(Refused, match="ROSTER_IS_IN_ANOTHER_STATE"):
        await begun(world, roster.id, WorkKind.ISSUE)
    with pytest.raises(Refused, match="ROSTER_HAS_NO_WORK"):
        async with db.transaction() as conn:
            await service.get_work(conn, roster_id=roster.id)
    async with db.transaction() as conn:
        empty = await service.open_roster(
            conn, new=world.a_new_roster(period="2026-12"), by=CLERK, now=world.now, ids=world.ids
        )
    with pytest.raises(Refused, match="ROSTER_HAS_NO_LINES"):
        await begun(world, empty.id, WorkKind.CHECK)
    async with db.transaction() as conn:
        final = await world.final(conn, roster)
        await service.issue_batch(
            conn, roster_id=final.id, by=FINANCE, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
        )
    with pytest.raises(Refused, match="ROSTER_HAS_A_BATCH"):
        await begun(world, roster.id, WorkKind.ISSUE)


async def test_a_roster_of_more_than_a_hundred_thousand_lines_is_not_for_one_request(db: Database) -> None:
    world = BenefitWorld(db)
    async with db.transaction() as conn:
        roster = await service.open_roster(conn, new=world.a_new_roster(), by=CLERK, now=world.now, ids=world.ids)
    assert 100_000 == service.verify_fits_request(structs.replace(roster, line_count=100_000)).line_count
    with pytest.raises(Refused, match="ROSTER_IS_TOO_LARGE_FOR_A_REQUEST"):
        service.verify_fits_request(structs.replace(roster, line_count=100_001))
