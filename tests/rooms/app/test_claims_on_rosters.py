"""Claims on their roster: who stands on it, who leaves it while it is public, and whose money it has."""

from collections.abc import AsyncIterator

import pytest

from tests.support.builders.benefits import CLERK
from tests.support.builders.chain import BUCKETS, STATED
from tests.support.builders.paying_town import a_database_of_its_own, a_paying_town
from yikatong.kernel.outcomes import Change
from yikatong.ledger import service as ledger
from yikatong.payouts import service as payouts
from yikatong.payouts.model import Ground
from yikatong.plumbing.database import Database
from yikatong.trade_in.model import Act, ClaimState
from yikatong.trade_in.service import rostering
from yikatong.trade_in.service.rostering import handing_of

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def own(db: Database) -> AsyncIterator[Database]:
    async with a_database_of_its_own(db) as database:
        yield database


async def test_who_cannot_be_paid_yet_leaves_the_roster_and_may_stand_on_another(own: Database) -> None:
    async with a_paying_town(own) as town:
        bound, unbound = await town.checked(), await town.checked(is_bound=False)
        await town.public()
        assert [ClaimState.PUBLISHED, ClaimState.CHECKED] == await town.states([bound, unbound])
        again = await town.rostered()
    assert again is not None
    assert (1, unbound.claim.amount_fen) == (again.line_count, again.amount_fen)


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (Act.REJECT, ClaimState.REJECTED),
        (Act.RETURN_GOODS, ClaimState.REFUNDED),
        (Act.RECLAIM, ClaimState.RECLAIMED),
    ],
)
async def test_a_claim_that_is_sent_back_or_ends_while_it_is_public_is_public_no_more(
    own: Database, act: Act, state: ClaimState
) -> None:
    async with a_paying_town(own) as town:
        stays, goes = await town.checked(), await town.checked()
        roster = await town.public()
        await town.place.done(goes, act)

        async with own.transaction() as conn:
            shown = await payouts.list_roster_lines(conn, roster_id=roster.id, bucket_count=BUCKETS)
            now_it_has = await payouts.get_roster(conn, roster_id=roster.id)
        assert [stays.claim.claim_id] == [line.reference for line in shown]
        assert (1, stays.claim.amount_fen) == (now_it_has.clear_count, now_it_has.clear_fen)
        final = await town.final(roster)
        assert [ClaimState.APPROVED, state] == await town.states([stays, goes])
        assert stays.claim.amount_fen == await town.in_source(final)
        await town.conserved([stays, goes])
        await town.verified()


async def test_a_claim_that_left_its_roster_stands_on_the_next_one_once_it_is_mended(own: Database) -> None:
    async with a_paying_town(own) as town:
        kept, _ = await town.checked(), await town.checked()
        first = await town.public()
        mended = await town.place.done(kept, Act.REJECT, Act.SUBMIT, Act.CHECK)
        second = await town.rostered()

        assert second is not None
        assert (1, mended.claim.amount_fen) == (second.line_count, second.amount_fen)
        assert second.id != first.id


async def test_an_objection_to_a_claim_that_left_its_roster_can_still_be_decided(own: Database) -> None:
    async with a_paying_town(own) as town:
        stays, goes = await town.checked(), await town.checked()
        roster = await town.public()
        objection = await town.objected(roster, goes, ground=Ground.OTHER)
        await town.place.done(goes, Act.REJECT)
        decided = await town.upheld(objection)
        await town.final(roster)

        assert Change.DONE is decided
        assert [ClaimState.APPROVED, ClaimState.REJECTED] == await town.states([stays, goes])
        await town.verified()


async def test_a_claim_that_was_mended_for_another_amount_is_not_paid_the_amount_of_before(own: Database) -> None:
    async with a_paying_town(own, bonuses="[{when: battery_checked, amount: 50, clause: notice}]") as town:
        kept, other = [await town.checked(battery_is_checked="yes") for _ in range(2)]
        roster = await town.rostered()
        assert roster is not None
        await town.place.done(kept, Act.REJECT, Act.SUBMIT)
        mended = await town.place.done(kept, Act.CHECK, facts=STATED[Act.CHECK] | {"battery_is_checked": "no"})
        assert kept.claim.amount_fen - 5_000 == mended.claim.amount_fen

        final = await town.final(await town.published(roster))
        again = await town.rostered()

        assert [ClaimState.CHECKED, ClaimState.APPROVED] == await town.states([kept, other])
        assert other.claim.amount_fen == final.clear_fen == await town.in_source(final)
        assert again is not None
        assert (1, mended.claim.amount_fen) == (again.line_count, again.amount_fen)
        await town.conserved([kept, other])


async def test_a_final_roster_that_is_withdrawn_gives_its_claims_their_money_back(own: Database) -> None:
    async with a_paying_town(own) as town:
        claims = [await town.checked() for _ in range(3)]
        final = await town.final(await town.public())
        async with own.transaction() as conn:
            await payouts.withdraw_roster(
                conn, roster_id=final.id, by=CLERK, now=town.place.now, ids=town.place.ids, bucket_count=BUCKETS
            )
        await town.relayed()
        assert [ClaimState.REJECTED] * 3 == await town.states(claims)
        assert 0 == await town.in_source(final)
        await town.conserved(claims)
        async with own.transaction() as conn:
            assert 0 == await ledger.open_balance(conn, buckets=range(BUCKETS), account=handing_of(final.id))
        await town.verified()


async def test_the_audit_names_a_roster_that_has_other_money_than_its_claims_handed_over(own: Database) -> None:
    async with a_paying_town(own) as town:
        await town.checked()
        final = await town.final(await town.public())
        async with own.transaction() as conn:
            await rostering.hand_over(
                conn,
                roster_id=final.id,
                fen=1,
                about=final.id,
                is_back=True,
                now=town.place.now,
                bucket_count=BUCKETS,
            )
            assert [final.id] == [roster_id for roster_id, _, _ in await rostering.list_unequal_rosters(conn)]
            await rostering.hand_over(
                conn,
                roster_id=final.id,
                fen=1,
                about=final.id,
                is_back=False,
                now=town.place.now,
                bucket_count=BUCKETS,
            )
            assert [] == await rostering.list_unequal_rosters(conn)


async def test_a_place_without_checked_claims_has_no_roster(own: Database) -> None:
    async with a_paying_town(own) as town:
        assert await town.rostered() is None
