"""Parties that ask twice, late, in another order or for something else change nothing that they should not."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from simulator.vehicles import Plate, SimulatedVehicleRegister
from tests.support.builders.chain import a_code
from tests.support.builders.trade_in_town import TradeInTown, a_trade_in_town
from yikatong.cards import service as cards
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

OWN = "/v1/wallet/trade-in/claims"
STORE = "/v1/trade-in/store/claims"
SOLD = {"new_battery": "lead_acid", "new_is_certified": "yes", "invoice_names_applicant": "yes"}
LATER = {"mode": "{kind: claim_later, paid_by: treasury, clause: notice}"}


@pytest.fixture
async def later(db: Database) -> AsyncIterator[TradeInTown]:
    """A town whose claims are paid later."""
    async with a_trade_in_town(db, terms=LATER) as town:
        yield town


@pytest.fixture
async def town(db: Database) -> AsyncIterator[TradeInTown]:
    """A town whose tills take the subsidy off."""
    async with a_trade_in_town(db) as town:
        yield town


async def qualified(town: TradeInTown, code: str, **facts: str) -> str:
    """The id of a new claim."""
    answer = await town.done("resident", OWN, **town.an_application(code, **facts))
    return str(answer["claim"]["claim_id"])


def today(town: TradeInTown) -> str:
    return day_of(town.place.now).isoformat()


def a_sale(town: TradeInTown, **changes: Any) -> dict[str, Any]:
    """What a store sends of a sale of today."""
    sale = {"request_id": str(town.place.ids.new()), "on": today(town), "price_fen": 250_000, "new_code": a_code()}
    return {**sale, "facts": SOLD, **changes}


async def test_a_sale_entered_again_under_its_request_with_another_price_is_another(town: TradeInTown) -> None:
    claim = await qualified(town, a_code())
    sale = a_sale(town)
    path = f"{STORE}/{claim}/prepared-sale"
    answers = [await town.call("store", "POST", path, sale) for _ in range(2)]

    assert [250_000, 250_000] == [answer.json()["sale"]["price_fen"] for answer in answers]
    for change in ({"price_fen": 260_000}, {"new_code": a_code()}, {"model": "TDT-02Z"}):
        answer = await town.call("store", "POST", path, {**sale, **change})
        assert (409, "DEED_IS_ANOTHER") == (answer.status_code, answer.json()["reason"])
    assert 250_000 == (await town.seen("store", f"{STORE}/{claim}"))["sale"]["price_fen"]


@pytest.mark.parametrize("step", ["sale", "prepared-sale"])
async def test_a_new_bike_whose_sale_was_refused_is_free_for_the_next_buyer(
    later: TradeInTown, town: TradeInTown, step: str
) -> None:
    town = later if step == "sale" else town
    code = a_code()
    first = await qualified(town, a_code())
    lacking = {name: fact for name, fact in SOLD.items() if name != "new_is_certified"} | {"new_is_certified": "no"}
    assert "NEW_BIKE_IS_NOT_CERTIFIED" == await town.refused(
        "store", f"{STORE}/{first}/{step}", **a_sale(town, new_code=code, facts=lacking)
    )
    assert "STEP_IS_IN_THE_FUTURE" == await town.refused(
        "store", f"{STORE}/{first}/{step}", **a_sale(town, new_code=code, on="2031-01-01")
    )
    await town.a_resident()
    second = await qualified(town, a_code())

    await town.done("store", f"{STORE}/{second}/{step}", **a_sale(town, new_code=code))


async def test_what_is_asked_again_after_midnight_is_already_so(later: TradeInTown) -> None:
    town = later
    claim = await qualified(town, a_code())
    body = {"request_id": str(town.place.ids.new())}
    answers = []
    for term in (timedelta(0), timedelta(days=1)):
        town.clock.advance(term)
        answers.append(await town.call("resident", "POST", f"{OWN}/{claim}/withdraw", body))

    assert ["done", "already_so"] == [answer.json().get("change") for answer in answers]


async def test_an_application_asked_again_is_already_so_whatever_the_register_of_vehicles_says_meanwhile(
    db: Database,
) -> None:
    register = SimulatedVehicleRegister()
    async with a_trade_in_town(db, vehicles=register) as town:
        place, code = town.place, a_code()
        resident_id = town.callers["resident"].caller.resident_id
        assert resident_id is not None
        async with place.db.transaction() as conn:
            person = await cards.view_person(conn, bucket=0, resident_id=ResidentId(resident_id), vault=place.vault)
        given = day_of(place.now).replace(year=2023)
        register.register(Plate(code=code, name=person.name, id_number=person.id_number, registered_on=given))
        body = {"request_id": str(place.ids.new()), **town.an_application(code)}
        answers = [await town.call("resident", "POST", OWN, body)]
        register.cancel(code, on=day_of(place.now))
        register.register(Plate(code=code, name="他人", id_number="1", registered_on=day_of(place.now)))
        answers.append(await town.call("resident", "POST", OWN, body))
        other = await town.call("resident", "POST", OWN, {**body, **town.an_application(code, new_battery="lithium")})

        assert ["done", "already_so"] == [answer.json().get("change") for answer in answers]
        assert "DEED_IS_ANOTHER" == other.json()["reason"]


async def test_a_fact_that_cannot_be_read_is_refused_where_it_is_stated(later: TradeInTown) -> None:
    town = later
    claim, code = await qualified(town, a_code()), a_code()
    await town.done("store", f"{STORE}/{claim}/sale", **a_sale(town, new_code=code))
    path = f"/v1/trade-in/police/claims/{claim}/register"
    plate = {"on": today(town), "new_code": code}

    assert "FACT_IS_NOT_READABLE" == await town.refused(
        "police", path, **plate, facts={"new_owner_is_applicant": "perhaps"}
    )
    await town.done("police", path, **plate, facts={"new_owner_is_applicant": "yes"})


@pytest.mark.parametrize("days", [-30, -1, 0])
async def test_a_claim_is_not_sent_back_to_be_mended_before_a_day_that_is_over(later: TradeInTown, days: int) -> None:
    town = later
    claim = await qualified(town, a_code())
    await town.done("store", f"{STORE}/{claim}/receive", on=today(town), old_code=await old_code(town, claim))
    await town.done("store", f"{STORE}/{claim}/sale", **a_sale(town))
    await town.done("resident", f"{OWN}/{claim}/submit")
    until = (day_of(town.place.now) + timedelta(days=days)).isoformat()

    assert "MENDING_HAS_NO_TERM" == await town.refused(
        "commerce", f"/v1/trade-in/commerce/claims/{claim}/reject", until=until
    )
    await town.done("commerce", f"/v1/trade-in/commerce/claims/{claim}/reject")


async def old_code(town: TradeInTown, claim: str) -> str:
    seen = await town.seen("store", f"{STORE}/{claim}")
    return str(seen["old"]["code"])


@pytest.mark.parametrize(
    "look_alike",
    [
        "１１７６２２４０００００００１",
        "11762240000000\u0661",
        "11762240000000O",
        "117622400000001 ",
        " 117622400000001",
        "\u200b117622400000001",
        "117622400000001\n",
        "1176224-00000001",
    ],
)
async def test_a_code_that_looks_like_fifteen_digits_is_none(later: TradeInTown, look_alike: str) -> None:
    town = later
    claim = await qualified(town, a_code())

    assert "VEHICLE_CODE_IS_NOT_VALID" == await town.refused("resident", OWN, **town.an_application(look_alike))
    assert "VEHICLE_CODE_IS_NOT_VALID" == await town.refused(
        "store", f"{STORE}/{claim}/sale", **a_sale(town, new_code=look_alike)
    )
