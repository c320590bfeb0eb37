"""The catalogue over HTTP: bodies decode strictly, ids that cannot be read are unknown, each sees its own."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
import psycopg
import pytest

from tests.support.builders.catalogue import a_credit_code, a_place, a_provider, a_terminal
from tests.support.builders.places import DIVISION, a_region
from tests.support.world import NOON, SeededIds
from yikatong.access.model import Reason as AccessReason
from yikatong.catalogue.api import routes
from yikatong.catalogue.model import Reason
from yikatong.catalogue.service import seed_items
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.places.api import routes as places_routes
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import Call, Caller, CallerKind, Route, RouteKind
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

pytestmark = pytest.mark.anyio

ROUTES = {route.name: route for route in (*routes(), *places_routes())}
IDS = SeededIds()


def an_operator(region: str, *, divisions: tuple[str, ...] = ()) -> Caller:
    return Caller(kind=CallerKind.OPERATOR, id=IDS.new(), region=region, divisions=divisions)


async def ask(
    conn: psycopg.AsyncConnection[Any],
    name: str,
    *,
    caller: Caller | None = None,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
    **path: str,
) -> Any:
    """Call a route as the edge would: decode, handle, encode."""
    route = ROUTES[name]
    call = Call(conn=conn, caller=caller, now=NOON, ids=IDS, request_id="test", purpose=None, path=path)
    decoded_body = None if route.body is None else msgspec.json.decode(msgspec.json.encode(body), type=route.body)
    decoded_query = None if route.query is None else msgspec.convert(query or {}, route.query, strict=False)
    answer = await route.handle(call, decoded_body, decoded_query)
    written = msgspec.json.encode(answer)
    msgspec.json.decode(written, type=route.answer)
    return msgspec.json.decode(written)


async def reason_of(conn: psycopg.AsyncConnection[Any], name: str, **parts: Any) -> Any:
    with pytest.raises(Refused) as refused:
        await ask(conn, name, **parts)
    return refused.value.reason


def a_meal_body(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "code": "item-" + IDS.random_bytes(8).hex(),
        "list_version": "tests 1",
        "source": "a test",
        "name_zh": "测试用餐",
        "name_en": "Test meal",
        "scenario_zh": "测试场景",
        "place_zh": "测试场所",
        "forms": ["card", "qr"],
        "item_class": "payment",
        "scene": "community",
        "line": "retail",
        "least_strength": 1,
        "assurance_level": 2,
        "learns": ["presence_only"],
        "funding": ["benefit:elder-meal", "bank"],
        "amount_required": True,
        "amount_fen_max": 20000,
        "valid_from": "2026-11-25",
    }
    return body | changes


def a_terminal_body(provider_id: str, place_id: str, public_key: bytes) -> dict[str, Any]:
    return {
        "provider_id": provider_id,
        "place_id": place_id,
        "label": "收银台",
        "purposes": ["community"],
        "learns": ["presence_only"],
        "public_key": urlsafe_b64encode(public_key).rstrip(b"=").decode(),
    }


def test_every_command_names_a_permission_and_is_for_operators() -> None:
    for route in ROUTES.values():
        if route.kind is RouteKind.COMMAND:
            assert route.permission, route.name
            assert (CallerKind.OPERATOR,) == route.callers


def test_registering_a_provider_and_revoking_a_terminal_need_a_second_person() -> None:
    needing = {route.name for route in ROUTES.values() if route.second_person}

    assert {"register_provider", "revoke_terminal"} == needing


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES.keys())
def test_every_body_and_query_refuses_fields_it_does_not_know(route: Route) -> None:
    for shape in (route.body, route.query):
        if shape is not None:
            with pytest.raises(msgspec.ValidationError):
                msgspec.json.decode(b'{"no_such_field": 1}', type=shape)


@pytest.mark.parametrize(
    "changes",
    [{"amount_fen_max": -1}, {"amount_fen_max": 2**63}, {"code": "../x"}, {"funding": ["cash"]}, {"least_strength": 0}],
)
def test_a_body_out_of_bounds_does_not_decode(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(a_meal_body(**changes)), type=ROUTES["publish_item"].body)


async def test_an_operator_publishes_to_the_own_region_and_anyone_reads_it(db: Database) -> None:
    async with db.transaction() as conn:
        operator = an_operator(await a_region(conn))
        body = a_meal_body()
        published = await ask(conn, "publish_item", caller=operator, body=body)
        read = await ask(conn, "get_item", code=body["code"], query={"region": operator.region, "on": "2026-11-25"})
        listed = await ask(conn, "list_items", query={"region": operator.region, "search": body["code"]})
        ended = await ask(conn, "end_item", caller=operator, code=body["code"], body={"until": "2026-12-01"})

    assert ("done", operator.region) == (published["change"], published["item"]["region"])
    assert published["item"] == read
    assert {"items": [read], "next_after": None} == listed
    assert "2026-12-01" == ended["item"]["valid_until"]


async def test_a_page_says_where_the_next_one_begins(db: Database) -> None:
    async with db.transaction() as conn:
        operator = an_operator(await a_region(conn))
        prefix = "item-" + IDS.random_bytes(4).hex()
        for ending in ("a", "b", "c"):
            await ask(conn, "publish_item", caller=operator, body=a_meal_body(code=f"{prefix}-{ending}"))
        query = {"region": operator.region, "search": prefix, "limit": "2"}
        first = await ask(conn, "list_items", query=query)
        second = await ask(conn, "list_items", query=query | {"after": first["next_after"]})

    assert [f"{prefix}-a", f"{prefix}-b"] == [item["code"] for item in first["items"]]
    assert ([f"{prefix}-c"], None) == ([item["code"] for item in second["items"]], second["next_after"])


async def test_provider_place_and_terminal_are_registered_and_the_token_is_shown_once(db: Database) -> None:
    key = trust.encode_cose_key(trust.new_signing_key(Algorithm.ES256).public_key)
    async with db.transaction() as conn:
        operator = an_operator(await a_region(conn))
        await seed_items(conn)
        provider_body = {"credit_code": a_credit_code(IDS), "name_zh": "亭亭社区食堂", "kind": "canteen"}
        provider = (await ask(conn, "register_provider", caller=operator, body=provider_body))["provider"]
        place_body = {"provider_id": provider["id"], "division": DIVISION, "name_zh": "食堂"}
        place = (await ask(conn, "register_place", caller=operator, body=place_body))["place"]
        body = a_terminal_body(provider["id"], place["id"], key)
        first = await ask(conn, "register_terminal", caller=operator, body=body)
        second = await ask(conn, "register_terminal", caller=operator, body=body)
        shown = await ask(conn, "get_provider", caller=operator, id=provider["id"])
        listed = await ask(conn, "list_terminals", caller=operator, id=provider["id"])

    assert first["token"].startswith("ykk_")
    assert ("already_so", None) == (second["change"], second["token"])
    assert (body["public_key"], "ES256") == (first["terminal"]["public_key"], first["terminal"]["algorithm"])
    assert provider == shown
    assert [first["terminal"]] == listed["terminals"]


async def test_an_operator_registers_places_in_the_divisions_held_only(db: Database) -> None:
    async with db.transaction() as conn:
        provider = await a_provider(conn, IDS, region=await a_region(conn))
        body = {"provider_id": show_id("provider", provider.id), "division": DIVISION, "name_zh": "食堂"}
        narrow = an_operator(provider.region, divisions=("5001",))

        assert AccessReason.DIVISION_IS_OUT_OF_SCOPE is await reason_of(
            conn, "register_place", caller=narrow, body=body
        )


@pytest.mark.parametrize("text", ["", "trm_", "prv_" + "0" * 32, "trm_" + "0" * 31 + "G", "trm_" + "0" * 32, "%00"])
async def test_an_id_that_cannot_be_read_is_unknown(db: Database, text: str) -> None:
    async with db.transaction() as conn:
        operator = an_operator(await a_region(conn))

        assert Reason.TERMINAL_IS_UNKNOWN is await reason_of(conn, "get_terminal", caller=operator, id=text)
        assert Reason.TERMINAL_IS_UNKNOWN is await reason_of(conn, "revoke_terminal", caller=operator, id=text)


async def test_a_key_that_is_no_base64_of_a_cose_key_is_malformed(db: Database) -> None:
    async with db.transaction() as conn:
        provider = await a_provider(conn, IDS, region=await a_region(conn))
        place = await a_place(conn, IDS, provider=provider)
        body = a_terminal_body(show_id("provider", provider.id), show_id("place", place.id), b"x")
        reason = await reason_of(conn, "register_terminal", caller=an_operator(provider.region), body=body)
        one_letter = await reason_of(
            conn, "register_terminal", caller=an_operator(provider.region), body=body | {"public_key": "A"}
        )

    assert ("KEY_IS_MALFORMED", "KEY_IS_MALFORMED") == (reason.name, one_letter.name)


async def test_a_terminal_sees_itself_and_staff_their_providers_terminals(db: Database) -> None:
    async with db.transaction() as conn:
        region = await a_region(conn)
        provider, other = await a_provider(conn, IDS, region=region), await a_provider(conn, IDS, region=region)
        terminal = (await a_terminal(conn, IDS, provider=provider)).terminal
        shown_id = show_id("terminal", terminal.id)
        itself = Caller(kind=CallerKind.TERMINAL, id=terminal.id, region=region)
        another = Caller(kind=CallerKind.TERMINAL, id=IDS.new(), region=region)
        staff = Caller(kind=CallerKind.STAFF, id=IDS.new(), region=region, provider_id=provider.id)
        others_staff = Caller(kind=CallerKind.STAFF, id=IDS.new(), region=region, provider_id=other.id)
        for caller in (itself, staff):
            assert shown_id == (await ask(conn, "get_terminal", caller=caller, id=shown_id))["id"]
        for caller in (another, others_staff):
            assert Reason.TERMINAL_IS_UNKNOWN is await reason_of(conn, "get_terminal", caller=caller, id=shown_id)
        provider_id = show_id("provider", provider.id)

        assert Reason.PROVIDER_IS_UNKNOWN is await reason_of(
            conn, "list_terminals", caller=others_staff, id=provider_id
        )


async def test_purposes_and_recognitions_are_set_in_the_callers_region(db: Database) -> None:
    async with db.transaction() as conn:
        region, peer = await a_region(conn), await a_region(conn)
        operator = an_operator(region)
        terminal = (await a_terminal(conn, IDS, provider=await a_provider(conn, IDS, region=region))).terminal
        purposes = {"purposes": ["culture"], "learns": ["age_band"]}
        allowed = await ask(conn, "allow_purposes", caller=operator, id=show_id("terminal", terminal.id), body=purposes)
        body = {"from_region": peer, "scope": "class", "subject": "identity", "valid_from": "2026-11-25"}
        recognised = await ask(conn, "set_recognition", caller=operator, body=body)
        listed = await ask(conn, "list_recognitions", query={"region": peer})
        ending = {"from_region": peer, "scope": "class", "subject": "identity", "until": "2026-12-01"}
        ended = await ask(conn, "end_recognition", caller=operator, body=ending)
        unknown = await reason_of(conn, "end_recognition", caller=operator, body=ending | {"subject": "payment"})

    assert {"change": "done"} == ended
    assert Reason.RECOGNITION_IS_UNKNOWN is unknown
    assert ({"change": "done"}, {"change": "done"}) == (allowed, recognised)
    assert [(peer, region, "identity")] == [
        (row["from_region"], row["to_region"], row["subject"]) for row in listed["recognitions"]
    ]


async def test_anyone_reads_regions_and_divisions(db: Database) -> None:
    async with db.transaction() as conn:
        region = await a_region(conn)
        regions = await ask(conn, "list_regions", query={"hosted": "true"})
        page = await ask(conn, "list_divisions", query={"under": "310", "limit": "2"})
        history = await ask(conn, "get_division", code="310225")
        reasons = {(await reason_of(conn, "get_division", code=code)).name for code in ("69'000", "690000", "6\0")}

    assert region in {row["code"] for row in regions["regions"]}
    assert (["310000", "310100"], "310100") == ([row["code"] for row in page["divisions"]], page["next_after"])
    assert (["310119"], ["310115"]) == (history["history"][0]["successors"], history["successors"])
    assert {"DIVISION_IS_UNKNOWN"} == reasons


@pytest.mark.parametrize("code", ["", "no-such-item", "A", "a\0b", "a" * 10_000, "食堂"])
async def test_a_code_that_cannot_be_one_is_on_no_list(db: Database, code: str) -> None:
    async with db.transaction() as conn:
        assert Reason.ITEM_IS_NOT_ON_THE_LIST is await reason_of(conn, "get_item", code=code)
