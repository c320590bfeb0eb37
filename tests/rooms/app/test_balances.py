"""What was in the purse of a cancelled card reaches the bound bank account once, or is kept where it can be claimed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from simulator.bank import SimulatedBank
from simulator.trouble import Trouble
from tests.support.builders.cards import A_BANK_CARD, OPERATOR, TERMS, key_of
from tests.support.builders.codes import CodeWorld
from tests.support.builders.ledger import a_transfer, open_with
from tests.support.database import a_fresh_database, build_schema
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.access import service as access
from yikatong.app.audits.rooms import run_audit
from yikatong.app.caches import WorkerCaches
from yikatong.app.subscribers import Subscribers
from yikatong.cards import service as cards
from yikatong.cards.model import CancellationReason, Person, Registered
from yikatong.codes.service import RegionView
from yikatong.desk import service as desk
from yikatong.desk.model import CardEnded, Claimant, KeptPayout
from yikatong.kernel.ids import OperatorId, TransferId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, AccountName, TransferKind, bank_clearing, name_account
from yikatong.notices import service as notices
from yikatong.payouts import service as payouts
from yikatong.payouts.audit import audit
from yikatong.payouts.jobs import FIND_OUT_AFTER, BankCalls, end_balances
from yikatong.payouts.model import RequestState
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.outbox import Relay

pytestmark = pytest.mark.anyio

IN_THE_PURSE = 8_800


class Town:
    """A resident with a bound bank account of 1 000 fen and money in the purse, a bank, and everything that runs."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FixedClock(NOON)
        self.ids = SeededIds()
        self.bank = SimulatedBank(self.clock)
        self.calls = BankCalls(database=db, bank=self.bank, clock=self.clock)
        self.relay = Relay(
            db,
            clock=self.clock,
            subscribers=Subscribers(ids=self.ids, bucket_count=TERMS.bucket_count, caches=self._no_caches()).by_topic(),
        )

    resident: Registered
    person: Person
    token: str

    def _no_caches(self) -> WorkerCaches:
        """News of cards needs no names of places."""

        async def nothing(conn: Connection) -> RegionView:
            raise AssertionError

        return WorkerCaches(database=self.db, callers=access.CallerCache(), load_regions=nothing, clock=self.clock)

    async def settle_in(self) -> None:
        """The resident gets a card, an account and money."""
        async with self.db.transaction() as conn:
            world = CodeWorld(conn)
            self.resident = await world.a_card_holder()
            await world.a_filled_wallet(self.resident)
            person = await cards.view_person(conn, **key_of(self.resident), vault=world.vault)
            self.token = self.open_account(person, balance_fen=1_000)
            await cards.bind_bank(
                conn,
                **key_of(self.resident),
                bank_card_number=A_BANK_CARD,
                phone=person.phone,
                bank=self.bank,
                vault=world.vault,
                now=NOON,
                ids=self.ids,
            )
            await open_with(conn, self.purse, fen=IN_THE_PURSE, bucket=self.resident.bucket)
            self.person = person

    def open_account(self, person: Person, *, balance_fen: int, is_active: bool = True) -> str:
        """Open, or change, the resident's account at the bank; gives its token."""
        return self.bank.open_account(
            number=A_BANK_CARD,
            name=person.name,
            id_number=person.id_number,
            phone=person.phone,
            balance_fen=balance_fen,
            is_active=is_active,
        )

    @property
    def purse(self) -> AccountName:
        """The resident's purse."""
        return desk.purse_of(self.resident.resident_id)

    async def cancel(self, why: CancellationReason = CancellationReason.OTHER) -> CardEnded:
        """Cancel the card at a counter."""
        async with self.db.transaction() as conn:
            return await desk.cancel(
                conn, **key_of(self.resident), why=why, by=OPERATOR, now=self.clock.now(), ids=self.ids
            )

    async def run_everything(self) -> None:
        """One round of the jobs and of the relay."""
        await self.calls.send_credits()
        await self.calls.find_out_lost()
        await end_balances(self.db, bucket_count=TERMS.bucket_count, clock=self.clock, ids=self.ids)
        await self.relay.run_once()

    async def holds(self, kind: AccountKind) -> int:
        """What an account of the resident's holds."""
        return await self._open_balance(name_account(self.resident.resident_id, kind))

    async def bank_is_owed(self) -> int:
        """What we owe the bank, less what it owes us for paying the purse in."""
        return await self._open_balance(bank_clearing("102"))

    async def _open_balance(self, account: AccountName) -> int:
        async with self.db.transaction() as conn:
            return await ledger.open_balance(conn, buckets=[self.resident.bucket], account=account)

    async def told(self) -> list[str]:
        """The notices that the resident got, oldest first."""
        async with self.db.transaction() as conn:
            found = await notices.list_notices(conn, **key_of(self.resident), before=None, limit=10)
        return [notice.template.value for notice in reversed(found) if "balance_fen" in notice.params]

    async def differences(self) -> list[str]:
        """What the audit finds."""
        return [line for room in await run_audit(self.db) for line in room.differences]


@pytest.fixture
async def town(db: Database) -> AsyncIterator[Town]:
    """A town whose database is its own: the jobs here take up everything that waits for a bank."""
    with a_fresh_database(db.address.conninfo) as address:
        build_schema(address.conninfo)
        async with await Database.open(address) as database:
            town = Town(database)
            await town.settle_in()
            yield town
            assert [] == await town.differences()


async def test_the_balance_reaches_the_bound_account_once(town: Town) -> None:
    owed_before = await town.bank_is_owed()
    ended = await town.cancel()
    assert (IN_THE_PURSE, 1_000) == (ended.moved_fen, town.bank.balance_of(town.token))
    assert IN_THE_PURSE == await town.holds(AccountKind.PAYOUT_CLEARING)
    assert [] == await town.differences()
    for _ in range(3):
        await town.run_everything()

    assert 1_000 + IN_THE_PURSE == town.bank.balance_of(town.token)
    assert (0, 0) == (await town.holds(AccountKind.PAYOUT_CLEARING), await town.holds(AccountKind.ESCHEAT))
    assert IN_THE_PURSE == await town.bank_is_owed() - owed_before
    assert ["card_cancelled_with_balance", "balance_paid_out"] == await town.told()
    assert () == await town.calls.reconcile(bank_code="102", day=day_of(NOON))


@pytest.mark.parametrize("silence", [Trouble.LOST_BEFORE, Trouble.LOST_AFTER])
async def test_a_silent_bank_is_asked_again_until_it_answers_and_credits_once(town: Town, silence: Trouble) -> None:
    await town.cancel()
    town.bank.troubles.add(silence, times=1 if silence is Trouble.LOST_AFTER else 3)
    for _ in range(4):
        await town.run_everything()
        assert [] == await town.differences()
        town.clock.advance(FIND_OUT_AFTER + timedelta(seconds=1))

    assert 1_000 + IN_THE_PURSE == town.bank.balance_of(town.token)
    assert 0 == await town.holds(AccountKind.PAYOUT_CLEARING)
    assert ["card_cancelled_with_balance", "balance_paid_out"] == await town.told()


async def test_while_the_bank_is_silent_the_balance_stays_on_its_way(town: Town) -> None:
    await town.cancel()
    town.bank.troubles.add(Trouble.LOST_BEFORE, times=10)
    await town.run_everything()

    assert IN_THE_PURSE == await town.holds(AccountKind.PAYOUT_CLEARING)
    assert ["card_cancelled_with_balance"] == await town.told()


async def test_what_the_bank_does_not_take_is_kept_until_it_is_claimed(town: Town) -> None:
    town.open_account(town.person, balance_fen=1_000, is_active=False)
    owed_before = await town.bank_is_owed()
    await town.cancel()
    for _ in range(2):
        await town.run_everything()

    assert 1_000 == town.bank.balance_of(town.token)
    assert (0, IN_THE_PURSE) == (await town.holds(AccountKind.PAYOUT_CLEARING), await town.holds(AccountKind.ESCHEAT))
    assert owed_before == await town.bank_is_owed()
    assert ["card_cancelled_with_balance", "balance_kept"] == await town.told()


async def test_a_dead_holder_s_balance_is_kept_for_the_heir_and_no_bank_is_asked(town: Town) -> None:
    await town.cancel(CancellationReason.DEATH)
    await town.run_everything()

    assert 1_000 == town.bank.balance_of(town.token)
    assert IN_THE_PURSE == await town.holds(AccountKind.ESCHEAT)
    assert ["card_cancelled_with_balance"] == await town.told()


async def test_what_comes_back_to_the_purse_later_goes_the_same_way_by_itself(town: Town) -> None:
    await town.cancel()
    await town.run_everything()
    async with town.db.transaction() as conn:
        await open_with(conn, town.purse, fen=300, bucket=town.resident.bucket)
    again = [await town.cancel() for _ in range(2)]
    for _ in range(2):
        await town.run_everything()

    assert [(Change.ALREADY_SO, 300), (Change.ALREADY_SO, 0)] == [(it.change, it.moved_fen) for it in again]
    assert 1_000 + IN_THE_PURSE + 300 == town.bank.balance_of(town.token)


async def test_a_cancellation_that_is_rolled_back_asks_no_bank(town: Town) -> None:
    with pytest.raises(ZeroDivisionError):
        async with town.db.transaction() as conn:
            await desk.cancel(
                conn,
                **key_of(town.resident),
                why=CancellationReason.OTHER,
                by=OPERATOR,
                now=NOON,
                ids=town.ids,
            )
            raise ZeroDivisionError
    await town.run_everything()

    assert 1_000 == town.bank.balance_of(town.token)
    assert [] == await town.told()


async def test_one_transfer_is_brought_to_one_account_once_however_often_it_is_said(town: Town) -> None:
    transfer_id = TransferId(town.ids.new())
    clearing = name_account(town.resident.resident_id, AccountKind.PAYOUT_CLEARING)

    async def pay_out(conn: Connection, token: str) -> Change:
        return await payouts.pay_balance_out(
            conn,
            **key_of(town.resident),
            transfer_id=transfer_id,
            bank_code="102",
            bank_token=token,
            amount_fen=IN_THE_PURSE,
            now=NOON,
        )

    async with town.db.transaction() as conn:
        draft = a_transfer(town.purse, clearing, IN_THE_PURSE, kind=TransferKind.CLOSING, transfer_id=transfer_id)
        await ledger.post(conn, bucket=town.resident.bucket, writer=0, draft=draft, now=NOON)
        assert [Change.DONE, Change.ALREADY_SO] == [await pay_out(conn, town.token) for _ in range(2)]
        with pytest.raises(Refused, match="BANK_REQUEST_ID_IS_USED"):
            await pay_out(conn, "act_of_somebody_else")
    for _ in range(2):
        await town.run_everything()

    assert 1_000 + IN_THE_PURSE == town.bank.balance_of(town.token)


async def test_a_balance_ends_once_though_two_say_so(town: Town) -> None:
    await town.cancel()
    await town.calls.send_credits()
    async with town.db.transaction() as conn:
        (balance,) = await payouts.list_balances_under_way(conn, bucket=town.resident.bucket)
        request = await payouts.get_request(conn, request_id=balance.request_id)
        assert RequestState.DONE is request.state
        ends = [
            await payouts.end_balance(conn, balance=balance, is_paid=is_paid, now=NOON, ids=town.ids)
            for is_paid in (True, True, False)
        ]

    assert [Change.DONE, Change.ALREADY_SO, Change.ALREADY_SO] == ends
    assert 0 == await town.holds(AccountKind.ESCHEAT)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("UPDATE payouts.balance_payout SET amount_fen = 1", "1 fen are on their way to"),
        ("UPDATE payouts.balance_payout SET bank_code = '103'", "its request is another"),
        ("DELETE FROM payouts.bank_request", "has no request to a bank"),
        (
            "UPDATE payouts.balance_payout SET status = 'paid', ended_at = prepared_at",
            "is paid, its request is asked",
        ),
    ],
)
async def test_the_audit_names_a_balance_that_was_edited(town: Town, edit: str, said: str) -> None:
    await town.cancel()
    async with town.db.owner_transaction() as conn:
        await conn.execute(edit.encode())
        differences = await audit(conn)
        assert any(said in line for line in differences), differences
        await conn.execute(
            "UPDATE payouts.balance_payout SET status = 'prepared', ended_at = NULL, amount_fen = 8800,"
            " bank_code = '102'"
        )
        await conn.execute(
            "INSERT INTO payouts.bank_request SELECT request_id, 'credit', bank_code, 'act_1', amount_fen,"
            " '', '', 'asked', NULL, NULL, NULL, NULL, prepared_at, prepared_at"
            " FROM payouts.balance_payout ON CONFLICT DO NOTHING"
        )


async def claimed(town: Town, claimant: Claimant) -> KeptPayout:
    """Somebody claims at a counter."""
    async with town.db.transaction() as conn:
        return await desk.pay_kept_balance(
            conn,
            resident=await cards.get_resident(conn, **key_of(town.resident)),
            claimant=claimant,
            operator_id=OperatorId(town.ids.new()),
            now=town.clock.now(),
            ids=town.ids,
        )


async def test_what_the_bank_did_not_take_is_claimed_by_the_holder_once(town: Town) -> None:
    town.open_account(town.person, balance_fen=0, is_active=False)
    owed_before = await town.bank_is_owed()
    await town.cancel()
    with pytest.raises(Refused, match="NOTHING_IS_KEPT"):
        await claimed(town, Claimant.HOLDER)
    await town.run_everything()
    with pytest.raises(Refused, match="CLAIMANT_DOES_NOT_FIT"):
        await claimed(town, Claimant.HEIR)
    paid = await claimed(town, Claimant.HOLDER)
    with pytest.raises(Refused, match="NOTHING_IS_KEPT"):
        await claimed(town, Claimant.HOLDER)

    assert (IN_THE_PURSE, Claimant.HOLDER) == (paid.amount_fen, paid.claimant)
    assert (0, IN_THE_PURSE) == (await town.holds(AccountKind.ESCHEAT), await town.bank_is_owed() - owed_before)


async def test_a_dead_holder_s_balance_is_claimed_by_the_heir_alone(town: Town) -> None:
    await town.cancel(CancellationReason.DEATH)
    with pytest.raises(Refused, match="CLAIMANT_DOES_NOT_FIT"):
        await claimed(town, Claimant.HOLDER)

    assert IN_THE_PURSE == (await claimed(town, Claimant.HEIR)).amount_fen
    assert 0 == await town.holds(AccountKind.ESCHEAT)


async def test_two_claims_at_once_hand_it_out_once(town: Town) -> None:
    await town.cancel(CancellationReason.DEATH)
    ends = await asyncio.gather(*(claimed(town, Claimant.HEIR) for _ in range(2)), return_exceptions=True)

    assert [KeptPayout, Refused] == sorted((type(end) for end in ends), key=lambda kind: kind.__name__)
    assert 0 == await town.holds(AccountKind.ESCHEAT)


async def test_the_audit_names_a_claim_that_the_ledger_does_not_have(town: Town) -> None:
    await town.cancel(CancellationReason.DEATH)
    paid = await claimed(town, Claimant.HEIR)
    async with town.db.owner_transaction() as conn:
        await conn.execute("UPDATE desk.kept_payout SET amount_fen = 1")
    (named,) = await town.differences()
    async with town.db.owner_transaction() as conn:
        await conn.execute("UPDATE desk.kept_payout SET amount_fen = %s", [paid.amount_fen])

    assert "moved -1 fen" in named
    assert f"moved -{IN_THE_PURSE}" in named
