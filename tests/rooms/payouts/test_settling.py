"""Providers' days on the database: stated once, settled once, netted below zero, and recomputed by the audit."""

from datetime import date, timedelta

import pytest
from psycopg import errors

from simulator.bank import SimulatedBank
from simulator.trouble import Trouble
from tests.support.builders.ledger import a_transfer
from tests.support.builders.payouts import (
    BUCKETS,
    a_past_day,
    a_provider_id,
    a_registered_provider,
    morning_after,
    noon_of,
    sell,
)
from tests.support.world import FixedClock
from yikatong.kernel.ids import ProviderId, show_id
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import (
    AccountKind,
    AccountName,
    TransferKind,
    bank_clearing,
    name_budget,
    name_of_budget,
)
from yikatong.payouts import service
from yikatong.payouts.audit import audit
from yikatong.payouts.jobs import BankCalls, SettlingTerms, pay_settlement, settle_day
from yikatong.payouts.model import Settlement, SettlementStatus
from yikatong.payouts.service import debt_of, payout_clearing_of, receivable_of
from yikatong.plumbing.database import Connection, Database

pytestmark = pytest.mark.anyio

TERM_DAYS = 3
TERMS = SettlingTerms(debt_term_days=TERM_DAYS)


async def balance(conn: Connection, account: AccountName) -> int:
    return await ledger.open_balance(conn, buckets=(0, *BUCKETS), account=account)


async def settle(conn: Connection, provider: ProviderId, day: date) -> Settlement | None:
    now = morning_after(day)
    await service.make_statements(conn, day=day, now=now)
    return await service.settle_provider(conn, provider_id=provider, day=day, term_days=TERM_DAYS, now=now)


async def test_a_day_is_stated_and_settled_once_over_all_buckets(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    async with db.transaction() as conn:
        await sell(conn, provider, day, [300, 200], refunds=[50], bucket=BUCKETS[0])
        await sell(conn, provider, day, [70], bucket=BUCKETS[1])
        settlements = [await settle(conn, provider, day) for _ in range(2)]
        statement, final = await service.get_statement(conn, provider_id=provider, day=day, now=morning_after(day))
        assert (3, 570, 1, 50, 520, True) == (
            statement.sales_count,
            statement.sales_fen,
            statement.refunds_count,
            statement.refunds_fen,
            statement.closing_fen,
            final,
        )
        assert [520, 520] == [settlement.amount_fen for settlement in settlements if settlement is not None]
        assert (0, 520) == (
            await balance(conn, receivable_of(provider)),
            await balance(conn, payout_clearing_of(provider)),
        )


async def test_a_statement_is_a_draft_until_its_day_is_made(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    async with db.transaction() as conn:
        await sell(conn, provider, day, [300])
        statement, final = await service.get_statement(conn, provider_id=provider, day=day, now=noon_of(day))
        assert (300, False) == (statement.sales_fen, final)
        with pytest.raises(Refused, match="STATEMENT_DAY_HAS_NOT_ENDED"):
            await service.make_statements(conn, day=day, now=noon_of(day))
        with pytest.raises(Refused, match="STATEMENT_DAY_HAS_NOT_BEGUN"):
            await service.get_statement(conn, provider_id=provider, day=day + timedelta(days=1), now=noon_of(day))


async def test_the_next_day_opens_where_this_one_closed_and_shows_what_was_settled(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    async with db.transaction() as conn:
        await sell(conn, provider, day, [300])
        await settle(conn, provider, day)
        next_day = day + timedelta(days=1)
        await sell(conn, provider, next_day, [40])
        statement, _ = await service.get_statement(conn, provider_id=provider, day=next_day, now=noon_of(next_day))
        assert (300, 40, 300, 40) == (
            statement.opening_fen,
            statement.sales_fen,
            statement.settled_fen,
            statement.closing_fen,
        )


async def test_a_receivable_below_zero_is_netted_from_the_next_days(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    async with db.transaction() as conn:
        await sell(conn, provider, day, [10], refunds=[10, 200])
        assert await settle(conn, provider, day) is None
        next_day = day + timedelta(days=1)
        await sell(conn, provider, next_day, [500])
        settlement = await settle(conn, provider, next_day)
        assert settlement is not None
        assert 300 == settlement.amount_fen


async def test_a_receivable_below_zero_over_the_term_becomes_a_debt(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    async with db.transaction() as conn:
        await sell(conn, provider, day, [10], refunds=[10, 200])
        for offset in range(TERM_DAYS):
            assert -200 == await balance(conn, receivable_of(provider))
            await settle(conn, provider, day + timedelta(days=offset))
        assert (0, -200) == (await balance(conn, receivable_of(provider)), await balance(conn, debt_of(provider)))


async def owe(conn: Connection, provider: ProviderId, fen: int, *, on: date, bucket: int = BUCKETS[0]) -> None:
    """Let a provider owe a subsidy that its receivable did not take."""
    budget = name_of_budget(name_budget(show_id("provider", provider)), AccountKind.RECLAIMED)
    draft = a_transfer(debt_of(provider), budget, fen, kind=TransferKind.RECLAIM)
    await ledger.post(conn, bucket=bucket, writer=0, draft=draft, now=noon_of(on))


async def test_a_debt_is_taken_out_of_what_later_sales_bring_before_the_rest_is_paid(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    async with db.transaction() as conn:
        await owe(conn, provider, 120, on=day, bucket=BUCKETS[1])
        await sell(conn, provider, day, [300])
        await sell(conn, provider, day, [50], bucket=BUCKETS[1])
        settlements = [await settle(conn, provider, day) for _ in range(2)]
        next_day = day + timedelta(days=1)
        statement, _ = await service.get_statement(conn, provider_id=provider, day=next_day, now=noon_of(next_day))
        assert [230, 230] == [settlement.amount_fen for settlement in settlements if settlement is not None]
        assert (0, 0, 230) == (
            await balance(conn, receivable_of(provider)),
            await balance(conn, debt_of(provider)),
            await balance(conn, payout_clearing_of(provider)),
        )
        assert (350, 230, 120, 0, 0) == (
            statement.opening_fen,
            statement.settled_fen,
            statement.netted_fen,
            statement.other_fen,
            statement.closing_fen,
        )


async def test_a_debt_above_what_is_due_takes_all_of_it_day_by_day_until_it_is_paid(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    async with db.transaction() as conn:
        await owe(conn, provider, 500, on=day)
        left = []
        for offset in range(3):
            await sell(conn, provider, day + timedelta(days=offset), [200])
            settlement = await settle(conn, provider, day + timedelta(days=offset))
            left.append((None if settlement is None else settlement.amount_fen, await balance(conn, debt_of(provider))))
        assert [(None, -300), (None, -100), (100, 0)] == left


async def test_a_receivable_below_zero_gives_nothing_to_a_debt(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    async with db.transaction() as conn:
        await owe(conn, provider, 500, on=day)
        await sell(conn, provider, day, [10], refunds=[10, 30])
        assert await settle(conn, provider, day) is None
        assert (-30, -500) == (await balance(conn, receivable_of(provider)), await balance(conn, debt_of(provider)))


async def test_the_audit_names_a_provider_of_whom_more_was_taken_than_its_debt(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    name = show_id("provider", provider)
    with pytest.raises(Undo):
        async with db.owner_transaction() as conn:
            await owe(conn, provider, 100, on=day)
            await sell(conn, provider, day, [300])
            await settle(conn, provider, day)
            assert [] == [line for line in await audit(conn) if name in line]
            taken = a_transfer(receivable_of(provider), debt_of(provider), 7, kind=TransferKind.DEBT)
            await ledger.post(conn, bucket=BUCKETS[0], writer=0, draft=taken, now=noon_of(day + timedelta(days=1)))
            assert [f"payouts: 7 fen more than its debt was taken of {name}"] == [
                line for line in await audit(conn) if name in line
            ]
            raise Undo


async def test_a_day_settled_late_pays_nothing_a_second_time(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    next_day = day + timedelta(days=1)
    async with db.transaction() as conn:
        await sell(conn, provider, day, [300])
        await sell(conn, provider, next_day, [40])
        settlement = await settle(conn, provider, next_day)
        assert settlement is not None
        assert 340 == settlement.amount_fen
        late = morning_after(next_day)
        assert await service.settle_provider(conn, provider_id=provider, day=day, term_days=TERM_DAYS, now=late) is None
        assert 0 == await balance(conn, receivable_of(provider))


async def a_settled_provider(db: Database, *, bank_reference: str | None) -> tuple[Settlement, FixedClock]:
    day = a_past_day()
    async with db.transaction() as conn:
        provider_id = await a_registered_provider(conn, bank_reference=bank_reference)
        await sell(conn, provider_id, day, [300])
        settlement = await settle(conn, provider_id, day)
    assert settlement is not None
    return settlement, FixedClock(morning_after(day))


async def pay(
    db: Database, settlement: Settlement, bank: SimulatedBank, clock: FixedClock, terms: SettlingTerms = TERMS
) -> bool:
    calls = BankCalls(database=db, bank=bank, clock=clock)
    return await pay_settlement(db, settlement=settlement, calls=calls, terms=terms, clock=clock)


async def standing_of(db: Database, settlement: Settlement) -> tuple[SettlementStatus, int, int]:
    """The settlement's status, the provider's clearing and its receivable."""
    provider = settlement.provider_id
    async with db.transaction() as conn:
        under_way = await service.find_settlement(conn, provider_id=provider, day=settlement.day_on)
        assert under_way is not None
        return (
            under_way.status,
            await balance(conn, payout_clearing_of(provider)),
            await balance(conn, receivable_of(provider)),
        )


async def test_a_settlement_is_paid_once_though_the_first_answer_is_lost(db: Database) -> None:
    settlement, clock = await a_settled_provider(db, bank_reference="acct-1")
    bank = SimulatedBank(clock)
    bank.open_payee("acct-1")
    bank.troubles.add(Trouble.LOST_AFTER, times=1)
    assert not await pay(db, settlement, bank, clock)
    assert (SettlementStatus.SENT, 300, 0) == await standing_of(db, settlement)
    bank.troubles.end()
    assert await pay(db, settlement, bank, clock)
    await pay(db, settlement, bank, clock)
    assert (SettlementStatus.PAID, 0, 0) == await standing_of(db, settlement)
    assert 300 == bank.balance_of("acct-1")


async def test_a_settlement_that_the_bank_refuses_returns_to_the_receivable(db: Database) -> None:
    settlement, clock = await a_settled_provider(db, bank_reference="acct-2")
    await pay(db, settlement, SimulatedBank(clock), clock)
    assert (SettlementStatus.RETURNED, 0, 300) == await standing_of(db, settlement)


async def test_a_provider_without_a_bank_reference_is_not_sent(db: Database) -> None:
    settlement, clock = await a_settled_provider(db, bank_reference=None)
    await pay(db, settlement, SimulatedBank(clock), clock)
    assert (SettlementStatus.PREPARED, 300, 0) == await standing_of(db, settlement)


async def test_the_job_states_and_settles_every_provider_of_a_day(db: Database) -> None:
    """A day before all other tests' days, so that no other test's provider is settled under its hands."""
    day = date(1975, 1, 1) + timedelta(days=a_past_day().toordinal() % 3_000)
    provider = a_provider_id()
    async with db.transaction() as conn:
        await sell(conn, provider, day, [300])
    settlements = await settle_day(db, day=day, terms=TERMS, now=morning_after(day))
    assert [300] == [each.amount_fen for each in settlements if each.provider_id == provider]
    assert settlements == await settle_day(db, day=day, terms=TERMS, now=morning_after(day))


async def test_the_audit_recomputes_statements_and_what_is_on_its_way(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    name = show_id("provider", provider)
    with pytest.raises(Undo):
        async with db.owner_transaction() as conn:
            await sell(conn, provider, day, [300], refunds=[20])
            await settle(conn, provider, day)
            assert [] == [line for line in await audit(conn) if name in line]
            await conn.execute(
                "UPDATE payouts.provider_statement SET sales_fen = 301, closing_fen = 281 WHERE provider_id = %s",
                [provider],
            )
            await conn.execute("DELETE FROM payouts.settlement WHERE provider_id = %s", [provider])
            about = f"payouts: the statement of {name} on {day}"
            assert [
                f"{about} has sales_fen 301, the ledger gives 300",
                f"{about} has closing_fen 281, the ledger gives 280",
                f"{about} does not have the digest of its own figures",
                f"payouts: 0 fen are on their way to {name}, its payout clearing holds 280",
            ] == [line for line in await audit(conn) if name in line]
            raise Undo


class Undo(Exception):  # noqa: N818  takes a deliberate damage back
    """Ends a transaction that must not commit."""


@pytest.mark.parametrize("statement", ["UPDATE {} SET day_on = day_on", "DELETE FROM {}"])
async def test_the_serving_role_cannot_change_a_statement(db: Database, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        async with db.transaction() as conn:
            await conn.execute(statement.format("payouts.provider_statement").encode())


async def test_the_bank_is_owed_what_it_paid_out(db: Database) -> None:
    settlement, clock = await a_settled_provider(db, bank_reference="acct-3")
    bank = SimulatedBank(clock)
    bank.open_payee("acct-3")
    await pay(db, settlement, bank, clock, SettlingTerms(bank_code="980"))
    async with db.transaction() as conn:
        assert 300 == await balance(conn, bank_clearing("980"))
