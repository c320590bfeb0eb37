"""People who are paid benefits, budgets that pay them, and banks that live by files, for tests."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from simulator.bank_files import FileBank
from tests.support.builders.cards import GROWN_UP, OPERATOR, VAULT, an_id_number
from tests.support.world import NOON, FixedClock, SeededIds, a_region_code
from yikatong.app.outside.bank_folder import FolderBankFiles
from yikatong.cards import bulk, bulk_enrolment
from yikatong.cards import service as cards
from yikatong.cards.bulk import Newcomer
from yikatong.cards.bulk_enrolment import Binding, Enrolling
from yikatong.cards.model import CancellationReason, NewPerson, Person, Terms
from yikatong.cards.rules.persons import read_person
from yikatong.kernel.ids import ResidentId, TransferId, bucket_of
from yikatong.kernel.instants import day_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, AccountName, Leg, TransferDraft, TransferKind, name_account
from yikatong.payouts import service
from yikatong.payouts.jobs import BankFileExchange, FileTerms
from yikatong.payouts.messages.return_file import BYTES_MAX
from yikatong.payouts.model import (
    Batch,
    BatchLine,
    FileFormat,
    NewRoster,
    OncePer,
    Roster,
    RosterEntry,
    RosterState,
)
from yikatong.payouts.outside import BankFiles
from yikatong.payouts.rules.batches import clearing_of
from yikatong.plumbing.database import Connection, Database
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

BUCKET_COUNT = 4
TERMS = Terms(bucket_count=BUCKET_COUNT, synthetic_allowed=True)
CLERK, REVIEWER, FINANCE = (UUID(int=0x0189_0000_0000_7000_8000_0000_0000_0000 + n) for n in (1, 2, 3))
A_DEVICE_KEY = trust.new_signing_key(Algorithm.ES256).public_key
BUDGET_FEN = 10_000_000


class BenefitWorld:
    """A region with people who have cards and accounts, a budget, and a clock; methods are steps of a payout."""

    def __init__(self, db: Database, *, now: datetime = NOON) -> None:
        self.db = db
        self.region = a_region_code()
        self.clock = FixedClock(now)
        self.ids = SeededIds(clock=self.clock)
        self.budget: AccountName = name_account(self.ids.new(), AccountKind.BUDGET, "benefits")
        self.people: list[ResidentId] = []

    @property
    def now(self) -> datetime:
        """The instant at which this world stands."""
        return self.clock.now()

    async def populated(self, count: int, *, banks: Sequence[str] = ("102",)) -> list[ResidentId]:
        """Register people with cards and bound accounts, whose banks take turns."""
        newcomers = [Newcomer(ResidentId(self.ids.new()), self.region, self._person(number)) for number in range(count)]
        start = len(self.people)
        async with self.db.transaction() as conn:
            await bulk.register_newcomers(conn, newcomers, region=self.region, terms=TERMS, vault=VAULT, now=self.now)
            await bulk_enrolment.enrol_many(
                conn,
                [Enrolling(one.id, f"P{start + place:08d}", A_DEVICE_KEY) for place, one in enumerate(newcomers)],
                region=self.region,
                bank_code="102",
                password_hash="x",
                by=OPERATOR,
                bucket_count=BUCKET_COUNT,
                now=self.now,
                ids=self.ids,
            )
            bindings = [
                Binding(one.id, banks[place % len(banks)], handle_of(one.id), f"{place % 10_000:04d}")
                for place, one in enumerate(newcomers)
            ]
            await bulk_enrolment.bind_many(conn, bindings, bucket_count=BUCKET_COUNT, now=self.now, ids=self.ids)
        self.people += [one.id for one in newcomers]
        return [one.id for one in newcomers]

    def _person(self, number: int) -> Person:
        form = NewPerson(
            name=name_of(number), id_number=an_id_number(GROWN_UP), phone="13800000000", address="亭亭社区一栋"
        )
        return read_person(form, on=day_of(self.now), synthetic_allowed=True)

    async def funded(self, fen: int = BUDGET_FEN) -> AccountName:
        """Put money into the budget."""
        funding = name_account(self.budget.owner_id, AccountKind.FUNDING, "treasury")
        draft = TransferDraft(
            TransferId(self.ids.new()),
            TransferKind.GRANT,
            self.ids.new(),
            (Leg(funding, -fen), Leg(self.budget, fen)),
        )
        bucket = bucket_of(self.budget.owner_id, BUCKET_COUNT)
        async with self.db.transaction() as conn:
            await ledger.open_account(conn, bucket=bucket, account=self.budget, now=self.now)
            await ledger.post(conn, bucket=bucket, writer=1, draft=draft, now=self.now)
        return self.budget

    def a_new_roster(self, *, period: str = "2026-11", once_per: OncePer = OncePer.PERSON) -> NewRoster:
        """What a roster of this world is for."""
        return NewRoster(
            region=self.region,
            division=self.region,
            scheme="elderly-allowance",
            period=period,
            title="高龄津贴2026年11月",
            budget=self.budget,
            once_per=once_per,
        )

    async def opened(
        self,
        conn: Connection,
        amounts: Sequence[tuple[ResidentId, int]],
        *,
        new: NewRoster | None = None,
    ) -> Roster:
        """Open a roster with people and amounts."""
        roster = await service.open_roster(conn, new=new or self.a_new_roster(), by=CLERK, now=self.now, ids=self.ids)
        entries = [
            RosterEntry(resident_id=resident_id, reference=self.ids.new(), amount_fen=fen)
            for resident_id, fen in amounts
        ]
        await service.add_lines(
            conn, roster_id=roster.id, entries=entries, by=CLERK, bucket_count=BUCKET_COUNT, vault=VAULT
        )
        return await service.get_roster(conn, roster_id=roster.id)

    async def final(self, conn: Connection, roster: Roster) -> Roster:
        """Check a roster, publish it, wait for the term, and make it final."""
        if roster.state is RosterState.OPEN:
            await service.examine_roster(conn, roster_id=roster.id, by=CLERK, now=self.now, bucket_count=BUCKET_COUNT)
        public = await service.publish_roster(conn, roster_id=roster.id, by=REVIEWER, now=self.now, ids=self.ids)
        assert public.public_until is not None
        later = self.now + timedelta(days=(public.public_until - day_of(self.now)).days)
        return await service.finalise_roster(
            conn, roster_id=roster.id, by=REVIEWER, now=later, ids=self.ids, bucket_count=BUCKET_COUNT
        )

    async def issued(self, amounts: Sequence[tuple[ResidentId, int]], *, period: str = "2026-11") -> Batch:
        """A new batch for people and amounts."""
        async with self.db.transaction() as conn:
            roster = await self.opened(conn, amounts, new=self.a_new_roster(period=period))
            await self.final(conn, roster)
            return await service.issue_batch(
                conn, roster_id=roster.id, by=FINANCE, now=self.now, ids=self.ids, bucket_count=BUCKET_COUNT
            )

    async def applied(self, batch: Batch, *, pay_on: date | None = None) -> Batch:
        """A batch whose money is set aside."""
        async with self.db.transaction() as conn:
            await service.apply_for_payment(
                conn,
                batch_id=batch.id,
                pay_on=pay_on or day_of(self.now),
                by=FINANCE,
                now=self.now,
                ids=self.ids,
                bucket_count=BUCKET_COUNT,
            )
            return await service.get_batch(conn, batch_id=batch.id)

    async def batch(self, batch_id: UUID) -> Batch:
        """A batch as it stands."""
        async with self.db.transaction() as conn:
            return await service.get_batch(conn, batch_id=batch_id)

    async def lines(self, batch: Batch) -> list[BatchLine]:
        """The lines of a batch as they stand."""
        async with self.db.transaction() as conn:
            return await service.list_batch_lines(conn, batch_id=batch.id, limit=10_000, bucket_count=BUCKET_COUNT)

    async def in_budget(self) -> int:
        """What the budget holds."""
        async with self.db.transaction() as conn:
            balance = await ledger.get_balance(
                conn, bucket=bucket_of(self.budget.owner_id, BUCKET_COUNT), account=self.budget, now=self.now
            )
        return balance.posted_fen

    async def on_its_way(self, batch: Batch) -> int:
        """What is set aside for a batch."""
        async with self.db.transaction() as conn:
            return await ledger.open_balance(conn, buckets=range(BUCKET_COUNT), account=clearing_of(batch.id))

    async def died(self, resident_id: ResidentId) -> None:
        """Record somebody's death, which ends the card."""
        async with self.db.transaction() as conn:
            await cards.cancel_card(
                conn,
                bucket=bucket_of(resident_id, BUCKET_COUNT),
                resident_id=resident_id,
                why=CancellationReason.DEATH,
                by=OPERATOR,
                now=self.now,
                ids=self.ids,
            )

    def exchange(
        self,
        root: Path,
        *,
        plain: Sequence[str] = (),
        lines_in_part: int = 3,
        return_bytes_max: int = BYTES_MAX,
        files: BankFiles | None = None,
    ) -> BankFileExchange:
        """What brings files to and from a folder of banks."""
        return BankFileExchange(
            database=self.db,
            files=files or FolderBankFiles(root),
            vault=VAULT,
            clock=self.clock,
            ids=self.ids,
            bucket_count=BUCKET_COUNT,
            terms=FileTerms(
                formats=dict.fromkeys(plain, FileFormat.CSV),
                lines_in_part=lines_in_part,
                return_bytes_max=return_bytes_max,
            ),
        )

    def bank(self, root: Path, bank_code: str = "102") -> FileBank:
        """A bank that lives by the files of a folder."""
        for each in ("to-bank", "from-bank"):
            (root / bank_code / each).mkdir(parents=True, exist_ok=True)
        return FileBank(root / bank_code, clock=self.clock)


@contextmanager
def a_folder() -> Iterator[Path]:
    """A folder of bank files that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ykt-bank-files-") as folder:
        yield Path(folder)


def handle_of(resident_id: UUID) -> str:
    """The bank's handle of somebody's account."""
    return f"act_{resident_id.hex[-24:]}"


def name_of(number: int) -> str:
    """A name by its place."""
    return ("王小明", "李芳", "张伟", "欧阳春", "赵敏", "阿依古丽·买买提")[number % 6]
