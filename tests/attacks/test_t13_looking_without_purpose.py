"""T13 An operator looks without purpose, or out of scope, or at a minor alone (docs/threats.md)."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from tests.support.builders.access import Known
from tests.support.builders.served import Served, a_served_world
from yikatong.cards.model import Registered
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import CallerKind, Route

pytestmark = pytest.mark.anyio

A_CHILD = date(2017, 6, 1)
PURPOSE = "counter 3, resident asks for a replacement"


@pytest.fixture
async def served(db: Database) -> AsyncIterator[Served]:
    """A whole application."""
    async with a_served_world(db) as served:
        yield served


async def a_resident(served: Served, *, born_on: date = date(1980, 6, 1)) -> Registered:
    """Somebody with a card."""
    async with served.world.db.transaction() as conn:
        return await served.world.cards(conn).a_card_holder(born_on=born_on)


def looks_at(resident: Registered, served: Served) -> list[tuple[Route, str]]:
    """Every look of an operator at one resident, with its address."""
    shown = show_id("resident", resident.resident_id)
    return [
        (route, route.path.replace("{resident_id}", shown))
        for route in served.worker.routes()
        if route.looks and CallerKind.OPERATOR in route.callers and "{resident_id}" in route.path
    ]


async def looked(served: Served, operator: Known, route: Route, path: str, **headers: str) -> tuple[int, str | None]:
    """Look; gives the status, and the reason of a refusal."""
    answer = await served.by(operator.token, route.method, path, {} if route.body else None, **headers)
    return answer.status_code, answer.json().get("reason")


async def records_of(served: Served, operator: Known) -> list[tuple[str, str]]:
    """What the record says an operator looked at, and why."""
    async with served.world.db.transaction() as conn:
        rows = await conn.execute(
            "SELECT what, purpose FROM access.record WHERE by_id = %s ORDER BY what", [operator.caller.id]
        )
        return [(what, purpose) for what, purpose in await rows.fetchall()]


async def test_every_look_at_a_resident_needs_a_purpose(served: Served) -> None:
    operator, resident = await served.an_operator(), await a_resident(served)

    for route, path in looks_at(resident, served):
        for purpose in ({}, {"Purpose": ""}, {"Purpose": " "}, {"Purpose": "x"}, {"Purpose": "x" * 601}):
            answer = await looked(served, operator, route, path, **purpose)
            assert (403, "PURPOSE_IS_MISSING") == answer, route.name

    assert [] == await records_of(served, operator)


async def test_every_look_leaves_its_purpose_where_the_resident_reads_it(served: Served) -> None:
    operator, phone = await served.an_operator(), await served.world.a_phone()
    looks = looks_at(phone.resident, served)

    seen = [await looked(served, operator, route, path, Purpose=PURPOSE) for route, path in looks]

    found = [route.name for (route, _), (status, _) in zip(looks, seen, strict=True) if status == 200]
    assert {"view_resident", "view_card", "list_card_events"} <= set(found)
    assert sorted((name, PURPOSE) for name in found) == await records_of(served, operator)
    async with served.world.db.transaction() as conn:
        rows = await conn.execute(
            "SELECT what, purpose FROM access.concern WHERE resident_id = %s AND by_kind = 'operator' ORDER BY what",
            [phone.resident.resident_id],
        )
        assert sorted((name, PURPOSE) for name in found) == [tuple(row) for row in await rows.fetchall()]


async def test_another_region_and_another_division_see_nobody_here(served: Served, db: Database) -> None:
    resident = await a_resident(served)
    here = served.world.region
    strangers = [
        (await served.an_operator(region="980099"), "REGION_IS_OUT_OF_SCOPE"),
        (await served.an_operator(divisions=("110101",)), "DIVISION_IS_OUT_OF_SCOPE"),
        (await served.an_operator(divisions=(here[:5] + str((int(here[5]) + 1) % 10),)), "DIVISION_IS_OUT_OF_SCOPE"),
    ]

    for stranger, reason in strangers:
        for route, path in looks_at(resident, served):
            if route.method == "GET":
                assert (403, reason) == await looked(served, stranger, route, path, Purpose=PURPOSE), route.name
        assert [] == await records_of(served, stranger)


async def test_no_command_about_a_resident_is_carried_out_for_a_stranger(served: Served) -> None:
    resident = await a_resident(served)
    shown = show_id("resident", resident.resident_id)
    stranger = await served.an_operator(divisions=("110101",))
    commands = [
        route
        for route in served.worker.routes()
        if route.method != "GET" and CallerKind.OPERATOR in route.callers and "{resident_id}" in route.path
    ]

    for route in commands:
        path = "/".join(
            shown if piece == "{resident_id}" else "senior" if piece.startswith("{") else piece
            for piece in route.path.split("/")
        )
        status, reason = await looked(served, stranger, route, path, Purpose=PURPOSE)
        carried_out = 200 <= status < 300 and not route.second_person
        assert not carried_out, (route.name, status, reason)
    assert len(commands) > 10


async def test_a_minor_is_seen_only_with_a_second_persons_yes(served: Served) -> None:
    operator, other = await served.an_operator(), await served.an_operator()
    async with served.world.db.transaction() as conn:
        child = await served.world.cards(conn).a_resident(born_on=A_CHILD)
    shown = show_id("resident", child.resident_id)
    view = f"/v1/residents/{shown}"

    alone = await served.by(operator.token, "GET", view, Purpose=PURPOSE)
    wish = {"resident_id": shown, "purpose": PURPOSE}
    asked = await served.by(operator.token, "POST", "/v1/minor-looks", wish)
    own_yes = await approved(served, operator, asked.json()["approval_id"])
    still = await served.by(operator.token, "GET", view, Purpose=PURPOSE)
    second_yes = await approved(served, other, asked.json()["approval_id"])
    then = await served.by(operator.token, "GET", view, Purpose=PURPOSE)
    others = await served.by(other.token, "GET", view, Purpose=PURPOSE)

    reasons = [answer.json().get("reason") for answer in (alone, still, then, others)]
    assert ["MINOR_LOOK_NEEDS_APPROVAL", "MINOR_LOOK_NEEDS_APPROVAL", None, "MINOR_LOOK_NEEDS_APPROVAL"] == reasons
    assert ("APPROVER_IS_THE_ASKER", None) == (own_yes, second_yes)


async def approved(served: Served, operator: Known, approval_id: str) -> str | None:
    """Say yes; gives why not."""
    answer = await served.by(operator.token, "POST", f"/v1/approvals/{approval_id}/approve")
    reason: str | None = answer.json().get("reason")
    return reason
