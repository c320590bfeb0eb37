"""A place whose claims are paid later, by payouts: its residents and offices, and a bank that lives by files."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from simulator.bank_files import FileBank
from tests.support.builders.benefits import CLERK, FINANCE, REVIEWER, a_folder, handle_of
from tests.support.builders.chain import BUCKETS, STATED, Place
from tests.support.builders.programmes import PAID_LATER
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
from yikatong.kernel.outcomes import Change
from yikatong.ledger import service as ledger
from yikatong.payouts import service as payouts
from yikatong.payouts.audit import audit as audit_payouts
from yikatong.payouts.jobs import BankFileExchange
from yikatong.payouts.model import Batch, Ground, Objection, Roster
from yikatong.places.model import NATIONAL
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.outbox import Relay
from yikatong.trade_in import service
from yikatong.trade_in.audit import audit as audit_trade_in
from yikatong.trade_in.model import Act, ClaimState, KeptClaim, Qualified
from yikatong.trade_in.service.rostering import source_of

BANK = "102"
BUDGET_FEN = 10_000_000
TERMS = PAID_LATER | {"per_person": "{count: 1, per: scheme, clause: notice}"}


@asynccontextmanager
async def a_database_of_its_own(db: Database) -> AsyncIterator[Database]:
    """A database beside another, whose relay hears of no other test's payments."""
    with a_fresh_database(db.address.conninfo) as address:
        build_schema(address.conninfo)
        async with await Database.open(address) as database:
            yield database


@asynccontextmanager
async def a_paying_town(own: Database, **terms: str) -> AsyncIterator["PayingTown"]:
    """A fresh place with money in its budget."""
    with a_folder() as root:
        town = PayingTown(own, root, **terms)
        await town.place.funded(BUDGET_FEN)
        yield town


class PayingTown:
    """A place with residents who trade bikes in, its offices, and a bank that lives by files."""

    def __init__(self, db: Database, root: Path, **terms: str) -> None:
        self.db = db
        self.place = Place(db, terms=TERMS | terms)
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

    async def acts_of(self, kept: KeptClaim) -> list[str]:
        """What was done about a claim, in order."""
        async with self.db.transaction() as conn:
            deeds = await service.list_deeds(conn, claim_id=kept.claim.claim_id, bucket_count=BUCKETS)
        return [deed.act for deed in deeds]

    async def line_of(self, roster: Roster, kept: KeptClaim) -> int:
        """The line of a claim on a roster."""
        async with self.db.transaction() as conn:
            lines = await payouts.list_roster_lines(conn, roster_id=roster.id, limit=1_000, bucket_count=BUCKETS)
        return next(line.line for line in lines if line.reference == kept.claim.claim_id)

    async def objected(self, roster: Roster, kept: KeptClaim, *, ground: Ground = Ground.NOT_ENTITLED) -> Objection:
        """Somebody objects to a claim in its publicity."""
        line = await self.line_of(roster, kept)
        async with self.db.transaction() as conn:
            return await payouts.object_to_line(
                conn,
                roster_id=roster.id,
                line=line,
                ground=ground,
                by=CLERK,
                now=self.place.now,
                ids=self.place.ids,
                bucket_count=BUCKETS,
            )

    async def upheld(self, objection: Objection) -> Change:
        """Whoever objected is right."""
        async with self.db.transaction() as conn:
            return await payouts.decide_objection(
                conn,
                roster_id=objection.roster_id,
                objection_id=objection.id,
                is_upheld=True,
                by=REVIEWER,
                now=self.place.now,
                ids=self.place.ids,
                bucket_count=BUCKETS,
            )
