"""Rosters: filled, checked, public for a term, objected to, final; and nobody is paid twice."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.support.builders.benefits import BUCKET_COUNT, CLERK, FINANCE, REVIEWER, BenefitWorld
from tests.support.builders.cards import OPERATOR, VAULT
from yikatong.cards import service as cards
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.payouts import service
from yikatong.payouts.model import Finding, Ground, LineState, OncePer, RosterEntry, RosterState
from yikatong.plumbing.database import Connection, Database

pytestmark = pytest.mark.anyio


async def findings(conn: Connection, roster_id: UUID) -> list[Finding | None]:
    lines = await service.list_roster_lines(conn, roster_id=roster_id, limit=1_000, bucket_count=BUCKET_COUNT)
    return [line.finding for line in lines]


async def check(world: BenefitWorld, conn: Connection, roster_id: UUID) -> dict[str, int]:
    checked = await service.examine_roster(
        conn, roster_id=roster_id, by=CLERK, now=world.now, bucket_count=BUCKET_COUNT
    )
    return {"clear": checked.clear_count, **checked.held}


async def test_each_person_who_cannot_be_paid_is_held_with_the_first_finding(db: Database) -> None:
    world = BenefitWorld(db)
    well, dead, lost, unbound = await world.populated(4)
    stranger = BenefitWorld(db)
    (elsewhere,) = await stranger.populated(1)
    await world.died(dead)
    async with db.transaction() as conn:
        await cards.report_temporary_loss(
            conn, bucket=bucket_of(lost, BUCKET_COUNT), resident_id=lost, by=OPERATOR, now=world.now, ids=world.ids
        )
        await cards.unbind_bank(conn, bucket=bucket_of(unbound, BUCKET_COUNT), resident_id=unbound, now=world.now)
        people = [well, dead, lost, unbound, elsewhere, ResidentId(world.ids.new()), well]
        roster = await world.opened(conn, [(each, 100) for each in people])
        await check(world, conn, roster.id)
        assert [
            None,
            Finding.PERSON_IS_DECEASED,
            Finding.CARD_IS_NOT_NORMAL,
            Finding.ACCOUNT_IS_NOT_BOUND,
            Finding.PERSON_IS_OF_ANOTHER_DIVISION,
            Finding.PERSON_IS_UNKNOWN,
            Finding.IS_DUPLICATE,
        ] == await findings(conn, roster.id)


async def test_a_name_that_is_not_the_register_s_is_held_and_not_kept(db: Database) -> None:
    world = BenefitWorld(db)
    first, second = await world.populated(2)
    async with db.transaction() as conn:
        roster = await service.open_roster(conn, new=world.a_new_roster(), by=CLERK, now=world.now, ids=world.ids)
        entries = [
            RosterEntry(resident_id=who, reference=world.ids.new(), amount_fen=100, name=name)
            for who, name in ((first, "王 小明　"), (second, "李芳芳"))
        ]
        await service.add_lines(
            conn, roster_id=roster.id, entries=entries, by=CLERK, bucket_count=BUCKET_COUNT, vault=VAULT
        )
        assert {"clear": 1, "name_differs": 1} == await check(world, conn, roster.id)


async def test_a_person_is_paid_once_for_a_scheme_and_period_over_all_rosters(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(3)
    async with db.transaction() as conn:
        first = await world.opened(conn, [(each, 100) for each in people[:2]])
        second = await world.opened(conn, [(each, 100) for each in people])
        other_month = await world.opened(conn, [(people[0], 100)], new=world.a_new_roster(period="2026-12"))
        assert {"clear": 2} == await check(world, conn, first.id)
        assert {"clear": 1, "is_duplicate": 2} == await check(world, conn, second.id)
        assert {"clear": 1} == await check(world, conn, other_month.id)
        await service.withdraw_roster(
            conn, roster_id=first.id, by=CLERK, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
        )
        assert {"clear": 3} == await check(world, conn, second.id)


async def test_by_reference_a_person_may_be_listed_for_two_plots_but_each_once(db: Database) -> None:
    world = BenefitWorld(db)
    (farmer,) = await world.populated(1)
    async with db.transaction() as conn:
        new = world.a_new_roster(once_per=OncePer.REFERENCE)
        roster = await world.opened(conn, [(farmer, 100), (farmer, 250)], new=new)
        assert {"clear": 2} == await check(world, conn, roster.id)
        again = await service.open_roster(conn, new=new, by=CLERK, now=world.now, ids=world.ids)
        lines = await service.list_roster_lines(conn, roster_id=roster.id, bucket_count=BUCKET_COUNT)
        entries = [RosterEntry(resident_id=farmer, reference=lines[0].reference, amount_fen=100)]
        await service.add_lines(conn, roster_id=again.id, entries=entries, by=CLERK, bucket_count=BUCKET_COUNT)
        assert {"clear": 0, "is_duplicate": 1} == await check(world, conn, again.id)


async def test_the_same_reference_comes_in_once_and_never_with_another_amount(db: Database) -> None:
    world = BenefitWorld(db)
    (who,) = await world.populated(1)
    async with db.transaction() as conn:
        roster = await service.open_roster(conn, new=world.a_new_roster(), by=CLERK, now=world.now, ids=world.ids)
        entry = RosterEntry(resident_id=who, reference=world.ids.new(), amount_fen=100)
        answers = [
            await service.add_lines(conn, roster_id=roster.id, entries=[entry], by=CLERK, bucket_count=BUCKET_COUNT)
            for _ in range(2)
        ]
        assert [(1, 0), (0, 1)] == [(each.added_count, each.already_count) for each in answers]
        other = RosterEntry(resident_id=who, reference=entry.reference, amount_fen=101)
        with pytest.raises(Refused, match="ROSTER_REFERENCE_IS_USED"):
            async with conn.transaction():
                await service.add_lines(conn, roster_id=roster.id, entries=[other], by=CLERK, bucket_count=BUCKET_COUNT)


async def test_whoever_opened_a_roster_does_not_review_it(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(1)
    async with db.transaction() as conn:
        roster = await world.opened(conn, [(people[0], 100)])
        await check(world, conn, roster.id)
        with pytest.raises(Refused, match="ROSTER_IS_REVIEWED_BY_ANOTHER_PERSON"):
            await service.publish_roster(conn, roster_id=roster.id, by=CLERK, now=world.now, ids=world.ids)


async def test_a_roster_is_public_for_seven_working_days_at_least(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(1)
    async with db.transaction() as conn:
        roster = await world.opened(conn, [(people[0], 100)])
        await check(world, conn, roster.id)
        today = day_of(world.now)
        with pytest.raises(Refused, match="PUBLICITY_TERM_IS_TOO_SHORT"):
            await service.publish_roster(
                conn, roster_id=roster.id, by=REVIEWER, now=world.now, ids=world.ids, until=today + timedelta(days=8)
            )
        public = await service.publish_roster(conn, roster_id=roster.id, by=REVIEWER, now=world.now, ids=world.ids)
        # Wednesday 25 November: seven working days are over with Thursday 3 December.
        assert today + timedelta(days=9) == public.public_until
        with pytest.raises(Refused, match="PUBLICITY_TERM_HAS_NOT_ENDED"):
            await service.finalise_roster(
                conn,
                roster_id=roster.id,
                by=REVIEWER,
                now=world.now + timedelta(days=8),
                ids=world.ids,
                bucket_count=BUCKET_COUNT,
            )


async def test_what_is_public_masks_names_and_shows_no_number(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(2)
    async with db.transaction() as conn:
        roster = await world.opened(conn, [(each, 12_300) for each in people])
        await check(world, conn, roster.id)
        await service.publish_roster(conn, roster_id=roster.id, by=REVIEWER, now=world.now, ids=world.ids)
        shown, who = await service.list_public_lines(
            conn, roster_id=roster.id, after=0, limit=10, vault=VAULT, bucket_count=BUCKET_COUNT
        )
    assert [("王**", 12_300), ("李*", 12_300)] == [(line.name, line.amount_fen) for line in shown]
    assert people == who
    assert {"line", "name", "division", "amount_fen"} == set(type(shown[0]).__struct_fields__)


async def test_an_upheld_objection_takes_the_line_off_and_an_open_one_holds_the_roster(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(3)
    async with db.transaction() as conn:
        roster = await world.opened(conn, [(each, 100) for each in people])
        await check(world, conn, roster.id)
        await service.publish_roster(conn, roster_id=roster.id, by=REVIEWER, now=world.now, ids=world.ids)
        upheld, dismissed = [
            await service.object_to_line(
                conn,
                roster_id=roster.id,
                line=line,
                ground=Ground.NOT_ENTITLED,
                by=CLERK,
                now=world.now,
                ids=world.ids,
                bucket_count=BUCKET_COUNT,
            )
            for line in (1, 2)
        ]
        over = world.now + timedelta(days=9)
        with pytest.raises(Refused, match="PUBLICITY_TERM_HAS_ENDED"):
            await service.object_to_line(
                conn,
                roster_id=roster.id,
                line=3,
                ground=Ground.OTHER,
                by=CLERK,
                now=over,
                ids=world.ids,
                bucket_count=BUCKET_COUNT,
            )
        with pytest.raises(Refused, match="OBJECTION_IS_OPEN"):
            await service.finalise_roster(
                conn, roster_id=roster.id, by=REVIEWER, now=over, ids=world.ids, bucket_count=BUCKET_COUNT
            )
        for objection, is_upheld in ((upheld, True), (dismissed, False)):
            answers = [
                await service.decide_objection(
                    conn,
                    roster_id=roster.id,
                    objection_id=objection.id,
                    is_upheld=is_upheld,
                    by=REVIEWER,
                    now=over,
                    ids=world.ids,
                    bucket_count=BUCKET_COUNT,
                )
                for _ in range(2)
            ]
            assert [Change.DONE, Change.ALREADY_SO] == answers
        final = await service.finalise_roster(
            conn, roster_id=roster.id, by=REVIEWER, now=over, ids=world.ids, bucket_count=BUCKET_COUNT
        )
        batch = await service.issue_batch(
            conn, roster_id=roster.id, by=FINANCE, now=over, ids=world.ids, bucket_count=BUCKET_COUNT
        )
        left = await service.list_roster_lines(conn, roster_id=roster.id, bucket_count=BUCKET_COUNT)
    assert (RosterState.FINAL, 2, 200) == (final.state, final.clear_count, final.clear_fen)
    assert (2, 200) == (batch.sums.issued_count, batch.sums.issued_fen)
    assert [LineState.CLEAR] * 2 == [line.state for line in left]


async def test_a_roster_moves_only_as_its_state_allows(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(1)
    async with db.transaction() as conn:
        roster = await world.opened(conn, [(people[0], 100)])
        with pytest.raises(Refused, match="ROSTER_IS_IN_ANOTHER_STATE"):
            await service.publish_roster(conn, roster_id=roster.id, by=REVIEWER, now=world.now, ids=world.ids)
        with pytest.raises(Refused, match="ROSTER_IS_IN_ANOTHER_STATE"):
            await service.issue_batch(
                conn, roster_id=roster.id, by=FINANCE, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
            )
        with pytest.raises(Refused, match="ROSTER_IS_UNKNOWN"):
            await service.examine_roster(
                conn, roster_id=world.ids.new(), by=CLERK, now=world.now, bucket_count=BUCKET_COUNT
            )
        await world.final(conn, roster)
        first = await service.issue_batch(
            conn, roster_id=roster.id, by=FINANCE, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
        )
        again = await service.issue_batch(
            conn, roster_id=roster.id, by=FINANCE, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
        )
        assert first.id == again.id
        with pytest.raises(Refused, match="ROSTER_IS_IN_ANOTHER_STATE"):
            await service.withdraw_roster(
                conn, roster_id=roster.id, by=CLERK, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
            )
