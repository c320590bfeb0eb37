"""T20 Bad input: malformed, oversized, cut off, negative, overflowing, not UTF-8 (docs/threats.md)."""

import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.builders.access import a_wallet
from tests.support.builders.counter import BUCKET, Phone
from tests.support.builders.http import bearer
from tests.support.builders.served import Served, a_served_world
from yikatong.ledger import service as ledger
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import CallerKind
from yikatong.taps import store
from yikatong.taps.rules import provider_account

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def served(db: Database) -> AsyncIterator[Served]:
    """A whole application, for all the bad input there is."""
    async with a_served_world(db) as served:
        yield served


@pytest.fixture(scope="module")
async def phone(served: Served) -> Phone:
    """Somebody who could pay."""
    return await served.world.a_phone(purse_fen=50_000)


def shortly(value: object) -> str:
    """A value in few letters."""
    return repr(value)[:40]


def a_body(served: Served, phone: Phone, **changes: Any) -> dict[str, Any]:
    """A good tap of 1.00 yuan, spoilt by a change."""
    body: dict[str, Any] = msgspec.to_builtins(served.world.answered(phone, amount_fen=100))
    return {**{name: value for name, value in body.items() if value not in (None, [])}, **changes}


async def money(served: Served, phone: Phone) -> tuple[int, int]:
    """What the resident has and what the canteen is owed."""
    async with served.world.db.transaction() as conn:
        owed = await ledger.open_balance(conn, buckets=[BUCKET], account=provider_account(served.world.provider.id))
    return await served.world.balance(phone), owed


async def turned_away(served: Served, phone: Phone, content: bytes, **headers: str) -> tuple[int, str]:
    """Send bytes as a tap, see that no money moved, and give status and reason."""
    before = await money(served, phone)
    answer = await served.tap(content, **headers)
    assert 400 <= answer.status_code < 500, f"{content[:200]!r}: {answer.status_code} {answer.text}"
    assert "application/problem+json" == answer.headers["content-type"]
    assert before == await money(served, phone)
    return answer.status_code, answer.json()["reason"]


async def test_a_good_tap_is_good(served: Served, phone: Phone) -> None:
    answer = await served.tap(json.dumps(a_body(served, phone)).encode())

    assert (200, "admitted") == (answer.status_code, answer.json()["outcome"])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"request_id":"\xc3\x28aaaaaaaa"}',
        b'{"request_id":"a\x00aaaaaaaaa"}',
        b'{"request_id":"\\ud800aaaaaaaaa"}',
        b'{"amount_fen":1e}',
        b'{"amount_fen":01}',
        b'{"amount_fen":NaN}',
        b"nul",
        b'{"request_id":"aaaaaaaaa" "item":"x"}',
    ],
)
async def test_what_is_no_json_is_said_to_be_none(served: Served, phone: Phone, content: bytes) -> None:
    assert (400, "BODY_IS_NOT_JSON") == await turned_away(served, phone, content)


@pytest.mark.parametrize("content", [b"[]", b"null", b"1", b'"x"', b"[]]", b"[" * 2_000, b'{"a":' * 800, b"{}"])
async def test_json_that_is_no_tap_is_not_accepted(served: Served, phone: Phone, content: bytes) -> None:
    status, reason = await turned_away(served, phone, content)

    assert (status, reason) in {(400, "BODY_IS_NOT_JSON"), (422, "BODY_IS_NOT_ACCEPTED")}


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"amount_fen": -(2**63)},
        {"amount_fen": 2**63},
        {"amount_fen": 2**64 + 1},
        {"amount_fen": 10**400},
        {"amount_fen": 10_000_000_000_001},
        {"amount_fen": 1.5},
        {"amount_fen": 1e300},
        {"amount_fen": "100"},
        {"amount_fen": True},
        {"amount_fen": [100]},
        {"request_id": "short"},
        {"request_id": "x" * 65},
        {"request_id": "with a space"},
        {"request_id": "newline-\n-inside"},
        {"request_id": "newline-behind\n"},
        {"item": "newline-behind\n"},
        {"answers": "0123456789abcdef\n"},
        {"request_id": 12345678},
        {"request_id": None},
        {"item": "x" * 49},
        {"item": "../../etc/passwd"},
        {"item": "'; DROP TABLE taps.tap; --"},
        {"item": "nul-\x00-inside"},
        {"item": {"code": "x"}},
        {"code": "Y" * 521},
        {"code": 1},
        {"answers": "zz"},
        {"answers": "AB" * 8},
        {"learn": ["x" * 33]},
        {"learn": ["name"] * 9},
        {"learn": "name"},
        {"unknown_field": 1},
        {"attested": {}},
        {"attested": "me"},
    ],
    ids=shortly,
)
async def test_a_value_out_of_its_bounds_names_its_field(served: Served, phone: Phone, changes: dict[str, Any]) -> None:
    content = json.dumps(a_body(served, phone, **changes)).encode()

    assert (422, "BODY_IS_NOT_ACCEPTED") == await turned_away(served, phone, content)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": ""}, "CODE_IS_NOT_READABLE"),
        ({"code": "YK1:"}, "CODE_IS_NOT_READABLE"),
        ({"code": "YK9:ABC"}, "CODE_VERSION_IS_UNKNOWN"),
        ({"code": "YK1:" + "A" * 516}, "CODE_IS_TOO_LONG"),
        ({"code": "YK1:王小明"}, "CODE_IS_NOT_READABLE"),
        ({"amount_fen": 10_000_000_000_000}, "CODE_ANSWERS_ANOTHER_AMOUNT"),
        ({"chip": "AAAA"}, "PRESENTATION_IS_MISSING"),
        ({"code": None}, "PRESENTATION_IS_MISSING"),
        ({"code": None, "chip": "AAAA"}, "CHIP_IS_NOT_READABLE"),
        ({"code": None, "chip": "\u00e9" * 40}, "CHIP_IS_NOT_READABLE"),
        ({"item": "no-such-item"}, None),
    ],
    ids=shortly,
)
async def test_what_fits_the_form_and_nothing_else_is_refused_by_its_room(
    served: Served, phone: Phone, changes: dict[str, Any], reason: str | None
) -> None:
    _, refused = await turned_away(served, phone, json.dumps(a_body(served, phone, **changes)).encode())

    assert (reason or refused) == refused


async def test_a_field_that_comes_twice_counts_once(served: Served, phone: Phone) -> None:
    """The last one counts, for the digest as for the decision: here it is not what was signed."""
    text = json.dumps(a_body(served, phone))
    twice = text[:-1] + ', "amount_fen": 1}'

    assert (422, "CODE_ANSWERS_ANOTHER_AMOUNT") == await turned_away(served, phone, twice.encode())


@pytest.mark.parametrize("size", [4_097, 100_000, 10_000_000])
async def test_a_body_too_large_is_not_read(served: Served, phone: Phone, size: int) -> None:
    padded = json.dumps(a_body(served, phone)).encode().ljust(size)

    assert (413, "BODY_IS_TOO_LARGE") == await turned_away(served, phone, padded)


async def test_a_body_that_says_it_is_large_is_not_even_begun(served: Served, phone: Phone) -> None:
    assert (413, "BODY_IS_TOO_LARGE") == await turned_away(served, phone, b"{}", Content_Length="10000000")


async def test_a_body_that_does_not_say_its_length_is_read_no_further_than_the_bound(
    served: Served, phone: Phone
) -> None:
    read: list[bytes] = []

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            read.append(b" " * 1_000)
            yield read[-1]

    before = await money(served, phone)
    headers = bearer(served.world.till.token, Content_Type="application/json")
    answer = await served.client.post("/v1/taps", content=pieces(), headers=headers)

    assert (413, "BODY_IS_TOO_LARGE") == (answer.status_code, answer.json()["reason"])
    assert 5 == len(read)
    assert before == await money(served, phone)


async def test_every_cut_of_a_good_body_is_turned_away(served: Served, phone: Phone) -> None:
    whole = json.dumps(a_body(served, phone)).encode()

    for length in range(0, len(whole), 7):
        assert (400, "BODY_IS_NOT_JSON") == await turned_away(served, phone, whole[:length])


async def test_every_flipped_letter_of_a_code_is_turned_away(served: Served, phone: Phone) -> None:
    body = a_body(served, phone)
    code: str = body["code"]

    for place in range(0, len(code), 9):
        flipped = code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :]
        await turned_away(served, phone, json.dumps({**body, "code": flipped}).encode())


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "application/json; charset=utf-16", "", "application/x-www-form-urlencoded"],
)
async def test_another_content_type_is_not_read(served: Served, phone: Phone, kind: str) -> None:
    content = json.dumps(a_body(served, phone)).encode()

    assert (415, "CONTENT_TYPE_IS_NOT_JSON") == await turned_away(served, phone, content, Content_Type=kind)


async def test_whom_nobody_knows_is_told_nothing_about_a_body(served: Served, phone: Phone) -> None:
    content = json.dumps(a_body(served, phone, amount_fen=-1)).encode()

    for token in (b"ytk_" + b"0" * 60, b"x", b"\xe7\x8e\x8b", b"\xff" * 500, b" "):
        headers = {b"Authorization": b"Bearer " + token, b"Content-Type": b"application/json"}
        answer = await served.client.post("/v1/taps", content=content, headers=headers)
        assert 401 == answer.status_code, answer.text


@pytest.mark.parametrize(
    ("attested_at", "reason"),
    [
        ("2026-11-25T04:00:00", "BODY_IS_NOT_ACCEPTED"),
        ("0001-01-01T00:00:00+14:00", "BODY_IS_NOT_ACCEPTED"),
        ("9999-12-31T23:59:59Z", "BODY_IS_NOT_ACCEPTED"),
        ("1970-01-01T00:00:00+14:00", "ATTESTATION_IS_OUT_OF_TIME"),
        ("2999-12-31T23:59:59-14:00", "ATTESTATION_IS_OUT_OF_TIME"),
        ("2026-11-25T03:00:00Z", "ATTESTATION_IS_OUT_OF_TIME"),
    ],
)
async def test_an_operators_word_of_another_time_is_refused(
    served: Served, phone: Phone, attested_at: str, reason: str
) -> None:
    word = msgspec.to_builtins(await served.world.attested(phone, by=await served.an_operator(), amount_fen=100))
    word["attested"]["attested_at"] = attested_at

    assert (422, reason) == await turned_away(served, phone, json.dumps(word).encode())


async def test_a_line_break_behind_a_name_makes_no_other_name(served: Served) -> None:
    """In Python the end of a pattern lets a line break pass, and two accounts would look alike."""
    operator = await served.an_operator()
    body = {"login_name": "li.na\n", "display_name": "李娜"}

    answer = await served.by(operator.token, "POST", "/v1/operators", body)
    query = await served.by(operator.token, "GET", "/v1/records?before=rec_" + "0" * 32 + "%0A", Purpose="a test")

    assert ("BODY_IS_NOT_ACCEPTED", "$.login_name") == (answer.json()["reason"], answer.json()["field"])
    assert ("QUERY_IS_NOT_ACCEPTED", "$.before") == (query.json()["reason"], query.json()["field"])


async def test_a_character_that_the_database_cannot_keep_is_refused_in_bodies_and_queries(served: Served) -> None:
    operator = await served.an_operator()
    body = {"login_name": "li.na", "display_name": "李\x00娜"}

    answer = await served.by(operator.token, "POST", "/v1/operators", body)
    query = await served.by(operator.token, "GET", "/v1/operators?after=%00")

    assert (422, "BODY_IS_NOT_ACCEPTED") == (answer.status_code, answer.json()["reason"])
    assert (422, "QUERY_IS_NOT_ACCEPTED") == (query.status_code, query.json()["reason"])


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("request_id", "item", "amount_fen", "code", "chip", "attested", "answers", "learn", "more")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(FIELDS), ANYTHING, min_size=1, max_size=4))
async def test_no_body_that_looks_like_a_tap_is_the_servers_fault(
    served: Served, phone: Phone, changes: dict[str, Any]
) -> None:
    content = json.dumps(a_body(served, phone, **changes)).encode("utf-8", "surrogatepass")
    before = await money(served, phone)

    answer = await served.tap(content)

    assert answer.status_code < 500, f"{content!r}: {answer.text}"
    moved = before[0] - (await money(served, phone))[0]
    assert (100 if answer.status_code == 200 else 0) == moved


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
async def test_no_bytes_are_the_servers_fault(served: Served, phone: Phone, content: bytes) -> None:
    await turned_away(served, phone, content)


ODD_PARTS = ("%00", "0", "王", "%ff", "..", "a" * 300, "tap_" + "f" * 32, "res_" + "0" * 32, "%2e%2e%2f", "1" * 20)
QUERIES = st.dictionaries(st.text(max_size=9), st.text(max_size=20), max_size=2)


class Asked(NamedTuple):
    """A call of some route, at random: which, what stands in its braces, its query, its body."""

    route: int
    part: str
    query: dict[str, str]
    fields: dict[int, Any]


ASKED = st.builds(
    Asked, st.integers(0, 999), st.sampled_from(ODD_PARTS), QUERIES, st.dictionaries(st.integers(0, 9), ANYTHING)
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=ASKED)
async def test_no_call_of_any_route_is_the_servers_fault(served: Served, phone: Phone, asked: Asked) -> None:
    routes = served.worker.routes()
    route = routes[asked.route % len(routes)]
    names = getattr(route.body, "__struct_fields__", ())
    body = {names[place % len(names)]: value for place, value in asked.fields.items()} if names else {}
    path = "/".join(asked.part if piece.startswith("{") else piece for piece in route.path.split("/"))
    token = served.world.till.token if CallerKind.TERMINAL in route.callers else await operator_token(served)

    answer = await served.client.request(
        route.method,
        path,
        params={written(name): written(value) for name, value in asked.query.items()},
        content=None if route.body is None else json.dumps(body).encode("utf-8", "surrogatepass"),
        headers=bearer(token, Purpose="test", Content_Type="application/json"),
    )

    assert answer.status_code < 500, f"{route.method} {path} {asked.query} {body}: {answer.text}"


async def test_no_odd_part_of_any_address_is_the_servers_fault(served: Served) -> None:
    """Every route that names something in its address, by each kind of caller that it admits and we have."""
    async with served.world.db.transaction() as conn:
        wallet = await a_wallet(conn, region=served.world.region, now=served.world.clock.now())
    tokens = {
        CallerKind.TERMINAL: served.world.till.token,
        CallerKind.OPERATOR: await operator_token(served),
        CallerKind.WALLET: wallet.token,
    }
    called = [
        (route, kind, part)
        for route in served.worker.routes()
        for kind in tokens.keys() & set(route.callers)
        for part in ODD_PARTS
        if "{" in route.path
    ]

    for route, kind, part in called:
        path = "/".join(part if piece.startswith("{") else piece for piece in route.path.split("/"))
        content = None if route.body is None else json.dumps(a_plain_body(route.body)).encode()
        headers = bearer(tokens[kind], Purpose="test", Content_Type="application/json")
        answer = await served.client.request(route.method, path, content=content, headers=headers)
        assert answer.status_code < 500, f"{route.method} {path} by a {kind.value}: {answer.text}"
    assert {CallerKind.TERMINAL, CallerKind.OPERATOR, CallerKind.WALLET} == {kind for _, kind, _ in called}


def a_plain_body(shape: Any) -> dict[str, Any]:
    """A body of a type, as plain as its required fields allow, so that the address is looked at too."""
    return {field.encode_name: a_plain_value(field.type) for field in msgspec.structs.fields(shape) if field.required}


def a_plain_value(kind: Any) -> Any:
    """A value that a field takes where its bounds are ordinary ones; else the body is refused, which is no fault."""
    info = msgspec.inspect.type_info(kind)
    if isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    if isinstance(info, msgspec.inspect.EnumType):
        return next(iter(info.cls)).value
    plain: dict[type[Any], Any] = {
        msgspec.inspect.IntType: 1,
        msgspec.inspect.BoolType: True,
        msgspec.inspect.StrType: "a-plain-value-of-text",
        msgspec.inspect.DateTimeType: "2026-11-25T04:00:00Z",
        msgspec.inspect.DateType: "2026-11-25",
    }
    return plain.get(type(info), [])


def written(text: str) -> str:
    """The text without what no encoding can write."""
    return text.encode("utf-8", "replace").decode()


_TOKENS: dict[str, str] = {}


async def operator_token(served: Served) -> str:
    """The token of one operator of this region, who may do everything."""
    if served.world.region not in _TOKENS:
        _TOKENS[served.world.region] = (await served.an_operator()).token
    return _TOKENS[served.world.region]


async def test_unread_bodies_leave_no_row_but_the_terminals_quota(served: Served, phone: Phone) -> None:
    """A body that is no tap is not even counted; a tap whose code cannot be read is, under its terminal."""
    till = served.world.till.terminal.id
    no_tap, no_code = {"request_id": "is-no-tap", "amount_fen": -1}, {"request_id": "has-no-code", "code": "YK1:!!"}
    for changes in (no_tap, no_code):
        await turned_away(served, phone, json.dumps(a_body(served, phone, **changes)).encode())

    async with served.world.db.transaction() as conn:
        claims = [
            await store.find_request(conn, terminal_id=till, request_id=str(changes["request_id"]))
            for changes in (no_tap, no_code)
        ]
        unread = await conn.execute(
            "SELECT request_id, reason FROM taps.unread WHERE terminal_id = %s AND request_id = ANY (%s)",
            [till, ["is-no-tap", "has-no-code"]],
        )
        assert [("has-no-code", "CODE_IS_NOT_READABLE")] == await unread.fetchall()
    assert [None, None] == claims
