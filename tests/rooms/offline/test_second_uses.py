"""What provider and region read of codes that came again and of presentations that nobody could read."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.builders.catalogue import a_provider, a_terminal
from tests.support.builders.offline import a_region_with_lists, a_till
from tests.support.builders.served import Served
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


async def read(served: Served, path: str, *, token: str | None = None) -> Any:
    """What a terminal of the canteen reads."""
    answer = await served.by(token or served.world.till.token, "GET", path)
    assert 200 == answer.status_code, answer.text
    return answer.json()


async def read_as_region(served: Served, path: str) -> Any:
    """What an operator of the region reads."""
    operator = await served.an_operator(now=served.world.clock.now())
    answer = await served.by(operator.token, "GET", path, Purpose="codes that came again")
    assert 200 == answer.status_code, answer.text
    return answer.json()


async def spend_twice(served: Served, folder: Path, *, times: int = 1) -> list[Any]:
    """Codes that were shown to a till without a network and paid with elsewhere meanwhile; gives the first receipts."""
    world = served.world
    phone = await world.a_phone(purse_fen=10_000)
    till = a_till(served, folder / "memory")
    await till.fetch()
    receipts = []
    for _ in range(times):
        shown = world.shown(phone)
        assert shown.code is not None
        till.kit.tap(item=world.entry.code, code=shown.code)
        receipts.append((await served.tap(shown)).json())
    assert ["CODE_ALREADY_USED"] * times == [one.reason for one in await till.upload()]
    return receipts


async def test_a_double_spending_found_at_upload_is_read_by_its_provider(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        (first,) = await spend_twice(served, tmp_path)

        (one,) = (await read(served, "/v1/provider/second-uses"))["second_uses"]

        assert (first["tap"], "CODE_ALREADY_USED", served.world.entry.code) == (
            one["first_tap"],
            one["reason"],
            one["item"],
        )
        assert "resident" not in one


async def test_another_provider_reads_nothing_of_it(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        await spend_twice(served, tmp_path)
        async with db.transaction() as conn:
            now = world.clock.now()
            provider = await a_provider(conn, world.ids, region=world.region, now=now)
            other = await a_terminal(conn, world.ids, provider=provider, now=now)

        assert [] == (await read(served, "/v1/provider/second-uses", token=other.token))["second_uses"]
        shown = show_id("provider", provider.id)
        assert [] == (await read_as_region(served, f"/v1/second-uses?provider={shown}"))["second_uses"]


async def test_the_region_reads_whose_code_it_was_and_where_it_came_first(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        (first,) = await spend_twice(served, tmp_path)

        (one,) = (await read_as_region(served, "/v1/second-uses"))["second_uses"]

        provider = show_id("provider", served.world.provider.id)
        assert (first["tap"], provider, provider) == (one["first_tap"], one["first_provider"], one["provider"])
        assert one["resident"].startswith("res_")


async def test_pages_follow_each_other_without_a_gap(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        await spend_twice(served, tmp_path, times=3)
        whole = await read(served, "/v1/provider/second-uses")

        found, following = [], ""
        while True:
            page = await read(served, f"/v1/provider/second-uses?limit=1{following}")
            found += page["second_uses"]
            if page["next_before"] is None:
                break
            following = f"&until={page['next_until']}&before={page['next_before']}"

        assert 3 == len(found)
        assert whole["second_uses"] == found


async def test_presentations_that_nobody_could_read_are_counted_by_terminal_and_reason(db: Database) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        for number in range(2):
            body = {"request_id": f"unread-{number:04}", "item": world.entry.code, "code": "YK1:X"}
            assert 400 == (await served.by(world.till.token, "POST", "/v1/taps", body)).status_code

        own = await read(served, "/v1/provider/unread-presentations")
        shown = show_id("provider", world.provider.id)
        of_region = await read_as_region(served, f"/v1/unread-presentations?provider={shown}")
        before = await read(served, "/v1/provider/unread-presentations?day=2020-01-01")

        assert [(show_id("terminal", world.till.terminal.id), 2)] == [
            (one["terminal"], one["count"]) for one in own["unread"]
        ]
        assert own == of_region
        assert [] == before["unread"]


async def test_a_provider_of_no_region_or_another_is_unknown(db: Database) -> None:
    async with a_region_with_lists(db) as served:
        operator = await served.an_operator(now=served.world.clock.now())
        shown = show_id("provider", served.world.ids.new())

        for path in (f"/v1/second-uses?provider={shown}", f"/v1/unread-presentations?provider={shown}"):
            answer = await served.by(operator.token, "GET", path, Purpose="a look")
            assert (404, "PROVIDER_IS_UNKNOWN") == (answer.status_code, answer.json()["reason"])
