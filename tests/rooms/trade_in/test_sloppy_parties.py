"""Parties that ask twice, late, in another order or for something else change nothing that they should not."""

from datetime import timedelta
from typing import Any

import pytest

from simulator.vehicles import Plate, SimulatedVehicleRegister
from tests.support.builders.chain import a_code
from tests.support.builders.trade_in_town import SOLD, TradeInTown, a_trade_in_town
from yikatong.kernel.instants import day_of
from yikatong.plumbing.database import Database
from yikatong.trade_in.api import OWN

pytestmark = pytest.mark.anyio

STORE = "/v1/trade-in/store/claims"


def a_sale(town: TradeInTown, **changes: Any) -> dict[str, Any]:
    """What a store sends of a sale of today."""
    sale = {"request_id": str(town.place.ids.new()), "on": town.today, "price_fen": 250_000, "new_code": a_code()}
    return {**sale, "facts": SOLD, **changes}


async def test_a_sale_entered_again_under_its_request_with_another_price_is_another(town: TradeInTown) -> None:
    claim = await town.qualified(a_code())
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
    first = await town.qualified(a_code())
    lacking = SOLD | {"new_is_certified": "no"}
    assert "NEW_BIKE_IS_NOT_CERTIFIED" == await town.refused(
        "store", f"{STORE}/{first}/{step}", **a_sale(town, new_code=code, facts=lacking)
    )
    assert "STEP_IS_IN_THE_FUTURE" == await town.refused(
        "store", f"{STORE}/{first}/{step}", **a_sale(town, new_code=code, on="2031-01-01")
    )
    await town.a_resident()
    second = await town.qualified(a_code())

    await town.done("store", f"{STORE}/{second}/{step}", **a_sale(town, new_code=code))


async def test_what_is_asked_again_after_midnight_is_already_so(later: TradeInTown) -> None:
    town = later
    claim = await town.qualified(a_code())
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
        register.register(await town.a_plate(code))
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
    claim, code = await town.qualified(a_code()), a_code()
    await town.done("store", f"{STORE}/{claim}/sale", **a_sale(town, new_code=code))
    path = f"/v1/trade-in/police/claims/{claim}/register"
    plate = {"on": town.today, "new_code": code}

    assert "FACT_IS_NOT_READABLE" == await town.refused(
        "police", path, **plate, facts={"new_owner_is_applicant": "perhaps"}
    )
    await town.done("police", path, **plate, facts={"new_owner_is_applicant": "yes"})


@pytest.mark.parametrize("days", [-30, -1, 0])
async def test_a_claim_is_not_sent_back_to_be_mended_before_a_day_that_is_over(later: TradeInTown, days: int) -> None:
    town = later
    old = a_code()
    claim = await town.qualified(old)
    await town.done("store", f"{STORE}/{claim}/receive", on=town.today, old_code=old)
    await town.done("store", f"{STORE}/{claim}/sale", **a_sale(town))
    await town.done("resident", f"{OWN}/{claim}/submit")
    until = (day_of(town.place.now) + timedelta(days=days)).isoformat()

    assert "MENDING_HAS_NO_TERM" == await town.refused(
        "commerce", f"/v1/trade-in/commerce/claims/{claim}/reject", until=until
    )
    await town.done("commerce", f"/v1/trade-in/commerce/claims/{claim}/reject")


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
    claim = await town.qualified(a_code())

    assert "VEHICLE_CODE_IS_NOT_VALID" == await town.refused("resident", OWN, **town.an_application(look_alike))
    assert "VEHICLE_CODE_IS_NOT_VALID" == await town.refused(
        "store", f"{STORE}/{claim}/sale", **a_sale(town, new_code=look_alike)
    )
