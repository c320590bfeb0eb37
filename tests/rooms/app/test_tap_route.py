"""The tap route at its door: what is refused before a tap is looked at has the headers of every other refusal."""

import httpx
import pytest
from starlette.routing import Route, Router

from tests.support.world import SeededIds
from yikatong.app.http.bounds import CallsAtOnce
from yikatong.app.http.frame import Frame
from yikatong.app.http.resource import Resource, unknown_address
from yikatong.app.tap_route import BODY_BYTES_MAX, TapRoute
from yikatong.taps.service import Tapping

pytestmark = pytest.mark.anyio


def nobody() -> Tapping:
    """No call of these tests comes as far as the counter."""
    raise AssertionError("a call came to the counter")


async def send(method: str, **parts: object) -> httpx.Response:
    route = TapRoute(nobody, reasons={}, ids=SeededIds())
    others = Router([Route("/v1/taps", endpoint=Resource({}, elsewhere=("POST",)))], default=unknown_address)
    frame = Frame(others, direct_routes={"/v1/taps": route}, ids=SeededIds(), calls=CallsAtOnce())
    transport = httpx.ASGITransport(app=frame)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, "/v1/taps", **parts)  # type: ignore[arg-type]


async def test_another_method_is_refused_with_the_one_that_is_allowed() -> None:
    response = await send("TRACE")

    assert (405, "METHOD_IS_NOT_ALLOWED", "POST") == (
        response.status_code,
        response.json()["reason"],
        response.headers["allow"],
    )


async def test_a_tap_without_a_key_is_told_how_to_send_one() -> None:
    response = await send("POST", json={})

    assert (401, "KEY_IS_MISSING") == (response.status_code, response.json()["reason"])
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_tap_too_large_or_not_json_is_refused_before_its_key() -> None:
    too_large = await send("POST", content=b"x" * (BODY_BYTES_MAX + 1))
    not_json = await send("POST", content=b"x", headers={"Content-Type": "text/plain"})

    assert (413, "BODY_IS_TOO_LARGE") == (too_large.status_code, too_large.json()["reason"])
    assert (415, "CONTENT_TYPE_IS_NOT_JSON") == (not_json.status_code, not_json.json()["reason"])
