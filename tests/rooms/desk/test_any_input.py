"""Whatever is sent to cards and desk gets an answer that is not the server's fault."""

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rooms.desk.test_http import TERMS, Town, a_town
from tests.support.builders.cards import VAULT, ABank, FacesThatMatch
from tests.support.builders.http import bearer
from yikatong.cards import api as cards_api
from yikatong.desk import api as desk_api
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import CallerKind, Route

pytestmark = pytest.mark.anyio

ROUTES = (
    *cards_api.routes(terms=TERMS, vault=VAULT),
    *desk_api.routes(terms=TERMS, vault=VAULT, face_check=FacesThatMatch(), bank_accounts=ABank()),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.dates().map(str)
ODD_PARTS = st.sampled_from(["%00", "0", "王", "res_" + "f" * 32, "cbt_" + "0" * 32, "dev_" + "0" * 32, "a" * 300])


def bodies(route: Route) -> st.SearchStrategy[dict[str, object]]:
    """Bodies with the route's own fields, each of any kind."""
    fields = getattr(route.body, "__struct_fields__", ())
    return st.fixed_dictionaries({}, optional=dict.fromkeys(fields, SCALARS))


ASKED = st.sampled_from(ROUTES).flatmap(lambda route: st.tuples(st.just(route), bodies(route), ODD_PARTS))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(ASKED, min_size=1, max_size=5))
async def test_no_body_and_no_address_is_the_servers_fault(
    db: Database, town: tuple[Town, str, str], asked: list[tuple[Route, dict[str, object], str]]
) -> None:
    place, resident, wallet_token = town
    for route, body, part in asked:
        path = route.path
        for name in ("resident_id", "guardian_id", "card_batch_id", "device_id", "channel", "class_name", "region"):
            path = path.replace("{" + name + "}", resident if name == "resident_id" and len(part) < 9 else part)
        token = wallet_token if CallerKind.WALLET in route.callers else place.operator.token
        content = None if route.body is None else json.dumps(body).encode("utf-8", "surrogatepass")
        answer = await place.client.request(
            route.method,
            path,
            content=content,
            headers=bearer(token, Purpose="test", Content_Type="application/json"),
        )

        assert answer.status_code < 500, f"{route.method} {path} {body}: {answer.text}"


@pytest.fixture(scope="module")
async def town(db: Database) -> AsyncIterator[tuple[Town, str, str]]:
    """A town, one of its residents, and the token of that resident's wallet."""
    async with a_town(db) as place:
        resident, number, card_number = await place.card_holder()
        yield place, resident, (await place.enrol(number, card_number)).json()["token"]
