"""The refresh route at its door: the order in which it refuses, and what its answers say."""

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator

import httpx
import pytest
from structlog.testing import capture_logs

from tests.support.builders.access import a_terminal, an_operator
from tests.support.builders.refreshing import RefreshingWorld, SignedIn, a_refreshing_world, body_of
from yikatong.plumbing.database import Database
from yikatong.trust import service as trust

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(db: Database) -> AsyncIterator[RefreshingWorld]:
    async with a_refreshing_world(db) as made:
        yield made


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and reason of a refusal, which must be whole."""
    problem = response.json()
    assert "application/problem+json" == response.headers["content-type"]
    assert response.headers["x-request-id"] == problem["instance"]
    return response.status_code, problem["reason"]


def bearer(phone: SignedIn) -> str:
    """The header Authorization of a phone."""
    return f"Bearer {phone.token}"


async def test_a_wallet_refreshes_over_http(world: RefreshingWorld) -> None:
    phone = await world.a_phone()
    body = body_of(phone.wallet.refresh_request(world.clock.now()))
    with capture_logs() as lines:
        response = await world.post(body, Authorization=bearer(phone), X_Request_Id="the-wallet-s-own")
    given = response.json()["certificates"]
    text = given[0]["certificate"]

    assert (200, 8) == (response.status_code, len(given))
    assert "retail" in {one["scene_group"] for one in given}
    assert trust.decode_sign1(urlsafe_b64decode(text + "=" * (-len(text) % 4)), 256).key_id is not None
    assert ("the-wallet-s-own", "no-store") == (response.headers["x-request-id"], response.headers["cache-control"])
    assert [("refresh_wallet", 200, "wallet")] == [
        (line["route"], line["status"], line["caller_kind"]) for line in lines if line["event"] == "call"
    ]


async def test_a_repeated_command_says_so(world: RefreshingWorld) -> None:
    phone = await world.a_phone()
    body = body_of(phone.wallet.refresh_request(world.clock.now()))
    first = await world.post(body, Authorization=bearer(phone), Idempotency_Key="once")
    again = await world.post(body, Authorization=bearer(phone), Idempotency_Key="once")

    assert first.content == again.content
    assert (None, "true") == (first.headers.get("idempotent-replay"), again.headers.get("idempotent-replay"))
    assert 8 == await world.count_certificates(phone)


async def test_a_call_wrong_in_every_way_is_refused_in_the_written_order(world: RefreshingWorld) -> None:
    phone = await world.a_phone()
    async with world.db.transaction() as conn:
        terminal = (await a_terminal(conn)).token
        operator = (await an_operator(conn)).token
    wrong = {"Idempotency_Key": "two words"}

    assert (413, "BODY_IS_TOO_LARGE") == refusal(await world.post(b"x" * 8_193, Content_Type="text/plain"))
    assert (415, "CONTENT_TYPE_IS_NOT_JSON") == refusal(await world.post(b"x", Content_Type="text/plain", **wrong))
    assert (401, "KEY_IS_MISSING") == refusal(await world.post(b"x", **wrong))
    assert (401, "KEY_IS_UNKNOWN") == refusal(await world.post(b"x", Authorization="Bearer x", **wrong))
    for token in (terminal, operator):
        denied = await world.post(b"x", Authorization=f"Bearer {token}", **wrong)
        assert (403, "CALLER_IS_NOT_ADMITTED") == refusal(denied)
    malformed = await world.post(b"x", Authorization=bearer(phone), **wrong)
    assert (400, "IDEMPOTENCY_KEY_IS_MALFORMED") == refusal(malformed)
    assert (400, "BODY_IS_NOT_JSON") == refusal(await world.post(b"x", Authorization=bearer(phone)))
    assert (422, "BODY_IS_NOT_ACCEPTED") == refusal(await world.post({}, Authorization=bearer(phone)))
    assert [] == await world.records_of(phone)


@pytest.mark.parametrize("text", ["", "A", "AAAA", "-" * 4096])
async def test_a_damaged_request_is_refused_by_name(world: RefreshingWorld, text: str) -> None:
    phone = await world.a_phone()

    assert (400, "REFRESH_IS_NOT_READABLE") == refusal(await world.post({"request": text}, Authorization=bearer(phone)))
