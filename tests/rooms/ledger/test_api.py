"""Residents read their own accounts; operators read, grant and freeze those of residents they may serve."""

from datetime import date, timedelta

import pytest

from tests.support.builders.cards import TERMS, VAULT, CardWorld
from tests.support.builders.ledger import a_benefit, a_hold_draft, a_receivable, a_transfer, open_with
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.cards.model import Registered
from yikatong.kernel.ids import TransferId, show_id
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service
from yikatong.ledger.api import (
    AccountAnswer,
    AccountsAnswer,
    GrantBody,
    StatementAnswer,
    StatementQuery,
    routes,
)
from yikatong.ledger.jobs import jobs
from yikatong.ledger.model import AccountKind, name_account
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import Call, Caller, CallerKind, ChangeAnswer
from yikatong.plumbing.jobs import JobCall

pytestmark = pytest.mark.anyio

ROUTES = {route.name: route for route in routes(terms=TERMS, vault=VAULT)}
MEALS = "elder-meal"


def as_wallet(world: CardWorld, resident: Registered, account: str = "") -> Call:
    caller = Caller(kind=CallerKind.WALLET, id=world.ids.new(), region=world.region, resident_id=resident.resident_id)
    return a_call(world, caller, {"account": account})


def as_operator(world: CardWorld, resident: Registered, account: str = "") -> Call:
    caller = Caller(kind=CallerKind.OPERATOR, id=world.ids.new(), region=world.region)
    return a_call(world, caller, {"resident_id": show_id("resident", resident.resident_id), "account": account})


def a_call(world: CardWorld, caller: Caller, path: dict[str, str]) -> Call:
    return Call(conn=world.conn, caller=caller, now=NOON, ids=world.ids, request_id="test", purpose="test", path=path)


async def granted(world: CardWorld, resident: Registered, amount_fen: int = 900) -> AccountAnswer:
    """An operator pays into the resident's meal benefit."""
    body = GrantBody(benefit=MEALS, amount_fen=amount_fen)
    answer = await ROUTES["ledger.grant_benefit"].handle(as_operator(world, resident), body, None)
    assert isinstance(answer, AccountAnswer)
    return answer


async def test_a_granted_benefit_can_be_read_and_spent(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()
        granted_to = await granted(world, resident)
        assert (MEALS, 900) == (granted_to.label, granted_to.available_fen)
        assert "benefit_arrived" == (await world.heard_by(resident))[-1]
        meals = name_account(resident.resident_id, AccountKind.BENEFIT, MEALS)
        payment = a_transfer(meals, a_receivable(), 250)
        await service.post(conn, bucket=resident.bucket, writer=1, draft=payment, now=NOON)

        wallet = as_wallet(world, resident, granted_to.account)
        accounts = await ROUTES["ledger.list_own_accounts"].handle(wallet, None, None)
        assert isinstance(accounts, AccountsAnswer)
        assert [650] == [account.available_fen for account in accounts.accounts]
        statement = await ROUTES["ledger.state_own_account"].handle(wallet, None, StatementQuery())
        assert isinstance(statement, StatementAnswer)
        assert (0, {900, -250}, 650) == (
            statement.opening_fen,
            {line.amount_fen for line in statement.lines},
            statement.closing_fen,
        )
        assert {resident.resident_id} == wallet.concerned


async def test_a_frozen_account_is_shown_as_frozen_until_the_freeze_is_lifted(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()
        account = (await granted(world, resident)).account
        call = as_operator(world, resident, account)
        assert ChangeAnswer(change=Change.DONE) == await ROUTES["ledger.freeze_account"].handle(call, None, None)
        shown = await ROUTES["ledger.list_accounts"].handle(call, None, None)
        assert isinstance(shown, AccountsAnswer)
        assert [NOON] == [each.frozen_at for each in shown.accounts]
        with pytest.raises(Refused, match="ACCOUNT_IS_FROZEN"):
            await granted(world, resident)
        assert ChangeAnswer(change=Change.DONE) == await ROUTES["ledger.unfreeze_account"].handle(call, None, None)
        assert 1_800 == (await granted(world, resident)).available_fen


async def test_another_residents_account_is_unknown(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        account = (await granted(world, await world.a_resident())).account
        stranger = await world.a_resident()
        for shown in (account, "acc_x"):
            wallet = as_wallet(world, stranger, shown)
            with pytest.raises(Refused, match="ACCOUNT_IS_UNKNOWN"):
                await ROUTES["ledger.state_own_account"].handle(wallet, None, StatementQuery())


@pytest.mark.parametrize(
    "query",
    [
        StatementQuery(from_on=date(2026, 11, 2), until_on=date(2026, 11, 1)),
        StatementQuery(from_on=date(2020, 1, 1)),
        StatementQuery(until_on=date(1, 1, 1)),
        StatementQuery(until_on=date(9999, 12, 31)),
    ],
)
async def test_days_that_cannot_be_stated_are_refused(db: Database, query: StatementQuery) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()
        account = (await granted(world, resident)).account
        wallet = as_wallet(world, resident, account)
        with pytest.raises(Refused, match="STATEMENT_RANGE_IS_WRONG"):
            await ROUTES["ledger.state_own_account"].handle(wallet, None, query)


async def test_a_topped_up_purse_is_covered_by_the_reserve_once(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()
        transfer_id, reference = TransferId(world.ids.new()), world.ids.new()
        for _ in range(2):
            purse = await service.top_up_purse(
                conn,
                bucket=resident.bucket,
                resident_id=resident.resident_id,
                bank_code="102",
                amount_fen=5_000,
                transfer_id=transfer_id,
                reference=reference,
                now=NOON,
            )
        balance = await service.get_balance(conn, bucket=resident.bucket, account=purse, now=NOON)
        assert 5_000 == balance.available_fen


async def test_the_tidying_job_ends_overdue_holds_in_every_bucket(db: Database) -> None:
    """Long ago, so that the holds of other tests are not overdue yet."""
    begin, end = NOON - timedelta(days=100), NOON - timedelta(days=99)
    meals = a_benefit()
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100, bucket=1, now=begin)
        await service.hold(conn, bucket=1, draft=a_hold_draft(meals, 80, expires_at=end), now=begin)
    (job,) = jobs(bucket_count=2)
    await job.run(JobCall(database=db, clock=FixedClock(end), ids=SeededIds()))
    async with db.transaction() as conn:
        account = await service.find_account(conn, bucket=1, account=meals)
    assert account is not None
    assert 0 == account.held_fen
