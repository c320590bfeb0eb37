"""Claims that are paid later go through payouts: public with their roster, approved with it, paid as the bank says."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from simulator.bank_files import FileBank
from tests.support.builders.benefits import CLERK, FINANCE, REVIEWER, a_folder, handle_of
from tests.support.builders.chain import BUCKETS, STATED, Place
from tests.support.database import a_fresh_database, build_schema
from tests.support.world import FixedClock
from yikatong.access import service as access
from yikatong.app.caches import WorkerCaches
from yikatong.app.outside.bank_folder import FolderBankFiles
from yikatong.app.subscribers import Subscribers
from yikatong.cards import bulk_enrolment
from yikatong.cards.bulk_enrolment import Binding
from yikatong.codes.service import RegionView
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.payouts import service as payouts
from yikatong.payouts.audit import audit as audit_payouts
from yikatong.payouts.jobs import BankFileExchange
from yikatong.payouts.model import Batch, Ground, Roster
from yikatong.places.model import NATIONAL
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.outbox import Event, Relay
from yikatong.trade_in import service
from yikatong.trade_in.audit import audit as audit_trade_in
from yikatong.trade_in.model import Act, Acted, ClaimState, KeptClaim, Qualified
from yikatong.trade_in.service import rostering
from yikatong.trade_in.service.rostering import handing_of, source_of

pytestmark = pytest.mark.anyio

BANK = "102"
LATER = {
    "mode": "{kind: claim_later, paid_by: treasury, clause: notice}",
    "per_person": "{count: 1, per: scheme, clause: notice}",
}


@pytest.fixture(scope="module")
async def own(db: Database) -> AsyncIterator[Database]:
    """A database of this module alone: its relay hears of no other test's payments."""
    with a_fresh_database(db.address.conninfo) as address:
        build_schema(address.conninfo)
        async with await Database.open(address) as database:
            yield database


class Town:
    """A place with residents who trade bikes in, its offices, and a bank that lives by files."""

    def __init__(self, db: Database, root: Path, **terms: str) -> None:
        self.db = db
        self.place = Place(db, terms=LATER | terms)
        self.clock = FixedClock(self.place.now)
        self.region = self.place.world.region
        for each in ("to-bank", "from-bank"):
            (root / BANK / each).mkdir(parents=True, exist_ok=True)
        self.bank = FileBank(root / BANK, clock=self.clock)
        self.exchange = BankFileExchange(
            database=db,
            files=FolderBankFiles(root),
            vault=self.place.vault,
            clock=self.clock,
            ids=self.place.ids,
            bucket_count=BUCKETS,
        )

    def passed(self, term: timedelta) -> None:
        """Let time pass."""
        self.clock.advance(term)
        self.place.now = self.clock.now()

    async def checked(self, *, is_bound: bool = True, **seen: str) -> KeptClaim:
        """A claim of a new card holder that commerce has checked."""
        async with self.db.transaction() as conn:
            self.place.world.conn = conn
            resident = await self.place.world.a_card_holder()
            if is_bound:
                bindings = [Binding(resident.resident_id, BANK, handle_of(resident.resident_id), "0000")]
                await bulk_enrolment.bind_many(
                    conn, bindings, bucket_count=BUCKETS, now=self.place.now, ids=self.place.ids
                )
        end = await self.place.admit(self.place.an_application(resident))
        assert isinstance(end, Qualified), end
        kept = await self.place.done(end.kept, Act.RECEIVE_OLD, Act.SELL, Act.SUBMIT)
        return await self.place.done(kept, Act.CHECK, facts=STATED[Act.CHECK] | seen)

    async def rostered(self) -> Roster | None:
        """The roster of the claims that wait."""
        async with self.db.transaction() as conn:
            return await service.roster_claims(
                conn,
                place=self.place.code,
                region=self.region,
                division=self.region,
                title="电动自行车以旧换新补贴",
                by=CLERK,
                chain=self.place.chain,
                now=self.place.now,
                ids=self.place.ids,
            )

    async def public(self) -> Roster:
        """The roster of the claims that wait, checked and public."""
        roster = await self.rostered()
        assert roster is not None
        return await self.published(roster)

    async def published(self, roster: Roster) -> Roster:
        """A roster, checked and public."""
        async with self.db.transaction() as conn:
            await payouts.examine_roster(conn, roster_id=roster.id, by=CLERK, now=self.place.now, bucket_count=BUCKETS)
            public = await payouts.publish_roster(
                conn, roster_id=roster.id, by=REVIEWER, now=self.place.now, ids=self.place.ids
            )
        await self.relayed()
        return public

    async def final(self, roster: Roster) -> Roster:
        """A public roster whose term is over, made final."""
        assert roster.public_until is not None
        self.passed(roster.public_until - day_of(self.place.now))
        async with self.db.transaction() as conn:
            final = await payouts.finalise_roster(
                conn,
                roster_id=roster.id,
                by=REVIEWER,
                now=self.place.now,
                ids=self.place.ids,
                bucket_count=BUCKETS,
            )
        await self.relayed()
        return final

    async def issued(self, roster: Roster) -> Batch:
        """The batch of a final roster."""
        async with self.db.transaction() as conn:
            return await payouts.issue_batch(
                conn,
                roster_id=roster.id,
                by=FINANCE,
                now=self.place.now,
                ids=self.place.ids,
                bucket_count=BUCKETS,
            )

    async def applied(self, batch: Batch) -> None:
        """Set a batch's money aside."""
        async with self.db.transaction() as conn:
            await payouts.apply_for_payment(
                conn,
                batch_id=batch.id,
                pay_on=day_of(self.place.now),
                by=FINANCE,
                now=self.place.now,
                ids=self.place.ids,
                bucket_count=BUCKETS,
            )

    async def answered(self, batch: Batch) -> None:
        """Send a batch, let the bank answer, and let claims follow."""
        await self.applied(batch)
        assert await self.exchange.send_batch(batch.id)
        self.bank.take_in()
        self.bank.answer()
        await self.exchange.fetch_returns()
        await self.relayed()

    def relay(self) -> Relay:
        """What hands events on."""

        async def no_regions(conn: Connection) -> RegionView:
            raise AssertionError

        caches = WorkerCaches(database=self.db, callers=access.CallerCache(), load_regions=no_regions, clock=self.clock)
        subscribers = Subscribers(
            ids=self.place.ids,
            bucket_count=BUCKETS,
            caches=caches,
            chain=self.place.chain,
            vault=self.place.vault,
        )
        return Relay(self.db, clock=self.clock, subscribers=subscribers.by_topic())

    async def relayed(self) -> None:
        """Hand everything on."""
        while await self.relay().run_once():
            pass

    async def states(self, claims: Sequence[KeptClaim]) -> list[ClaimState]:
        """How claims stand."""
        return [(await self.place.claim(kept.claim.claim_id)).claim.state for kept in claims]

    async def in_source(self, roster: Roster) -> int:
        """What a roster's budget holds."""
        async with self.db.transaction() as conn:
            balance = await ledger.get_balance(
                conn, bucket=bucket_of(roster.id, BUCKETS), account=source_of(roster.id), now=self.place.now
            )
        return balance.posted_fen

    async def verified(self) -> None:
        """Nothing is between two buckets, every claim's account holds what its row says, no audit finds anything."""
        async with self.db.transaction() as conn:
            assert [] == await audit_payouts(conn)
            assert [] == await audit_trade_in(conn)
            at_odds = await service.list_payments_at_odds(
                conn, place=NATIONAL, until=self.place.now + timedelta(days=400), bucket_count=BUCKETS, limit=100
            )
            assert ([], None) == at_odds

    async def conserved(self, claims: Sequence[KeptClaim]) -> None:
        """Each claim's account holds what its row says."""
        for kept in claims:
            after = await self.place.claim(kept.claim.claim_id)
            assert after.account_fen == await self.place.account_fen(after)


async def test_claims_are_public_with_their_roster_approved_with_it_and_paid_as_the_bank_says(own: Database) -> None:
    with a_folder() as root:
        town = Town(own, root)
        await town.place.funded(10_000_000)
        claims = [await town.checked() for _ in range(4)]
        closed, late, disputed = claims[1:]
        roster = await town.public()
        assert [ClaimState.PUBLISHED] * 4 == await town.states(claims)
        assert {roster.public_until} == {
            (await town.place.claim(kept.claim.claim_id)).claim.public_until for kept in claims
        }
        assert await town.rostered() is None

        await object_to(town, roster, disputed)
        assert ClaimState.REJECTED is (await town.place.claim(disputed.claim.claim_id)).claim.state
        final = await town.final(roster)
        approved = claims[:3]
        assert [ClaimState.APPROVED] * 3 == await town.states(approved)
        amounts = [kept.claim.amount_fen for kept in approved]
        assert sum(amounts) == await town.in_source(final) == final.clear_fen
        await town.conserved(claims)

        batch = await town.issued(final)
        town.bank.refusals = {handle_of(closed.claim.resident_id): "AC04"}
        await town.answered(batch)
        assert [ClaimState.PAID, ClaimState.APPROVED, ClaimState.PAID] == await town.states(approved)
        assert amounts[1] == await town.in_source(final)
        town.passed(timedelta(days=2))
        town.bank.give_back([handle_of(late.claim.resident_id)], reason="AC06")
        await town.exchange.fetch_returns()
        # The bank was heard, the claims have not heard of it yet: no audit finds anything in between.
        await town.verified()
        await town.relayed()
        assert [ClaimState.PAID, ClaimState.APPROVED, ClaimState.APPROVED] == await town.states(approved)
        assert amounts[1] + amounts[2] == await town.in_source(final)
        await town.conserved(claims)

        town.bank.refusals = {}
        async with own.transaction() as conn:
            correction = await payouts.correct_batch(
                conn,
                batch_id=batch.id,
                amounts={},
                by=FINANCE,
                now=town.place.now,
                ids=town.place.ids,
                bucket_count=BUCKETS,
            )
        await town.answered(correction)
        assert [ClaimState.PAID] * 3 == await town.states(approved)
        assert 0 == await town.in_source(final)
        await town.conserved(claims)
        await town.verified()
        deeds = [await acts_of(town, kept) for kept in approved]
        assert ["publish", "approve", "pay"] == deeds[0][-3:] == deeds[1][-3:]
        assert ["approve", "pay", "bank_returns", "pay"] == deeds[2][-4:]


async def acts_of(town: Town, kept: KeptClaim) -> list[str]:
    async with town.db.transaction() as conn:
        deeds = await service.list_deeds(conn, claim_id=kept.claim.claim_id, bucket_count=BUCKETS)
    return [deed.act for deed in deeds]


async def line_of(town: Town, roster: Roster, kept: KeptClaim) -> int:
    async with town.db.transaction() as conn:
        lines = await payouts.list_roster_lines(conn, roster_id=roster.id, limit=1_000, bucket_count=BUCKETS)
    return next(line.line for line in lines if line.reference == kept.claim.claim_id)


async def object_to(town: Town, roster: Roster, kept: KeptClaim) -> None:
    """Somebody objects to a claim in its publicity, and is right."""
    line = await line_of(town, roster, kept)
    async with town.db.transaction() as conn:
        objection = await payouts.object_to_line(
            conn,
            roster_id=roster.id,
            line=line,
            ground=Ground.NOT_ENTITLED,
            by=CLERK,
            now=town.place.now,
            ids=town.place.ids,
            bucket_count=BUCKETS,
        )
        await payouts.decide_objection(
            conn,
            roster_id=roster.id,
            objection_id=objection.id,
            is_upheld=True,
            by=REVIEWER,
            now=town.place.now,
            ids=town.place.ids,
            bucket_count=BUCKETS,
        )
    await town.relayed()


async def test_who_cannot_be_paid_yet_leaves_the_roster_and_may_stand_on_another(own: Database) -> None:
    with a_folder() as root:
        town = Town(own, root)
        await town.place.funded(10_000_000)
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
    with a_folder() as root:
        town = Town(own, root)
        await town.place.funded(10_000_000)
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
    with a_folder() as root:
        town = Town(own, root)
        await town.place.funded(10_000_000)
        kept, _ = await town.checked(), await town.checked()
        first = await town.public()
        mended = await town.place.done(kept, Act.REJECT, Act.SUBMIT, Act.CHECK)
        second = await town.rostered()

        assert second is not None
        assert (1, mended.claim.amount_fen) == (second.line_count, second.amount_fen)
        assert second.id != first.id


async def test_an_objection_to_a_claim_that_left_its_roster_can_still_be_decided(own: Database) -> None:
    with a_folder() as root:
        town = Town(own, root)
        await town.place.funded(10_000_000)
        stays, goes = await town.checked(), await town.checked()
        roster = await town.public()
        line = await line_of(town, roster, goes)
        async with own.transaction() as conn:
            objection = await payouts.object_to_line(
                conn, roster_id=roster.id, line=line, ground=Ground.OTHER, by=CLERK, now=town.place.now,
                ids=town.place.ids, bucket_count=BUCKETS,
            )  # fmt: skip
        await town.place.done(goes, Act.REJECT)
        async with own.transaction() as conn:
            decided = await payouts.decide_objection(
                conn, roster_id=roster.id, objection_id=objection.id, is_upheld=True, by=REVIEWER,
                now=town.place.now, ids=town.place.ids, bucket_count=BUCKETS,
            )  # fmt: skip
        await town.final(roster)

        assert Change.DONE is decided
        assert [ClaimState.APPROVED, ClaimState.REJECTED] == await town.states([stays, goes])
        await town.verified()


async def test_a_stopped_claim_has_its_money_back_and_is_never_paid_by_payouts(own: Database) -> None:
    with a_folder() as root:
        town = Town(own, root)
        await town.place.funded(10_000_000)
        claims = [await town.checked() for _ in range(2)]
        final = await town.final(await town.public())
        batch = await town.issued(final)
        await town.applied(batch)
        order = town.place.an_order(claims[0], Act.STOP)
        for expected in (Change.DONE, Change.ALREADY_SO):
            async with own.transaction() as conn:
                stopped = await service.stop_payment(
                    conn, order=order, chain=town.place.chain, vault=town.place.vault, now=town.place.now,
                    ids=town.place.ids,
                )  # fmt: skip
            assert isinstance(stopped, Acted)
            assert expected is stopped.change
        assert [ClaimState.REJECTED, ClaimState.APPROVED] == await town.states(claims)
        await town.conserved(claims)
        assert await town.exchange.send_batch(batch.id)
        town.bank.take_in()
        assert [handle_of(claims[1].claim.resident_id)] == [one.handle for one in town.bank.payments.values()]
        town.bank.answer()
        await town.exchange.fetch_returns()
        await town.relayed()
        assert [ClaimState.REJECTED, ClaimState.PAID] == await town.states(claims)
        with pytest.raises(Refused, match="NO_LINE_CAN_BE_CORRECTED"):
            async with own.transaction() as conn:
                await payouts.correct_batch(
                    conn, batch_id=batch.id, amounts={}, by=FINANCE, now=town.place.now, ids=town.place.ids,
                    bucket_count=BUCKETS,
                )  # fmt: skip
        with pytest.raises(Refused, match="PAYOUT_LINE_HAS_ENDED"):
            async with own.transaction() as conn:
                await service.stop_payment(
                    conn, order=town.place.an_order(claims[1], Act.STOP), chain=town.place.chain,
                    vault=town.place.vault, now=town.place.now, ids=town.place.ids,
                )  # fmt: skip
        assert 0 == await town.in_source(final)
        await town.verified()


async def test_a_final_roster_that_is_withdrawn_gives_its_claims_their_money_back(own: Database) -> None:
    with a_folder() as root:
        town = Town(own, root)
        await town.place.funded(10_000_000)
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


async def test_news_that_are_cut_short_are_heard_again_and_move_a_claim_once(own: Database) -> None:
    with a_folder() as root:
        town = Town(own, root)
        await town.place.funded(10_000_000)
        claims = [await town.checked() for _ in range(2)]
        batch = await town.issued(await town.final(await town.public()))
        await town.applied(batch)
        assert await town.exchange.send_batch(batch.id)
        town.bank.take_in()
        town.bank.answer()
        await town.exchange.fetch_returns()

        deaths = iter(range(1, 100))

        def dying(hear: object) -> object:
            async def hear_and_die(conn: Connection, events: Sequence[Event]) -> None:
                await hear(conn, events)  # type: ignore[operator]  # a subscriber
                if next(deaths) <= 4:
                    raise RuntimeError("power")

            return hear_and_die

        relay = town.relay()
        subscribers = {topic: tuple(dying(hear) for hear in heard) for topic, heard in relay._subscribers.items()}
        broken = Relay(own, clock=town.clock, subscribers=subscribers)  # type: ignore[arg-type]  # wrapped ones
        for _ in range(8):
            await broken.run_once()
            town.passed(timedelta(hours=1))
        await town.relayed()
        assert [ClaimState.PAID] * 2 == await town.states(claims)
        assert [1, 1] == [(await acts_of(town, kept)).count("pay") for kept in claims]
        await town.conserved(claims)
        await town.verified()


async def test_the_audit_names_a_roster_that_has_other_money_than_its_claims_handed_over(own: Database) -> None:
    with a_folder() as root:
        town = Town(own, root)
        await town.place.funded(10_000_000)
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
    with a_folder() as root:
        town = Town(own, root)
        assert await town.rostered() is None


async def test_a_claim_that_was_mended_for_another_amount_is_not_paid_the_amount_of_before(own: Database) -> None:
    with a_folder() as root:
        town = Town(own, root, bonuses="[{when: battery_checked, amount: 50, clause: notice}]")
        await town.place.funded(10_000_000)
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
