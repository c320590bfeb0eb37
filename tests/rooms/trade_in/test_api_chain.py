"""A claim goes its way over HTTP, from party to party; what is wrong is refused by name and nothing is lost."""

from typing import Any

import pytest
from msgspec import structs

from simulator.vehicles import SimulatedVehicleRegister
from tests.support.builders.chain import a_code
from tests.support.builders.store_lists import a_text_table
from tests.support.builders.trade_in_town import SOLD, TradeInTown, a_trade_in_town
from yikatong.kernel.instants import day_of
from yikatong.plumbing.database import Database
from yikatong.trade_in.api import OWN
from yikatong.trade_in.service.lists import import_parties

pytestmark = pytest.mark.anyio

PROOF = "ab" * 32


async def test_a_claim_that_is_paid_later_goes_from_hand_to_hand(later: TradeInTown) -> None:
    town = later
    old, new = a_code(), a_code()
    today = day_of(town.place.now).isoformat()
    claim = await town.qualified(old)
    await town.done("store", f"/v1/trade-in/store/claims/{claim}/receive", on=today, old_code=old)
    await town.done("recycler", f"/v1/trade-in/recycler/claims/{claim}/collect", on=today, old_code=old)
    await town.done("recycler", f"/v1/trade-in/recycler/claims/{claim}/dismantle", on=today, proof=PROOF)
    await town.done("police", f"/v1/trade-in/police/claims/{claim}/cancel-plate", on=today, old_code=old)
    sale = {"on": today, "price_fen": 250_000, "new_code": new, "facts": SOLD}
    await town.done("store", f"/v1/trade-in/store/claims/{claim}/sale", **sale)
    plate = {"on": today, "new_code": new, "facts": {"new_owner_is_applicant": "yes"}}
    await town.done("police", f"/v1/trade-in/police/claims/{claim}/register", **plate)
    await town.done("resident", f"{OWN}/{claim}/submit")
    checked = await town.done("commerce", f"/v1/trade-in/commerce/claims/{claim}/check")
    seen = await town.seen("commerce", f"/v1/trade-in/commerce/claims/{claim}")
    money = (await town.seen("finance", f"/v1/trade-in/finance/claims/{claim}"))["money"]
    listed = await town.seen("commerce", f"/v1/trade-in/commerce/claims?place={town.place.code}&state=checked")

    assert ["done", "checked", "dismantled", "cancelled", "registered"] == [
        checked[part] for part in ("change", "state", "old", "plate", "new")
    ]
    assert (PROOF, new, 250_000) == (seen["proof"], seen["claim"]["new"]["code"], seen["claim"]["price_fen"])
    assert 0 < seen["claim"]["amount_fen"] <= money["held_fen"] == money["reserved_fen"]
    assert [claim] == [line["claim_id"] for line in listed["claims"]]


async def test_the_same_step_again_is_already_so_and_another_under_its_id_is_refused(town: TradeInTown) -> None:
    old, today = a_code(), day_of(town.place.now).isoformat()
    claim = await town.qualified(old)
    path = f"/v1/trade-in/store/claims/{claim}/receive"
    body = {"request_id": str(town.place.ids.new()), "on": today, "old_code": old}
    answers = [await town.call("store", "POST", path, body) for _ in range(2)]
    other = await town.call("store", "POST", path, {**body, "on": "2026-11-24"})

    assert ["done", "already_so"] == [answer.json()["change"] for answer in answers]
    assert "DEED_IS_ANOTHER" == other.json()["reason"]


async def test_a_bike_that_is_another_is_neither_received_nor_registered(town: TradeInTown) -> None:
    today = day_of(town.place.now).isoformat()
    claim = await town.qualified(a_code())

    for who, step in (("store", "receive"), ("recycler", "receive"), ("police", "cancel-plate")):
        path = f"/v1/trade-in/{who}/claims/{claim}/{step}"
        assert "VEHICLE_IS_ANOTHER" == await town.refused(who, path, on=today, old_code=a_code())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"old_code": "1"}, "VEHICLE_CODE_IS_NOT_VALID"),
        ({"old_code": "1" * 17}, "VEHICLE_CODE_IS_NOT_VALID"),
        ({"place": "110000"}, "PROGRAMME_IS_NOT_IN_FORCE"),
        ({"place": "11"}, "BODY_IS_NOT_ACCEPTED"),
        ({"facts": {"old_battery": "nuclear"}}, "FACT_IS_NOT_READABLE"),
        ({"facts": {"old_battery": "lithium", "bought_on": "2024-02-30"}}, "FACT_IS_NOT_READABLE"),
        ({"facts": {"old_battery": "lithium", "store_is_listed": "yes"}}, "FACT_IS_NOT_FOR_THIS_PARTY"),
        ({"facts": {"old_battery": "lithium", "age_years": "99"}}, "FACT_IS_NOT_FOR_THIS_PARTY"),
        ({"request_id": "no id"}, "BODY_IS_NOT_ACCEPTED"),
    ],
)
async def test_an_application_that_cannot_be_is_refused_and_nothing_is_kept(
    town: TradeInTown, change: dict[str, Any], reason: str
) -> None:
    left = await town.place.left()

    assert reason == await town.refused("resident", OWN, **{**town.an_application(a_code()), **change})
    assert [] == (await town.seen("resident", OWN))["claims"]
    assert left == await town.place.left()


async def test_what_the_register_of_vehicles_says_counts_before_what_is_stated(db: Database) -> None:
    register = SimulatedVehicleRegister()
    async with a_trade_in_town(db, vehicles=register) as town:
        theirs, another, unplated = a_code(), a_code(), a_code()
        plate = await town.a_plate(theirs)
        register.register(plate)
        register.register(structs.replace(plate, code=another, id_number="1"))
        claim = await town.done("resident", OWN, **town.an_application(theirs, old_owner_is_applicant="no"))

        assert {
            "old_is_plated": "yes",
            "old_owner_is_applicant": "yes",
            "old_registered_on": plate.registered_on.isoformat(),
        } == {
            name: claim["claim"]["facts"].get(name)
            for name in ("old_is_plated", "old_owner_is_applicant", "old_registered_on")
        }
        await town.a_resident("resident")
        assert "OLD_BIKE_IS_OF_ANOTHER_PERSON" == await town.refused("resident", OWN, **town.an_application(another))
        assert "OLD_BIKE_HAS_NO_PROOF_OF_OWNERSHIP" == await town.refused(
            "resident", OWN, **town.an_application(unplated)
        )


async def test_the_last_place_is_given_once_and_the_next_applicant_hears_that_the_budget_is_used_up(
    db: Database,
) -> None:
    async with a_trade_in_town(db, fund_fen=50_000) as town:
        await town.qualified(a_code())
        await town.a_resident("late")
        assert "BUDGET_IS_USED_UP" == await town.refused("late", OWN, **town.an_application(a_code()))


async def test_a_store_that_is_on_no_list_that_day_sells_nothing_under_a_claim(later: TradeInTown) -> None:
    town = later
    claim = await town.qualified(a_code())
    store = town.providers["store"]
    row = [store.credit_code, store.name_zh, "门店", "2026-01-01", day_of(town.place.now)]
    async with town.place.db.transaction() as conn:
        await import_parties(conn, place=town.place.code, data=a_text_table([row]))
    sale = {"on": day_of(town.place.now).isoformat(), "price_fen": 250_000, "new_code": a_code(), "facts": SOLD}

    assert "STORE_IS_NOT_LISTED" == await town.refused("store", f"/v1/trade-in/store/claims/{claim}/sale", **sale)
    await town.done("other_store", f"/v1/trade-in/store/claims/{claim}/sale", **sale)


async def test_finance_fills_a_budget_once_for_a_request(town: TradeInTown) -> None:
    path, place = "/v1/trade-in/finance/budgets", town.place
    body = {"request_id": str(place.ids.new()), "place": place.code, "year": 2026, "amount_fen": 7_700_000}
    body |= {"reference": str(place.ids.new())}
    before = await place.left()
    answers = [await town.call("finance", "POST", path, body) for _ in range(2)]
    seen = await town.seen("finance", f"{path}?place={place.code}&year=2026")

    assert ["done", "already_so"] == [answer.json()["change"] for answer in answers]
    assert before + 7_700_000 == seen["left_fen"] == await place.left()
