"""Every route of a trade-in lets one role in, and no other; what a role sees is what its steps need."""

import msgspec
import pytest

from tests.support.builders.chain import a_code
from tests.support.builders.trade_in_town import TradeInTown, a_desk, a_trade_in_town
from yikatong.app.outside.vehicles import NoVehicleRegister
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import CallerKind, Route
from yikatong.trade_in.api import routes
from yikatong.trade_in.api.banks import CouponAnswer, CouponLinesAnswer
from yikatong.trade_in.api.roles import Role
from yikatong.trade_in.api.shapes import (
    PoliceClaimAnswer,
    RecyclerClaimAnswer,
    StoreClaimAnswer,
)

pytestmark = pytest.mark.anyio

DOOR = {"KEY_IS_MISSING", "CALLER_IS_NOT_ADMITTED", "PERMISSION_IS_MISSING"}
CALLER_OF = {
    Role.RESIDENT: "resident",
    Role.COUNTER: "clerk",
    Role.STORE: "store",
    Role.RECYCLER: "recycler",
    Role.POLICE: "police",
    Role.COMMERCE: "commerce",
    Role.FINANCE: "finance",
    Role.BANK: "bank",
}
NO_CLAIM, NO_RESIDENT = "clm_" + "0" * 32, "res_" + "0" * 32


def role_of(route: Route) -> Role:
    """The one role whose caller and permission a route names."""
    (role,) = [
        role for role in Role if (role.value.caller,) == route.callers and role.value.permission == route.permission
    ]
    return role


async def test_every_route_lets_its_own_role_in_and_no_other(town: TradeInTown) -> None:
    served = routes(a_desk(town.place, vehicles=NoVehicleRegister()))
    closed = [route for route in served if route.callers]
    open_to_all = {route.path for route in served if not route.callers}
    told: list[str] = []
    for route in closed:
        path = route.path.format(claim_id=NO_CLAIM, division=town.place.code, resident_id=NO_RESIDENT)
        for who in town.callers:
            answer = await town.call(who, route.method, path, {} if route.method == "POST" else None)
            was_let_in = answer.status_code == 200 or answer.json()["reason"] not in DOOR
            if was_let_in != (who.removeprefix("other_") == CALLER_OF[role_of(route)]):
                told.append(f"{who} on {route.name}: {answer.status_code} {answer.text[:80]}")
        nobody = await town.client.request(route.method, path, json={})
        if nobody.json()["reason"] != "KEY_IS_MISSING":
            told.append(f"nobody on {route.name}: {nobody.status_code}")

    assert [] == told
    assert {role_of(route) for route in closed} == set(Role)
    assert {"/v1/trade-in/places/{division}/parties", "/v1/trade-in/places/{division}/prices"} == open_to_all


def test_every_permission_is_a_roles_own() -> None:
    permissions = [role.value.permission for role in Role if role.value.permission is not None]

    assert len(permissions) == len(set(permissions))
    assert [CallerKind.WALLET] == [role.value.caller for role in Role if role.value.permission is None]


def test_goods_are_seen_without_their_person() -> None:
    shapes = (StoreClaimAnswer, RecyclerClaimAnswer, PoliceClaimAnswer, CouponAnswer, CouponLinesAnswer)
    _, known = msgspec.json.schema_components(shapes)
    fields = {field for shape in known.values() for field in shape.get("properties", {})}

    assert {"claim_id", "old_code", "sale", "new_code"} <= fields
    assert set() == fields & {"resident_id", "name", "id_number", "phone", "facts", "by_id"}


async def test_a_claim_of_another_resident_is_as_unknown_as_any(town: TradeInTown) -> None:
    claim = await town.done("resident", "/v1/wallet/trade-in/claims", **town.an_application(a_code()))
    await town.a_resident("another")
    path = f"/v1/wallet/trade-in/claims/{claim['claim']['claim_id']}"

    assert "CLAIM_IS_UNKNOWN" == (await town.call("another", "GET", path)).json()["reason"]
    assert "CLAIM_IS_UNKNOWN" == await town.refused("another", f"{path}/withdraw")
    assert [] == (await town.seen("another", "/v1/wallet/trade-in/claims"))["claims"]
    assert [claim["claim"]] == (await town.seen("resident", "/v1/wallet/trade-in/claims"))["claims"]


async def test_another_places_offices_see_and_move_nothing(db: Database, town: TradeInTown) -> None:
    claim = await town.done("resident", "/v1/wallet/trade-in/claims", **town.an_application(a_code()))
    claim_id = claim["claim"]["claim_id"]
    async with a_trade_in_town(db) as elsewhere:
        for who, path in (
            ("store", f"/v1/trade-in/store/claims/{claim_id}"),
            ("recycler", f"/v1/trade-in/recycler/claims/{claim_id}"),
            ("commerce", f"/v1/trade-in/commerce/claims/{claim_id}"),
            ("finance", f"/v1/trade-in/finance/claims/{claim_id}"),
        ):
            assert "REGION_IS_OUT_OF_SCOPE" == (await elsewhere.call(who, "GET", path)).json()["reason"]
        assert "REGION_IS_OUT_OF_SCOPE" == await elsewhere.refused(
            "commerce", f"/v1/trade-in/commerce/claims/{claim_id}/reject"
        )


async def test_every_look_and_every_step_leaves_its_record_for_the_resident(town: TradeInTown) -> None:
    code = a_code()
    claim = await town.done("resident", "/v1/wallet/trade-in/claims", **town.an_application(code))
    claim_id = claim["claim"]["claim_id"]
    await town.seen("store", f"/v1/trade-in/store/claims?code={code}")
    await town.seen("commerce", f"/v1/trade-in/commerce/claims/{claim_id}")
    async with town.place.db.transaction() as conn:
        cursor = await conn.execute(
            "SELECT what, kind, by_kind FROM access.concern WHERE resident_id = %s ORDER BY record_id",
            [town.callers["resident"].caller.resident_id],
        )
        concerns = await cursor.fetchall()

    assert [
        ("trade_in.qualify", "command", "wallet"),
        ("trade_in.find_claim_for_store", "look", "staff"),
        ("trade_in.get_claim_for_commerce", "look", "operator"),
    ] == concerns


async def test_a_look_without_a_purpose_is_refused(town: TradeInTown) -> None:
    headers = {"Authorization": f"Bearer {town.callers['store'].token}"}
    answer = await town.client.get(f"/v1/trade-in/store/claims?code={a_code()}", headers=headers)

    assert "PURPOSE_IS_MISSING" == answer.json()["reason"]
