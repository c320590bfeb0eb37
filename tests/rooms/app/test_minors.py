"""Whatever staff look at of a minor, a second person agrees first: one rule for every route that shows a resident."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from tests.support.builders.access import Known
from tests.support.builders.cards import GROWN_UP
from tests.support.builders.served import Served, a_served_world
from tests.support.nobody import every_route
from yikatong.access import service as access
from yikatong.access.model import Reason
from yikatong.cards.model import Registered
from yikatong.desk import service as desk
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import CallerKind, Route

pytestmark = pytest.mark.anyio

A_CHILD = date(2016, 3, 1)


def looks_at_one() -> dict[str, Route]:
    """The routes by which staff look at a resident who is named in the address, by name."""
    staff = [route for route in every_route() if route.looks and route.callers != (CallerKind.WALLET,)]
    return {route.name: route for route in staff if "{resident_id}" in route.path}


LOOKS = looks_at_one()


@pytest.fixture
async def served(db: Database) -> AsyncIterator[Served]:
    async with a_served_world(db) as served:
        yield served


async def a_holder(served: Served, *, born_on: date) -> Registered:
    """A resident of an age, with a purse; a child has a guardian who applied."""
    async with served.world.db.transaction() as conn:
        people = served.world.cards(conn)
        resident = await people.a_resident(born_on=born_on)
        guardian = await people.a_resident()
        if born_on == A_CHILD:
            await people.guarded(resident, by=guardian)
        await people.applied(resident, guardian_id=guardian.resident_id if born_on == A_CHILD else None)
        await served.world.give(conn, resident, "purse", 100)
    return resident


def seen_by(route: Route) -> tuple[int, str]:
    """What a look answers that nothing stands in the way of; the claim in an address is nobody's."""
    return (404, "CLAIM_IS_UNKNOWN") if "{claim_id}" in route.path else (200, "")


async def look(served: Served, route: Route, resident: Registered, *, by: Known) -> tuple[int, str]:
    """Look by a route; the status, and the reason if there is one."""
    shown = show_id("resident", resident.resident_id)
    account = show_id("account", desk.purse_of(resident.resident_id).id)
    claim = show_id("claim", served.world.ids.new())
    named = {"{resident_id}": shown, "{account}": account, "{claim_id}": claim}
    path = route.path
    for place, text in named.items():
        path = path.replace(place, text)
    answer = await served.by(by.token, route.method, path, Purpose="school card")
    return answer.status_code, answer.json().get("reason", "")


async def test_there_are_looks_of_every_room_that_shows_residents() -> None:
    assert {
        "view_resident",
        "list_card_events",
        "view_family",
        "list_concessions",
        "view_card",
        "ledger.list_accounts",
        "ledger.state_account",
    } <= set(LOOKS)


@pytest.mark.parametrize("name", sorted(LOOKS))
async def test_a_minor_is_looked_at_only_once_a_second_person_agreed(served: Served, name: str) -> None:
    route, operator = LOOKS[name], await served.an_operator()
    child, grown_up = await a_holder(served, born_on=A_CHILD), await a_holder(served, born_on=GROWN_UP)

    assert Reason.MINOR_LOOK_NEEDS_APPROVAL in route.reasons
    assert seen_by(route) == await look(served, route, grown_up, by=operator)
    assert (403, "MINOR_LOOK_NEEDS_APPROVAL") == await look(served, route, child, by=operator)
    async with served.world.db.transaction() as conn:
        await access.agree_minor_look(
            conn,
            resident_id=child.resident_id,
            operator_id=operator.caller.id,
            purpose="school card",
            now=served.world.clock.now(),
            bucket_count=1,
        )
    assert seen_by(route) == await look(served, route, child, by=operator)
    assert (403, "MINOR_LOOK_NEEDS_APPROVAL") == await look(served, route, child, by=await served.an_operator())


async def test_what_is_done_for_a_minor_at_the_counter_waits_for_nobody(served: Served) -> None:
    operator, child = await served.an_operator(), await a_holder(served, born_on=A_CHILD)
    path = f"/v1/residents/{show_id('resident', child.resident_id)}/payments/freeze"

    assert 200 == (await served.by(operator.token, "POST", path)).status_code
