"""Who has no phone trades in at a counter: a clerk does what a wallet would, for whoever shows their document."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from tests.support.builders.access import an_operator
from tests.support.builders.cards import an_id_number
from tests.support.builders.chain import a_code
from tests.support.builders.programmes import PAID_LATER
from tests.support.builders.trade_in_town import SOLD, TradeInTown, a_trade_in_town
from yikatong.cards.model import Registered
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

TERMS = PAID_LATER | {
    "evidence": "{items: [[id_card], [new_invoice]], clause: notice}",
    "per_person": "{count: 1, per: scheme, clause: notice}",
}
ONE_FEN = 50_000


@pytest.fixture
async def town(db: Database) -> AsyncIterator[TradeInTown]:
    async with a_trade_in_town(db, fund_fen=ONE_FEN, terms=TERMS) as town:
        yield town


class Visitor:
    """A resident without a phone at the counter of their region."""

    def __init__(self, town: TradeInTown, resident: Registered, number: str) -> None:
        self.town = town
        self.id = resident.resident_id
        self.path = f"/v1/residents/{show_id('resident', resident.resident_id)}/trade-in/claims"
        self.present = {"document": "resident_id_card", "document_number": number}

    async def does(self, step: str = "", **body: Any) -> dict[str, Any]:
        """What the clerk is answered to a step that must be done."""
        return await self.town.done("clerk", self.path + step, present=self.present, **body)

    async def refused(self, step: str = "", *, who: str = "clerk", **body: Any) -> str:
        """Why a step is refused that must be."""
        return await self.town.refused(who, self.path + step, **{"present": self.present, **body})

    async def applied(self, code: str) -> str:
        """The id of the claim that the clerk opens for them."""
        return str((await self.does(**self.town.an_application(code)))["claim"]["claim_id"])


async def a_visitor(town: TradeInTown, *, born_on: date = date(1951, 3, 7)) -> Visitor:
    number = an_id_number(born_on)
    return Visitor(town, await town.place.a_resident(born_on=born_on, id_number=number), number)


async def test_a_claim_goes_from_the_counter_to_the_check_without_a_phone(town: TradeInTown) -> None:
    she = await a_visitor(town)
    old, new, today = a_code(), a_code(), town.today
    claim = await she.applied(old)
    found = await town.seen("store", f"/v1/trade-in/store/claims?code={old}")
    await town.done("store", f"/v1/trade-in/store/claims/{claim}/receive", on=today, old_code=old)
    sale = {"on": today, "price_fen": 250_000, "new_code": new, "facts": SOLD}
    await town.done("store", f"/v1/trade-in/store/claims/{claim}/sale", **sale)
    await town.done("recycler", f"/v1/trade-in/recycler/claims/{claim}/collect", on=today, old_code=old)
    await town.done("police", f"/v1/trade-in/police/claims/{claim}/cancel-plate", on=today, old_code=old)
    plate = {"on": today, "new_code": new, "facts": {"new_owner_is_applicant": "yes"}}
    await town.done("police", f"/v1/trade-in/police/claims/{claim}/register", **plate)
    submitted = await she.does(f"/{claim}/submit", facts={"evidence": "id_card, new_invoice"})
    checked = await town.done("commerce", f"/v1/trade-in/commerce/claims/{claim}/check")
    (seen,) = (await town.seen("clerk", she.path))["claims"]

    assert claim == found["claim_id"]
    assert ["done", "submitted"] == [submitted["change"], submitted["state"]]
    assert "checked" == checked["state"] == seen["state"]
    assert seen == await town.seen("clerk", f"{she.path}/{claim}")
    assert 0 < seen["amount_fen"]


async def test_a_clerk_reads_to_a_resident_why_they_were_refused_and_to_nobody_else(town: TradeInTown) -> None:
    she, another = await a_visitor(town), await a_visitor(town)
    claim = await she.applied(a_code())
    (decided,) = (await town.seen("clerk", f"{she.path}/{claim}/decisions"))["decisions"]
    unknown = await town.call("clerk", "GET", f"{another.path}/{claim}/decisions")

    assert ("qualify", ONE_FEN, None, []) == (
        decided["act"], decided["amount_fen"], decided["reason"], decided["differs_in"],
    )  # fmt: skip
    assert "CLAIM_IS_UNKNOWN" == unknown.json()["reason"]


async def test_what_is_given_up_at_the_counter_gives_money_and_chance_back(town: TradeInTown) -> None:
    she = await a_visitor(town)
    claim = await she.applied(a_code())
    left = await town.place.left()
    request = {"request_id": str(town.place.ids.new())}
    steps = [await she.does(f"/{claim}/withdraw", **request) for _ in range(2)]
    again = await she.applied(a_code())

    assert 0 == left
    assert [("done", "withdrawn"), ("already_so", "withdrawn")] == [(one["change"], one["state"]) for one in steps]
    assert claim != again


async def test_the_same_application_again_is_already_so(town: TradeInTown) -> None:
    she = await a_visitor(town)
    body = {"request_id": str(town.place.ids.new()), **town.an_application(a_code())}

    assert ["done", "already_so"] == [(await she.does(**body))["change"] for _ in range(2)]


@pytest.mark.parametrize("is_of_somebody", [True, False])
async def test_nothing_is_done_for_a_resident_whose_document_is_not_there(
    town: TradeInTown, is_of_somebody: bool
) -> None:
    she, another = await a_visitor(town), await a_visitor(town)
    claim = await she.applied(a_code())
    other = another.present if is_of_somebody else {**she.present, "document_number": "99010119550307003X"}

    assert "RESIDENT_IS_NOT_PRESENT" == await she.refused(present=other, **town.an_application(a_code()))
    for step in ("submit", "withdraw"):
        assert "RESIDENT_IS_NOT_PRESENT" == await she.refused(f"/{claim}/{step}", present=other)
    assert "qualified" == (await town.seen("clerk", f"{she.path}/{claim}"))["state"]


async def test_a_step_without_a_document_is_not_accepted(town: TradeInTown) -> None:
    she = await a_visitor(town)

    assert "BODY_IS_NOT_ACCEPTED" == await town.refused("clerk", she.path, **town.an_application(a_code()))
    assert "BODY_IS_NOT_ACCEPTED" == await she.refused(present={**she.present, "document": "a friend's word"})


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("commerce", "PERMISSION_IS_MISSING"),
        ("counter", "PERMISSION_IS_MISSING"),
        ("store", "CALLER_IS_NOT_ADMITTED"),
        ("resident", "CALLER_IS_NOT_ADMITTED"),
    ],
)
async def test_only_a_clerk_with_the_role_stands_at_the_counter(town: TradeInTown, who: str, reason: str) -> None:
    she = await a_visitor(town)

    assert reason == await she.refused(who=who, **town.an_application(a_code()))
    assert reason == (await town.call(who, "GET", she.path)).json()["reason"]


async def test_a_clerk_serves_the_residents_of_their_own_place_alone(town: TradeInTown) -> None:
    she = await a_visitor(town)
    region = town.place.world.region
    async with town.place.db.transaction() as conn:
        town.callers["far"] = await an_operator(conn, permissions=["trade_in.counter"], now=town.place.now)
        town.callers["near"] = await an_operator(
            conn, region=region, permissions=["trade_in.counter"], divisions=("99",), now=town.place.now
        )

    assert "REGION_IS_OUT_OF_SCOPE" == await she.refused(who="far", **town.an_application(a_code()))
    assert "DIVISION_IS_OUT_OF_SCOPE" == await she.refused(who="near", **town.an_application(a_code()))
    assert "RESIDENT_IS_NOT_KNOWN" == await town.refused(
        "clerk", f"/v1/residents/res_{'0' * 32}/trade-in/claims", present=she.present, **town.an_application(a_code())
    )


async def test_a_claim_of_another_resident_is_as_unknown_as_any(town: TradeInTown) -> None:
    she, another = await a_visitor(town), await a_visitor(town)
    claim = await she.applied(a_code())

    assert "CLAIM_IS_UNKNOWN" == await another.refused(f"/{claim}/withdraw")
    assert "CLAIM_IS_UNKNOWN" == (await town.call("clerk", "GET", f"{another.path}/{claim}")).json()["reason"]
    assert [] == (await town.seen("clerk", another.path))["claims"]


async def test_what_a_wallet_is_refused_is_refused_at_the_counter_too(town: TradeInTown) -> None:
    she, child = await a_visitor(town), await a_visitor(town, born_on=date(2021, 5, 5))
    body = town.an_application(a_code(), age_years="80")

    assert "FACT_IS_NOT_FOR_THIS_PARTY" == await she.refused(**body)
    assert "APPLICANT_IS_TOO_YOUNG" == await child.refused(**town.an_application(a_code()))
    assert "MINOR_LOOK_NEEDS_APPROVAL" == (await town.call("clerk", "GET", child.path)).json()["reason"]
    await she.applied(a_code())
    assert "BUDGET_IS_USED_UP" == await (await a_visitor(town)).refused(**town.an_application(a_code()))


async def test_every_look_and_every_step_names_clerk_and_resident_in_the_record(town: TradeInTown) -> None:
    she = await a_visitor(town)
    claim = await she.applied(a_code())
    await town.seen("clerk", she.path)
    await she.does(f"/{claim}/withdraw")
    async with town.place.db.transaction() as conn:
        cursor = await conn.execute(
            "SELECT what, kind, by_kind, by_id FROM access.concern WHERE resident_id = %s ORDER BY record_id", [she.id]
        )
        concerns = await cursor.fetchall()
    clerk = town.callers["clerk"].caller.id

    assert [
        ("trade_in.qualify_at_counter", "command", "operator", clerk),
        ("trade_in.list_claims_at_counter", "look", "operator", clerk),
        ("trade_in.withdraw_at_counter", "command", "operator", clerk),
    ] == concerns
    headers = {"Authorization": f"Bearer {town.callers['clerk'].token}"}
    assert "PURPOSE_IS_MISSING" == (await town.client.get(she.path, headers=headers)).json()["reason"]
