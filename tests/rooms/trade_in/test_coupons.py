"""Where a qualification is a coupon, a bank sees which may be used and says, once, that it took one; no claim moves."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import anyio
import psycopg
import pytest

from tests.support.builders.chain import a_code
from tests.support.builders.trade_in_town import SOLD, TradeInTown, a_trade_in_town
from yikatong.kernel.ids import read_id, show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.trade_in import audit as trade_in
from yikatong.trade_in import service
from yikatong.trade_in.api import OWN
from yikatong.trade_in.model import Act
from yikatong.trade_in.rules.leaves import leaf_of_coupon_use

pytestmark = pytest.mark.anyio

COUPONS = "/v1/trade-in/bank/coupons"
COUPON = {"mode": "{kind: coupon, then: claim_later, life: days, days: 3, takes: 0, clause: notice}"}
TAKEN: dict[str, Any] = {"price_fen": 250_000, "reference": "CCB-2026-000017"}


@pytest.fixture
async def town(db: Database) -> AsyncIterator[TradeInTown]:
    """A town whose qualifications are coupons of three days."""
    async with a_trade_in_town(db, terms=COUPON) as town:
        yield town


def on(town: TradeInTown, *, days: int = 0) -> str:
    """A day, so many after today."""
    return (day_of(town.place.now) + timedelta(days=days)).isoformat()


async def a_coupon(town: TradeInTown, code: str | None = None) -> str:
    """The id of a new claim, whose coupon was taken today."""
    await town.a_resident()
    return await town.qualified(code or a_code())


async def used(town: TradeInTown, claim: str, *, who: str = "bank", **said: Any) -> Any:
    """What a bank is told that says it took a coupon."""
    body = {"on": on(town), **TAKEN, **said}
    return (await town.call(who, "POST", f"{COUPONS}/{claim}/use", body)).json()


async def test_a_bank_sees_until_when_a_coupon_is_good_and_what_it_gives_and_not_whose(town: TradeInTown) -> None:
    claim = await a_coupon(town)

    seen = await town.seen("bank", f"{COUPONS}/{claim}")

    assert {"claim_id", "place", "state", "taken_on", "good_until", "most_fen", "use"} == seen.keys()
    assert (on(town), on(town, days=3), None) == (seen["taken_on"], seen["good_until"], seen["use"])
    assert ("qualified", 50_000) == (seen["state"], seen["most_fen"])


async def test_a_coupon_is_taken_once_and_leaves_the_list_of_those_that_may_be_used(town: TradeInTown) -> None:
    claim, other = await a_coupon(town), await a_coupon(town)
    before = await town.seen("bank", f"{COUPONS}?place={town.place.code}")

    first, again = await used(town, claim), await used(town, claim)
    otherwise = await used(town, claim, price_fen=240_000)
    after = await town.seen("bank", f"{COUPONS}?place={town.place.code}")

    assert sorted([claim, other]) == [one["claim_id"] for one in before["coupons"]]
    assert ("done", "already_so") == (first["change"], again["change"])
    assert first["coupon"] == again["coupon"]
    assert {"used_on": on(town), **TAKEN} == first["coupon"]["use"]
    assert "COUPON_WAS_USED" == otherwise["reason"]
    assert [other] == [one["claim_id"] for one in after["coupons"]]


async def test_the_list_comes_in_pages(town: TradeInTown) -> None:
    claims = sorted([await a_coupon(town) for _ in range(3)])
    page = await town.seen("bank", f"{COUPONS}?place={town.place.code}&limit=2")
    rest = await town.seen("bank", f"{COUPONS}?place={town.place.code}&limit=2&after={page['next_after']}")

    assert claims == [one["claim_id"] for one in page["coupons"] + rest["coupons"]]
    assert rest["next_after"] is None


@pytest.mark.parametrize(("days", "reason"), [(-1, "COUPON_IS_NOT_GOOD_ON_THIS_DAY"), (1, "STEP_IS_IN_THE_FUTURE")])
async def test_a_day_on_which_it_cannot_have_been_used_is_refused(town: TradeInTown, days: int, reason: str) -> None:
    assert reason == (await used(town, await a_coupon(town), on=on(town, days=days)))["reason"]


async def test_a_coupon_of_a_claim_that_was_given_up_is_refused(town: TradeInTown) -> None:
    claim = await a_coupon(town)
    await town.done("resident", f"{OWN}/{claim}/withdraw")

    assert "CLAIM_IS_IN_ANOTHER_STATE" == (await used(town, claim))["reason"]
    assert [] == (await town.seen("bank", f"{COUPONS}?place={town.place.code}"))["coupons"]


async def test_a_claim_whose_coupon_was_taken_is_not_given_up_nor_ended_while_its_sale_may_be_entered(
    town: TradeInTown,
) -> None:
    taken, unused = await a_coupon(town), await a_coupon(town)
    await used(town, taken)
    claim_id, chain = read_id("claim", taken), town.place.chain
    async with town.place.db.transaction() as conn:
        kept = await service.get_claim(conn, claim_id=claim_id, bucket_count=chain.bucket_count)

    async def due(*, days: int) -> set[str]:
        async with town.place.db.transaction() as conn:
            today = day_of(town.place.now) + timedelta(days=days)
            ended = await service.list_ended(conn, bucket=kept.bucket, today=today, chain=chain, limit=10_000)
        return {show_id("claim", one) for one in ended} & {taken, unused}

    with pytest.raises(Refused) as refused:
        await town.place.act(town.place.an_order(kept, Act.WITHDRAW))

    assert "COUPON_WAS_USED" == refused.value.reason.name
    assert ({unused}, {taken, unused}) == (await due(days=3), await due(days=chain.claim_days))


async def test_where_the_rule_gives_no_coupon_there_is_none(db: Database) -> None:
    async with a_trade_in_town(db) as town:
        claim = await a_coupon(town)

        seen = await town.call("bank", "GET", f"{COUPONS}/{claim}")

        assert "CLAIM_HAS_NO_COUPON" == seen.json()["reason"] == (await used(town, claim))["reason"]
        assert [] == (await town.seen("bank", f"{COUPONS}?place={town.place.code}"))["coupons"]
        commerce = await town.seen("commerce", f"/v1/trade-in/commerce/claims/{claim}")
        assert commerce["coupon"] is None


async def test_another_regions_bank_sees_no_coupon_and_takes_none(db: Database, town: TradeInTown) -> None:
    claim = await a_coupon(town)
    async with a_trade_in_town(db, terms=COUPON) as elsewhere:
        seen = await elsewhere.call("bank", "GET", f"{COUPONS}/{claim}")
        listed = await elsewhere.call("bank", "GET", f"{COUPONS}?place={town.place.code}")
        taken = await used(elsewhere, claim)

    reasons = {seen.json()["reason"], listed.json()["reason"], taken["reason"]}
    assert {"REGION_IS_OUT_OF_SCOPE"} == reasons


async def test_commerce_reads_in_what_bank_and_store_disagree(town: TradeInTown) -> None:
    old = a_code()
    claim = await a_coupon(town, old)
    await used(town, claim, price_fen=240_000)
    before = (await town.seen("commerce", f"/v1/trade-in/commerce/claims/{claim}"))["coupon"]
    await town.done("store", f"/v1/trade-in/store/claims/{claim}/receive", on=on(town), old_code=old)
    sale = {"on": on(town), "price_fen": 250_000, "new_code": a_code(), "facts": SOLD}
    await town.done("store", f"/v1/trade-in/store/claims/{claim}/sale", **sale)

    after = (await town.seen("commerce", f"/v1/trade-in/commerce/claims/{claim}"))["coupon"]

    assert ([], ["price_fen"]) == (before["disagree"], after["disagree"])
    assert (on(town), 240_000, TAKEN["reference"]) == (after["used_on"], after["price_fen"], after["reference"])


async def test_of_two_who_take_a_coupon_at_once_one_has_taken_it(town: TradeInTown) -> None:
    claim = await a_coupon(town)
    said: list[Any] = []

    async def take(number: int) -> None:
        said.append(await used(town, claim, reference=f"CCB-{number}"))

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(take, number)

    assert 1 == sum(one.get("change") == "done" for one in said)
    assert 3 == sum(one.get("reason") == "COUPON_WAS_USED" for one in said)


async def test_what_a_bank_said_is_sealed_recorded_for_the_resident_and_moves_no_claim(town: TradeInTown) -> None:
    claim = await a_coupon(town)
    claim_id = read_id("claim", claim)
    await used(town, claim)
    async with town.place.db.owner_transaction() as conn:
        leaves = {(leaf.id, leaf.hash) async for some in trade_in.list_leaves(conn) for leaf in some}
        cursor = await conn.execute("SELECT id, hash FROM sealing.loose")
        sealed = set(await cursor.fetchall())
        kept = await service.get_claim(conn, claim_id=claim_id, bucket_count=town.place.chain.bucket_count)
        coupon = await service.find_coupon_of(conn, kept=kept, chain=town.place.chain)
        cursor = await conn.execute(
            "SELECT what, by_kind FROM access.concern WHERE resident_id = %s", [kept.claim.resident_id]
        )
        concerns = await cursor.fetchall()
        found = await trade_in.audit(conn)

    assert coupon is not None
    assert coupon.use is not None
    assert [] == [line for line in found if claim in line]
    assert 1 == kept.version
    assert ("trade_in.use_coupon", "partner") in concerns
    leaf = leaf_of_coupon_use(coupon.use)
    assert (leaf.id, leaf.hash) in leaves & sealed


async def test_a_use_of_a_claim_that_is_not_there_is_found_by_the_audit(town: TradeInTown) -> None:
    claim = await a_coupon(town)
    await used(town, claim)
    found: list[str] = []
    async with town.place.db.owner_transaction() as conn:
        await conn.execute(
            "UPDATE trade_in.coupon_use SET resident_id = %s WHERE claim_id = %s",
            [town.place.ids.new(), read_id("claim", claim)],
        )
        found = await trade_in.audit(conn)
        raise psycopg.Rollback

    assert [line for line in found if claim in line and "took the coupon" in line]
