"""Applications for a trade-in at their own route: what each leaves, what a repetition hears, what a refusal tells."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulator.vehicles import SimulatedVehicleRegister
from tests.support.builders.chain import a_code
from tests.support.builders.http import bearer
from tests.support.builders.trade_in_town import TradeInTown, a_trade_in_town
from tests.support.world import FixedClock
from yikatong.access import service as access
from yikatong.app.wallets.calls import Answered, WalletCall
from yikatong.app.wallets.qualifying import WHAT, Qualifying
from yikatong.plumbing.database import Database
from yikatong.trade_in.api import OWN
from yikatong.trade_in.model import Application
from yikatong.trade_in.outside import VehicleRecord

pytestmark = pytest.mark.anyio

ONE = 50_000


@pytest.fixture
async def town(db: Database) -> AsyncIterator[TradeInTown]:
    async with a_trade_in_town(db) as town:
        yield town


async def post(town: TradeInTown, body: Any, *, who: str = "resident", **headers: str) -> httpx.Response:
    """POST to the route; `headers` as they are named, with _ for -."""
    return await town.client.post(OWN, json=body, headers=bearer(town.callers[who].token, **headers))


def an_application(town: TradeInTown, **facts: str) -> dict[str, Any]:
    """What a wallet sends."""
    return {"request_id": str(town.place.ids.new()), **town.an_application(a_code(), **facts)}


async def records_of(town: TradeInTown) -> list[tuple[str, list[str]]]:
    """Outcomes and subjects of the resident's applications, in the order of their words."""
    async with town.place.db.transaction() as conn:
        cursor = await conn.execute(
            "SELECT r.outcome, r.subjects FROM access.record AS r JOIN access.concern AS c USING (bucket, record_id)"
            " WHERE c.resident_id = %s AND r.what = %s AND r.by_id = %s ORDER BY r.outcome",
            (town.resident_id, WHAT, town.callers["resident"].caller.id),
        )
        return [(outcome, subjects) for outcome, subjects in await cursor.fetchall()]


async def test_every_end_has_its_line_of_the_record_and_a_claim_is_named_in_it(town: TradeInTown) -> None:
    body = an_application(town)
    answers = [await post(town, one) for one in (body, body, an_application(town, old_is_plated="no"))]
    claim = answers[0].json()["claim"]["claim_id"]
    refused = answers[2].json()

    assert [201, 201] == [answer.status_code for answer in answers[:2]]
    assert ["done", "already_so"] == [answer.json()["change"] for answer in answers[:2]]
    expected = [("done", [claim]), ("already_so", [claim]), (refused["reason"], [refused["about"]["claim"]])]
    assert sorted(expected) == sorted(await records_of(town))


async def test_a_command_under_one_key_is_done_once_and_answered_as_it_was(town: TradeInTown) -> None:
    body = an_application(town)
    first = await post(town, body, Idempotency_Key="once")
    again = await post(town, body, Idempotency_Key="once")
    other = await post(town, an_application(town), Idempotency_Key="once")

    assert (201, first.content) == (again.status_code, again.content)
    assert (None, "true") == (first.headers.get("idempotent-replay"), again.headers.get("idempotent-replay"))
    assert (409, "IDEMPOTENCY_KEY_IS_TAKEN") == (other.status_code, other.json()["reason"])
    assert 1 == len(await records_of(town))


async def test_a_refusal_for_the_budget_says_what_it_rests_on_and_is_kept_under_its_key(db: Database) -> None:
    async with a_trade_in_town(db, fund_fen=ONE - 1) as town:
        body = an_application(town)
        first = await post(town, body, Idempotency_Key="late")
        await town.place.funded(ONE)
        again = await post(town, body, Idempotency_Key="late")
        fresh = await post(town, {**body, "request_id": str(town.place.ids.new())})

        about = first.json()["about"]
        assert "BUDGET_IS_USED_UP" == first.json()["reason"]
        assert {"budget": town.place.budget.label, "needed_fen": ONE, "left_fen": ONE - 1} == about
        assert first.content == again.content
        assert 201 == fresh.status_code
        assert ["BUDGET_IS_USED_UP", "done"] == [outcome for outcome, _ in await records_of(town)]


async def test_what_the_rule_refused_is_explained_under_the_claim_that_the_refusal_names(town: TradeInTown) -> None:
    refused = (await post(town, an_application(town, old_is_plated="no"))).json()
    path = f"{OWN}/{refused['about']['claim']}/decisions"
    seen = await town.seen("resident", path)

    assert [refused["reason"]] == [one["reason"] for one in seen["decisions"]]


async def test_commands_under_one_key_that_meet_at_several_workers_are_done_once(town: TradeInTown) -> None:
    place, caller = town.place, town.callers["resident"]
    application = Application(
        request_id=place.ids.new(),
        resident_id=town.resident_id,
        place=place.code,
        old_code=a_code(),
        facts={"old_battery": "lithium", "old_is_plated": "yes"},
    )
    workers = [
        Qualifying(place.own_commit, chain=place.chain, vault=place.vault, clock=FixedClock(place.now), ids=place.ids)
        for _ in range(4)
    ]

    async def asked(worker: Qualifying) -> Answered:
        kept = access.KeptCommand(caller_id=caller.caller.id, key="met", token=caller.token, request_digest=b"x" * 32)
        call = WalletCall(caller.caller, place.ids.new().hex, b"y" * 32, None, kept)
        return await worker.answer(application, call, complete=None)

    answers = await asyncio.gather(*(asked(worker) for worker in workers for _ in range(3)))

    assert 1 == len({answered.content for answered in answers})
    assert 11 == sum(answered.is_repeated for answered in answers)
    assert 1 == len(await records_of(town))


async def test_the_register_of_vehicles_is_not_asked_for_who_comes_too_late(db: Database) -> None:
    class Counting(SimulatedVehicleRegister):
        asked = 0

        async def look_up(self, *, code: str, name: str, id_number: str) -> VehicleRecord:
            self.asked += 1
            return await super().look_up(code=code, name=name, id_number=id_number)

    register = Counting()
    async with a_trade_in_town(db, fund_fen=1, vehicles=register) as town:
        late = await post(town, an_application(town), Idempotency_Key="late")
        again = await post(town, an_application(town), Idempotency_Key="late")

        assert "BUDGET_IS_USED_UP" == late.json()["reason"]
        assert "IDEMPOTENCY_KEY_IS_TAKEN" == again.json()["reason"]
        assert 0 == register.asked
        assert [("BUDGET_IS_USED_UP", [])] == await records_of(town)


async def test_other_methods_of_the_address_are_served_beside_it(town: TradeInTown) -> None:
    claim = (await post(town, an_application(town))).json()["claim"]
    listed = await town.seen("resident", OWN)
    put = await town.call("resident", "PUT", OWN, {})

    assert [claim] == listed["claims"]
    assert (405, "GET, HEAD, POST") == (put.status_code, put.headers["allow"])


async def test_a_call_wrong_in_every_way_is_refused_in_the_written_order(town: TradeInTown) -> None:
    async def refused(body: bytes, **headers: str) -> tuple[int, str]:
        sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): said for name, said in headers.items()}
        answer = await town.client.post(OWN, content=body, headers=sent)
        return answer.status_code, answer.json()["reason"]

    wallet = f"Bearer {town.callers['resident'].token}"
    clerk = f"Bearer {town.callers['commerce'].token}"
    wrong = {"Idempotency_Key": "two words"}

    assert (413, "BODY_IS_TOO_LARGE") == await refused(b"x" * 65_537, Content_Type="text/plain", **wrong)
    assert (415, "CONTENT_TYPE_IS_NOT_JSON") == await refused(b"x", Content_Type="text/plain", **wrong)
    assert (401, "KEY_IS_MISSING") == await refused(b"x", **wrong)
    assert (403, "CALLER_IS_NOT_ADMITTED") == await refused(b"x", Authorization=clerk, **wrong)
    assert (400, "IDEMPOTENCY_KEY_IS_MALFORMED") == await refused(b"x", Authorization=wallet, **wrong)
    assert (400, "BODY_IS_NOT_JSON") == await refused(b"x", Authorization=wallet)
    assert (422, "BODY_IS_NOT_ACCEPTED") == await refused(b"{}", Authorization=wallet)
    assert [] == await records_of(town)
