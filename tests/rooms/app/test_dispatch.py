"""A call's way through the edge: who is let in, in which order it is refused, and what a refusal looks like."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import psycopg
import pytest
from structlog.testing import capture_logs

from tests.support.builders.access import a_terminal, a_wallet, an_operator
from tests.support.builders.http import Toys, bearer, toys
from tests.support.world import SeededIds
from yikatong.app.http.direct import Answer, RawHeaders
from yikatong.app.http.problems import refusal_of
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def toy(db: Database) -> AsyncIterator[Toys]:
    async with toys(db) as made:
        yield made


async def token_of_an_operator(db: Database, *permissions: str, region: str | None = None) -> str:
    async with db.transaction() as conn:
        return (await an_operator(conn, permissions=permissions or ("*",), region=region)).token


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and reason of a refusal, which must be whole."""
    problem = response.json()
    assert "application/problem+json" == response.headers["content-type"]
    assert response.status_code == problem["status"]
    assert f"urn:yikatong:reason:{problem['reason']}" == problem["type"]
    assert response.headers["x-request-id"] == problem["instance"]
    assert {"zh", "en"} == problem["says"].keys() == problem["remedy"].keys()
    assert {"title", "detail"} <= problem.keys()
    return response.status_code, problem["reason"]


async def test_a_command_by_an_operator_with_the_permission_is_done(db: Database, toy: Toys) -> None:
    token = await token_of_an_operator(db, "shelf.put")
    response = await toy.client.post("/v1/notes", json={"text": "milk"}, headers=bearer(token))

    assert (201, {"text": "milk", "copies_count": 1, "change": "done"}) == (response.status_code, response.json())
    assert ["milk"] == toy.shelf.notes


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "KEY_IS_MISSING"),
        ("Basic b3A6cHc=", "KEY_IS_MISSING"),
        ("Bearer", "KEY_IS_MISSING"),
        ("Bearer x", "KEY_IS_UNKNOWN"),
        ("Bearer yks_" + "A" * 43, "KEY_IS_UNKNOWN"),
        ("Bearer ykk_" + "0" * 32 + "_" + "A" * 43, "KEY_IS_UNKNOWN"),
        ("Bearer ykk_\u00e9".encode("latin-1").decode("latin-1"), "KEY_IS_UNKNOWN"),
    ],
)
async def test_a_call_without_a_known_token_stays_at_the_door(
    toy: Toys, authorization: str | None, reason: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    response = await toy.client.post("/v1/notes", json={"text": "milk"}, headers=headers)  # type: ignore[arg-type]

    assert (401, reason) == refusal(response)
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_call_wrong_in_every_way_is_refused_in_the_written_order(db: Database, toy: Toys) -> None:
    async with db.transaction() as conn:
        wallet = (await a_wallet(conn)).token
        clerk = (await an_operator(conn, permissions=["desk.serve"])).token
        keeper = (await an_operator(conn, permissions=["shelf.put"])).token
    wrong = {"Content-Type": "application/json", "Idempotency-Key": "two words"}
    right = {"Content-Type": "application/json"}

    async def send(content: bytes, headers: dict[str, str]) -> tuple[int, str]:
        return refusal(await toy.client.post("/v1/notes", content=content, headers=headers))

    assert (413, "BODY_IS_TOO_LARGE") == await send(b"x" * 1025, {"Content-Type": "text/plain"})
    assert (415, "CONTENT_TYPE_IS_NOT_JSON") == await send(b"x", {"Content-Type": "text/plain"})
    assert (401, "KEY_IS_MISSING") == await send(b"x", wrong)
    assert (403, "CALLER_IS_NOT_ADMITTED") == await send(b"x", wrong | bearer(wallet))
    assert (403, "PERMISSION_IS_MISSING") == await send(b"x", wrong | bearer(clerk))
    assert (400, "IDEMPOTENCY_KEY_IS_MALFORMED") == await send(b"x", wrong | bearer(keeper))
    assert (400, "BODY_IS_NOT_JSON") == await send(b"x", right | bearer(keeper))
    assert (422, "BODY_IS_NOT_ACCEPTED") == await send(b"{}", right | bearer(keeper))
    assert (409, "SHELF_IS_FULL") == await send(b'{"text":"too much"}', right | bearer(keeper))
    assert [] == toy.shelf.notes


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"text": 5}', "$.text"),
        ('{"text": ""}', "$.text"),
        ('{"text": "a", "copies_count": -1}', "$.copies_count"),
        ('{"text": "a", "copies_count": 1e400}', "$.copies_count"),
        ('{"text": "a", "copies_count": 99999999999999999999999}', "$.copies_count"),
        ('{"text": "a", "copies_count": true}', "$.copies_count"),
        ('{"text": "a", "unknown": 1}', "$"),
        ("[]", "$"),
        ("null", "$"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_with_the_field_named(
    db: Database, toy: Toys, body: str, field: str
) -> None:
    headers = bearer(await token_of_an_operator(db), Content_Type="application/json")
    response = await toy.client.post("/v1/notes", content=body, headers=headers)

    assert (422, "BODY_IS_NOT_ACCEPTED") == refusal(response)
    assert field == response.json()["field"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"text": "a"} x', b"\xff", b'{"text": "\\ud800"}', b"[" * 1000, b"NaN", b'{"text": "\x01"}']
)
async def test_a_body_that_is_not_json_is_refused(db: Database, toy: Toys, body: bytes) -> None:
    headers = bearer(await token_of_an_operator(db), Content_Type="application/json")
    status, reason = refusal(await toy.client.post("/v1/notes", content=body, headers=headers))

    assert (status, reason) in [(400, "BODY_IS_NOT_JSON"), (422, "BODY_IS_NOT_ACCEPTED")]
    assert [] == toy.shelf.notes


async def test_a_body_longer_than_it_says_is_cut_off(db: Database, toy: Toys) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 600

    headers = bearer(await token_of_an_operator(db), Content_Type="application/json")
    response = await toy.client.post("/v1/notes", content=endless(), headers=headers)

    assert (413, "BODY_IS_TOO_LARGE") == refusal(response)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "$.limit"),
        ("limit=x", "$.limit"),
        ("limit=1&limit=2", "$.limit"),
        ("unknown=1", "$"),
        ("limit=null", "$.limit"),
        ("since=0.5", "$.since"),
        ("since=null", "$.since"),
        ("label=" + "x" * 10, "$.label[0]"),
        ("label=a&label=b&label=c&label=d", "$.label"),
        ("limit=%FF", "$"),
        ("&".join(f"p{n}=1" for n in range(50)), "$"),
    ],
)
async def test_a_query_that_does_not_fit_is_refused_with_the_parameter_named(
    db: Database, toy: Toys, query: str, field: str
) -> None:
    response = await toy.client.get(f"/v1/notes?{query}", headers=bearer(await token_of_an_operator(db)))

    assert (422, "QUERY_IS_NOT_ACCEPTED") == refusal(response)
    assert field == response.json()["field"]


async def test_a_repeated_parameter_is_a_list_where_the_field_is_one(db: Database, toy: Toys) -> None:
    response = await toy.client.get("/v1/notes?label=a&label=b&limit=2", headers=bearer(await token_of_an_operator(db)))

    assert {"limit": 2, "labels": ["a", "b"]} == response.json()


async def test_a_value_that_cannot_be_stored_is_refused_and_is_no_fault(db: Database, toy: Toys) -> None:
    headers = bearer(await token_of_an_operator(db))
    too_large = await toy.client.post("/v1/notes/stored", json={"text": "99999999999"}, headers=headers)
    not_kept = await toy.client.post("/v1/notes/stored", json={"text": "a\0b"}, headers=headers)

    assert (422, "VALUE_CANNOT_BE_STORED") == refusal(too_large)
    assert (422, "BODY_IS_NOT_ACCEPTED") == refusal(not_kept)


def test_a_full_disk_is_told_from_a_database_that_is_away() -> None:
    told = [refusal_of(fault) for fault in (psycopg.errors.DiskFull(), psycopg.OperationalError())]

    assert ["DATABASE_HAS_NO_ROOM", "DATABASE_IS_BUSY"] == [refused.reason.name for refused in told if refused]


async def test_an_unknown_address_and_a_wrong_method_are_refused_by_name(toy: Toys) -> None:
    assert (404, "ROUTE_IS_UNKNOWN") == refusal(await toy.client.get("/v1/nothing"))
    response = await toy.client.delete("/v1/notes")
    assert (405, "METHOD_IS_NOT_ALLOWED") == refusal(response)
    assert "GET, HEAD, POST" == response.headers["allow"]


async def test_what_anybody_may_ask_is_answered_to_pages_of_other_sites_and_nothing_else_is(toy: Toys) -> None:
    page = {"Origin": "https://commerce.example"}
    asked = await toy.client.get("/v1/open-notes", headers=page)
    flown = await toy.client.options("/v1/open-notes", headers=page | {"Access-Control-Request-Method": "GET"})
    unread = await toy.client.get("/v1/open-notes?unknown=1", headers=page)
    keyed = await toy.client.options("/v1/notes", headers=page | {"Access-Control-Request-Method": "POST"})
    closed = await toy.client.post("/v1/notes", json={"text": "milk"}, headers=page)

    assert (200, "*") == (asked.status_code, asked.headers["access-control-allow-origin"])
    assert (204, "*", "GET") == (
        flown.status_code,
        flown.headers["access-control-allow-origin"],
        flown.headers["access-control-allow-methods"],
    )
    assert (422, "*") == (unread.status_code, unread.headers["access-control-allow-origin"])
    assert (405, "METHOD_IS_NOT_ALLOWED") == refusal(keyed)
    assert [] == [name for answer in (keyed, closed) for name in answer.headers if name.startswith("access-control")]


async def test_an_address_of_another_region_is_out_of_scope(db: Database, toy: Toys) -> None:
    token = await token_of_an_operator(db, region="981234")

    there = await toy.client.post("/v1/regions-of-shelf/981235/notes", json={"text": "a"}, headers=bearer(token))
    here = await toy.client.post("/v1/regions-of-shelf/981234/notes", json={"text": "a"}, headers=bearer(token))
    assert (403, "REGION_IS_OUT_OF_SCOPE") == refusal(there)
    assert 200 == here.status_code


async def test_a_look_without_a_purpose_is_refused(db: Database, toy: Toys) -> None:
    token = await token_of_an_operator(db)
    address = f"/v1/residents/{show_id('resident', SeededIds().new())}/note"

    assert (403, "PURPOSE_IS_MISSING") == refusal(await toy.client.get(address, headers=bearer(token)))
    for purpose in ("loss report", "%E6%8C%82%E5%A4%B1"):
        assert 200 == (await toy.client.get(address, headers=bearer(token, Purpose=purpose))).status_code


async def test_a_wallet_looks_at_its_own_data_without_a_purpose(db: Database, toy: Toys) -> None:
    async with db.transaction() as conn:
        wallet = await a_wallet(conn)
    assert wallet.caller.resident_id is not None
    address = f"/v1/residents/{show_id('resident', wallet.caller.resident_id)}/note"

    assert 200 == (await toy.client.get(address, headers=bearer(wallet.token))).status_code


async def test_a_fault_of_ours_is_told_by_name_and_id_and_gives_nothing_away(db: Database, toy: Toys) -> None:
    toy.shelf.fault = RuntimeError("secret in a message")
    response = await toy.client.post(
        "/v1/notes", json={"text": "a"}, headers=bearer(await token_of_an_operator(db), X_Request_Id="request-0001")
    )

    assert (500, "SERVER_FAULT") == refusal(response)
    assert "request-0001" == response.json()["instance"]
    assert "secret" not in response.text


async def test_a_fault_of_ours_is_found_by_its_place_in_the_log(db: Database, toy: Toys) -> None:
    toy.shelf.fault = RuntimeError("secret in a message")
    headers = bearer(await token_of_an_operator(db))
    with capture_logs() as lines:
        await toy.client.post("/v1/notes", json={"text": "a"}, headers=headers)

    [fault] = [line for line in lines if line["event"] == "fault"]
    assert "RuntimeError" == fault["fault"]
    assert any(place.startswith("dispatch.py:") for place in fault["places"])
    assert "at" not in fault, "`at` is the line's instant"
    assert "secret" not in str(fault)


@pytest.mark.parametrize("sent", ["short", "x" * 65, "line\tbreak", "<script>"])
async def test_a_request_id_of_another_form_is_replaced(toy: Toys, sent: str) -> None:
    response = await toy.client.get("/v1/time", headers={"X-Request-Id": sent})

    assert sent != response.headers["x-request-id"]
    assert 32 == len(response.headers["x-request-id"])


async def test_every_answer_carries_the_security_headers(toy: Toys) -> None:
    for address in ("/v1/time", "/v1/nothing", "/v1/notes"):
        headers = (await toy.client.get(address)).headers
        assert "nosniff" == headers["x-content-type-options"]
        assert "no-store" == headers["cache-control"]
        assert "default-src 'none'; frame-ancestors 'none'" == headers["content-security-policy"]


async def test_above_the_calls_at_once_a_call_is_told_to_come_back(db: Database) -> None:
    async with toys(db, calls_at_once_max=0) as toy:
        response = await toy.client.get("/v1/time")

    assert (503, "SERVER_IS_BUSY") == refusal(response)
    assert "1" == response.headers["retry-after"]


async def test_a_terminal_is_not_let_in_where_only_operators_are(db: Database, toy: Toys) -> None:
    async with db.transaction() as conn:
        terminal = (await a_terminal(conn)).token

    response = await toy.client.post("/v1/notes", json={"text": "a"}, headers=bearer(terminal))
    assert (403, "CALLER_IS_NOT_ADMITTED") == refusal(response)


class Raw:
    """A direct route that gives back what it was sent, and fails where it is told to."""

    body_bytes_max = 9

    async def answer(self, headers: RawHeaders, read_body: Callable[[], Awaitable[bytes]]) -> Answer:
        body = await read_body()
        if body == b"fail":
            raise RuntimeError("secret")
        return Answer(299, [(b"content-type", b"text/raw")], body)


async def test_a_direct_route_answers_its_address_alone_and_its_faults_do_not_get_out(db: Database) -> None:
    async with toys(db, direct_routes={"/v1/raw": Raw()}) as toy:
        answered = await toy.client.post("/v1/raw", content=b"raw")
        fault = await toy.client.post("/v1/raw", content=b"fail")
        too_large = await toy.client.post("/v1/raw", content=b"0123456789")
        other_method = await toy.client.get("/v1/raw")
        beside = await toy.client.post("/v1/raw/x")

    assert (299, b"raw", "3") == (answered.status_code, answered.content, answered.headers["content-length"])
    assert (500, "SERVER_FAULT") == refusal(fault)
    assert "secret" not in fault.text
    assert (413, "BODY_IS_TOO_LARGE") == refusal(too_large)
    assert (405, "METHOD_IS_NOT_ALLOWED") == refusal(other_method)
    assert "POST" == other_method.headers["allow"]
    assert 404 == beside.status_code


async def test_above_the_calls_at_once_a_direct_call_is_told_to_come_back_too(db: Database) -> None:
    async with toys(db, direct_routes={"/v1/raw": Raw()}, calls_at_once_max=0) as toy:
        response = await toy.client.post("/v1/raw", content=b"raw")

    assert (503, "SERVER_IS_BUSY") == refusal(response)
    assert "1" == response.headers["retry-after"]


async def test_two_routes_of_one_name_or_address_are_found_when_the_application_is_built(db: Database) -> None:
    async with toys(db) as toy:
        twin = toy.shelf
    from tests.support.builders.http import toy_route

    for path, name in [("/v1/elsewhere", "put_note"), ("/v1/notes", "other")]:
        with pytest.raises(ValueError, match="two routes are"):
            async with toys(db, more=[toy_route(name, path, handle=twin.put)]):
                pass
