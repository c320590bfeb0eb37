"""Operators bring a roster to payment over the routes; nobody reaches another place; money waits for two people."""

from typing import Any
from uuid import UUID

import pytest

from tests.support.builders.benefits import BUCKET_COUNT, CLERK, FINANCE, REVIEWER, TERMS, BenefitWorld
from tests.support.builders.cards import VAULT
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.payouts import service
from yikatong.payouts.api import routes
from yikatong.payouts.api.shapes import (
    ApplyBody,
    EntriesBody,
    EntryBody,
    FundBody,
    LinesQuery,
    PageQuery,
    PublishBody,
    RosterBody,
)
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.http import Call, Caller, CallerKind

pytestmark = pytest.mark.anyio

ROUTES = {route.name: route for route in routes(terms=TERMS, vault=VAULT)}


class Office:
    """Calls routes as an operator of a region."""

    def __init__(self, conn: Connection, world: BenefitWorld) -> None:
        self.conn = conn
        self.world = world
        self.looked_at: set[UUID] = set()

    async def call(
        self, name: str, body: Any = None, *, by: UUID = CLERK, query: Any = None, divisions: tuple[str, ...] = (),
        region: str | None = None, **path: str,
    ) -> Any:  # fmt: skip
        """What a route answers."""
        caller = Caller(kind=CallerKind.OPERATOR, id=by, region=region or self.world.region, divisions=divisions)
        call = Call(
            conn=self.conn,
            caller=caller,
            now=self.world.now,
            ids=self.world.ids,
            request_id="test",
            purpose="test",
            path=path,
        )
        answer = await ROUTES[f"payouts.{name}"].handle(call, body, query)
        self.looked_at = call.concerned
        return answer

    def roster_body(self) -> RosterBody:
        """A roster of the whole region."""
        return RosterBody(
            division=self.world.region,
            scheme="elder-allowance",
            period="2026-11",
            title="高龄津贴2026年11月",
            budget="elder-allowance-2026",
        )


def entries_of(world: BenefitWorld, amounts: list[int]) -> EntriesBody:
    """Lines for the people of a world."""
    return EntriesBody(
        lines=tuple(
            EntryBody(resident_id=show_id("resident", who), reference=world.ids.new(), amount_fen=fen)
            for who, fen in zip(world.people, amounts, strict=True)
        )
    )


async def test_a_roster_goes_from_its_opening_to_the_money_set_aside(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(2)
    async with db.transaction() as conn:
        office = Office(conn, world)
        await office.call(
            "fund_budget", FundBody(amount_fen=1_000, reference=world.ids.new()), budget="elder-allowance-2026"
        )
        roster_id = (await office.call("open_roster", office.roster_body())).roster_id
        await office.call("add_lines", entries_of(world, [300, 400]), roster_id=roster_id)
        checked = await office.call("check_roster", roster_id=roster_id)
        await office.call("publish_roster", PublishBody(), by=REVIEWER, roster_id=roster_id)
        public = await office.call("list_public_lines", query=LinesQuery(), roster_id=roster_id)
        assert set(people) == office.looked_at
        public_until = (await office.call("get_roster", roster_id=roster_id)).public_until
        world.clock.advance(public_until - world.now.date())
        await office.call("finalise_roster", by=REVIEWER, roster_id=roster_id)
        batch = await office.call("issue_batch", by=FINANCE, roster_id=roster_id)
        applied = await office.call(
            "apply_for_payment", ApplyBody(pay_on=public_until), by=FINANCE, payout_batch_id=batch.batch_id
        )
        reconciled = await office.call(
            "reconcile_batch", query=ROUTES["payouts.reconcile_batch"].query(), payout_batch_id=batch.batch_id
        )
        budget = await office.call("get_budget", budget="elder-allowance-2026")
        lines = await office.call("list_batch_lines", query=LinesQuery(), payout_batch_id=batch.batch_id)
    assert (2, 700, {}) == (checked.clear_count, checked.clear_fen, checked.held)
    assert [300, 400] == [line.amount_fen for line in public.lines]
    assert (700, 700, 300) == (applied.amount_fen, reconciled.clearing_fen, budget.posted_fen)
    assert {"issued"} == {line.state for line in lines.lines}


async def test_another_place_and_another_region_are_out_of_reach(db: Database) -> None:
    world = BenefitWorld(db)
    await world.populated(1)
    async with db.transaction() as conn:
        office = Office(conn, world)
        roster_id = (await office.call("open_roster", office.roster_body())).roster_id
        with pytest.raises(Refused, match="REGION_IS_OUT_OF_SCOPE"):
            await office.call("get_roster", region="990101", roster_id=roster_id)
        with pytest.raises(Refused, match="DIVISION_IS_OUT_OF_SCOPE"):
            await office.call("get_roster", divisions=("110000",), roster_id=roster_id)
        with pytest.raises(Refused, match="DIVISION_IS_OUT_OF_SCOPE"):
            await office.call("open_roster", office.roster_body(), divisions=("110000",))
        listed = await office.call("list_rosters", query=PageQuery(), divisions=("110000",))
        everything = await office.call("list_rosters", query=PageQuery())
    assert ((), [roster_id]) == (listed.rosters, [one.roster_id for one in everything.rosters])


async def test_ids_that_are_none_are_as_unknown_as_any_other(db: Database) -> None:
    world = BenefitWorld(db)
    async with db.transaction() as conn:
        office = Office(conn, world)
        for name in ("get_roster", "check_roster", "issue_batch"):
            for shown in ("x", show_id("roster", world.ids.new()), show_id("payout_batch", world.ids.new())):
                with pytest.raises(Refused, match="ROSTER_IS_UNKNOWN"):
                    await office.call(name, roster_id=shown)
        for shown in ("x", "1", "1022", "١٠٢", "\x84"):
            with pytest.raises(Refused, match="BANK_CODE_IS_NOT_VALID"):
                await office.call("list_return_files", query=PageQuery(), bank=shown)
        for name in ("get_batch", "delete_batch"):
            with pytest.raises(Refused, match="PAYOUT_BATCH_IS_UNKNOWN"):
                await office.call(name, payout_batch_id="pbt_0")


def test_where_money_moves_a_second_person_is_needed_and_a_look_needs_its_purpose() -> None:
    names = {name.removeprefix("payouts."): route for name, route in ROUTES.items()}

    assert {"fund_budget", "apply_for_payment", "revoke_application"} == {
        name for name, route in names.items() if route.second_person
    }
    assert {"list_lines", "list_public_lines", "list_batch_lines", "list_payments"} == {
        name for name, route in names.items() if route.looks
    }


async def test_a_persons_payments_are_found_under_the_person(db: Database) -> None:
    world = BenefitWorld(db)
    first, second = await world.populated(2)
    batch = await world.issued([(first, 100), (second, 200)])
    async with db.transaction() as conn:
        office = Office(conn, world)
        answer = await office.call("list_payments", resident_id=show_id("resident", second))
        found = await service.list_batch_lines(conn, batch_id=batch.id, bucket_count=BUCKET_COUNT)
    assert [200] == [line.amount_fen for line in answer.lines]
    assert 2 == len(found)
