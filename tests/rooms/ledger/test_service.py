"""The ledger on the database: once, whole, frozen, held, closed, and read back."""

from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from tests.support.builders.ledger import (
    BANK,
    IDS,
    a_benefit,
    a_hold_draft,
    a_purse,
    a_receivable,
    a_transfer,
    open_with,
)
from tests.support.world import NOON
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service
from yikatong.ledger.model import (
    HOUSE,
    AccountKind,
    AccountName,
    Balance,
    HoldDraft,
    Leg,
    Reason,
    TransferDraft,
    TransferKind,
    name_account,
)
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

Conn = psycopg.AsyncConnection[Any]
TODAY = day_of(NOON)
ESCHEAT = name_account(HOUSE, AccountKind.ESCHEAT)


async def post(conn: Conn, draft: TransferDraft) -> Change:
    return await service.post(conn, bucket=0, writer=1, draft=draft, now=NOON)


async def hold(conn: Conn, draft: HoldDraft) -> Change:
    return await service.hold(conn, bucket=0, draft=draft, now=NOON)


async def balance(conn: Conn, account: AccountName, *, after: timedelta = timedelta(0)) -> Balance:
    return await service.get_balance(conn, bucket=0, account=account, now=NOON + after)


async def test_a_transfer_sent_twice_is_posted_once(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    payment = a_transfer(meals, shop, 300)
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=1_000)
        assert [Change.DONE, Change.ALREADY_SO] == [await post(conn, payment), await post(conn, payment)]
        assert Balance(700, 0, 700) == await balance(conn, meals)
        assert 300 == await service.open_balance(conn, buckets=[0], account=shop)


async def test_a_used_id_with_another_content_is_refused_and_changes_nothing(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    payment = a_transfer(meals, shop, 300)
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=1_000)
        await post(conn, payment)
        dearer = msgspec.structs.replace(payment, legs=(Leg(meals, -301), Leg(shop, 301)))
        with pytest.raises(Refused, match="TRANSFER_ID_IS_USED"):
            await post(conn, dearer)
        assert Balance(700, 0, 700) == await balance(conn, meals)


async def test_a_refused_transfer_does_not_touch_its_neighbours(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    drafts = [a_transfer(meals, shop, 40), a_transfer(meals, shop, 61), a_transfer(meals, shop, 60)]
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100)
        outcomes = await service.post_batch(conn, bucket=0, writer=1, drafts=drafts, now=NOON)
        assert (Change.DONE, Reason.BALANCE_IS_TOO_LOW, Change.DONE) == outcomes
        assert Balance(0, 0, 0) == await balance(conn, meals)


async def test_an_account_opens_once(db: Database) -> None:
    purse = a_purse()
    async with db.transaction() as conn:
        answers = [await service.open_account(conn, bucket=0, account=purse, now=NOON) for _ in range(2)]
        assert [Change.DONE, Change.ALREADY_SO] == answers
        assert 1 == await service.open_many_accounts(conn, accounts=[(0, purse), (0, a_purse())], now=NOON)


async def test_a_frozen_account_is_refused_until_the_freeze_is_lifted(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100)
        freezes = [await service.freeze_account(conn, bucket=0, account=meals, now=NOON) for _ in range(2)]
        assert [Change.DONE, Change.ALREADY_SO] == freezes
        with pytest.raises(Refused, match="ACCOUNT_IS_FROZEN"):
            await post(conn, a_transfer(meals, shop, 1))
        assert Change.DONE is await service.unfreeze_account(conn, bucket=0, account=meals)
        assert Change.DONE is await post(conn, a_transfer(meals, shop, 1))


async def test_freezing_or_reading_an_account_that_is_not_there_is_refused(db: Database) -> None:
    async with db.transaction() as conn:
        for asked in (
            service.freeze_account(conn, bucket=0, account=a_purse(), now=NOON),
            service.get_balance(conn, bucket=0, account=a_purse(), now=NOON),
            service.statement_of(conn, bucket=0, account=a_purse(), from_on=TODAY, until_on=TODAY + timedelta(days=1)),
        ):
            with pytest.raises(Refused, match="ACCOUNT_IS_UNKNOWN"):
                await asked


async def test_a_hold_counts_until_its_end_and_is_judged_when_it_is_used(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    draft = a_hold_draft(meals, 80)
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100)
        assert [Change.DONE, Change.ALREADY_SO] == [await hold(conn, draft), await hold(conn, draft)]
        with pytest.raises(Refused, match="BALANCE_IS_TOO_LOW"):
            await post(conn, a_transfer(meals, shop, 21))
        assert Balance(100, 80, 20) == await balance(conn, meals)
        assert Balance(100, 0, 100) == await balance(conn, meals, after=timedelta(hours=1))
        late = NOON + timedelta(hours=1)
        with pytest.raises(Refused, match="HOLD_HAS_EXPIRED"):
            payment = a_transfer(meals, shop, 80)
            await service.post_hold(conn, bucket=0, writer=1, hold_id=draft.id, draft=payment, now=late)
        payment = a_transfer(meals, shop, 100)
        assert Change.DONE is await service.post(conn, bucket=0, writer=1, draft=payment, now=late)


async def test_a_hold_is_posted_once(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    draft, payment = a_hold_draft(meals, 80), a_transfer(meals, shop, 70)
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100)
        await hold(conn, draft)
        answers = [
            await service.post_hold(conn, bucket=0, writer=1, hold_id=draft.id, draft=payment, now=NOON)
            for _ in range(2)
        ]
        assert [Change.DONE, Change.ALREADY_SO] == answers
        assert Balance(30, 0, 30) == await balance(conn, meals)
        with pytest.raises(Refused, match="HOLD_HAS_ENDED"):
            await service.void_hold(conn, bucket=0, hold_id=draft.id, now=NOON)


async def test_a_hold_is_voided_once(db: Database) -> None:
    meals = a_benefit()
    draft = a_hold_draft(meals, 80)
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100)
        await hold(conn, draft)
        voids = [await service.void_hold(conn, bucket=0, hold_id=draft.id, now=NOON) for _ in range(2)]
        assert [Change.DONE, Change.ALREADY_SO] == voids
        with pytest.raises(Refused, match="HOLD_IS_UNKNOWN"):
            await service.void_hold(conn, bucket=0, hold_id=a_hold_draft(meals, 1).id, now=NOON)
        with pytest.raises(Refused, match="HOLD_ID_IS_USED"):
            await hold(conn, msgspec.structs.replace(draft, amount_fen=1))


async def test_tidying_records_the_end_of_overdue_holds(db: Database) -> None:
    bucket = 7_001
    meals = a_benefit()
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100, bucket=bucket)
        await service.hold(conn, bucket=bucket, draft=a_hold_draft(meals, 80), now=NOON)
        late = NOON + timedelta(hours=1)
        assert [1, 0] == [await service.tidy_holds(conn, bucket=bucket, now=late) for _ in range(2)]
        account = await service.find_account(conn, bucket=bucket, account=meals)
        assert account is not None
        assert 0 == account.held_fen


async def test_a_closed_account_has_paid_out_everything(db: Database) -> None:
    purse = a_purse()
    async with db.transaction() as conn:
        await open_with(conn, purse, fen=250)

        async def close(closing: TransferDraft | None) -> Change:
            return await service.close_account(conn, bucket=0, writer=1, account=purse, closing=closing, now=NOON)

        draft = a_hold_draft(purse, 10)
        await hold(conn, draft)
        with pytest.raises(Refused, match="ACCOUNT_HAS_HOLDS"):
            await close(None)
        await service.void_hold(conn, bucket=0, hold_id=draft.id, now=NOON)
        with pytest.raises(Refused, match="ACCOUNT_HAS_BALANCE"):
            await close(None)
        payout = a_transfer(purse, ESCHEAT, 250, kind=TransferKind.CLOSING)
        assert [Change.DONE, Change.ALREADY_SO] == [await close(payout), await close(payout)]
        with pytest.raises(Refused, match="ACCOUNT_IS_CLOSED"):
            await post(conn, a_transfer(BANK, purse, 1, kind=TransferKind.TOP_UP))


async def test_a_statement_shows_the_days_between_two_balances(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    yesterday, tomorrow = NOON - timedelta(days=1), NOON + timedelta(days=1)
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=1_000, now=yesterday)
        payments = [a_transfer(meals, shop, fen) for fen in (300, 50)]
        await service.post_batch(conn, bucket=0, writer=1, drafts=payments, now=NOON)
        await service.post(conn, bucket=0, writer=1, draft=a_transfer(meals, shop, 7), now=tomorrow)
        statement = await service.statement_of(
            conn, bucket=0, account=meals, from_on=TODAY, until_on=TODAY + timedelta(days=1)
        )
    assert (1_000, [-300, -50], 650) == (
        statement.opening_fen,
        [line.amount_fen for line in statement.lines],
        statement.closing_fen,
    )
    assert [payment.id for payment in payments] == [line.transfer_id for line in statement.lines]


@pytest.mark.parametrize("days", [0, -1, 367])
async def test_a_statement_is_for_one_day_to_a_year(db: Database, days: int) -> None:
    async with db.transaction() as conn:
        with pytest.raises(Refused, match="STATEMENT_RANGE_IS_WRONG"):
            await service.statement_of(
                conn, bucket=0, account=a_purse(), from_on=TODAY, until_on=TODAY + timedelta(days=days)
            )


async def test_the_day_of_a_receivable_opens_where_the_day_before_closed(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=1_000)
        for days, fen in ((-1, 100), (0, 250), (0, 30), (1, 5)):
            payment = a_transfer(meals, shop, fen)
            await service.post(conn, bucket=0, writer=1, draft=payment, now=NOON + timedelta(days=days))
        refund = a_transfer(shop, meals, 20, kind=TransferKind.REFUND)
        await service.post(conn, bucket=0, writer=2, draft=refund, now=NOON)
        totals = await service.day_totals(conn, kind=AccountKind.PROVIDER_RECEIVABLE, day=TODAY)
    mine = next(total for total in totals if total.account == shop)
    assert (100, 360) == (mine.opening_fen, mine.closing_fen)
    assert ({"payment": 2, "refund": 1}, {"payment": 280, "refund": -20}) == (mine.counts, mine.sums_fen)


async def test_all_balances_sum_to_zero_and_purses_are_covered_by_the_reserve(db: Database) -> None:
    async with db.transaction() as conn:
        # What other tests write meanwhile is not seen, and what they left is taken off.
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = {line.kind: line.posted_fen for line in await service.trial_balance(conn)}
        await open_with(conn, a_purse(), a_benefit(), fen=123)
        after = {line.kind: line.posted_fen for line in await service.trial_balance(conn)}

    moved = {kind: posted_fen - before.get(kind, 0) for kind, posted_fen in after.items()}
    assert 0 == sum(after.values()) == sum(moved.values())
    assert 123 == moved[AccountKind.PURSE] == -moved[AccountKind.RESERVE_NOSTRO]


async def test_an_account_is_found_by_its_owner_alone(db: Database) -> None:
    owner = IDS.new()
    async with db.transaction() as conn:
        await open_with(conn, a_purse(owner), a_benefit(owner), fen=5)
        accounts = await service.accounts_of(conn, bucket=0, owner_id=owner)
    assert [AccountKind.BENEFIT, AccountKind.PURSE] == [account.kind for account in accounts]
    assert [a_benefit(owner), a_purse(owner)] == [account.name for account in accounts]
