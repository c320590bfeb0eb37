"""A place that wants the old bike handed in and its plate cancelled first is heard at the sale already."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.builders.chain import a_code
from tests.support.builders.programmes import PAID_LATER, a_sheet, a_sheet_text
from tests.support.builders.trade_in import a_claim
from tests.support.builders.trade_in_town import SOLD, TradeInTown, a_trade_in_town
from yikatong.kernel.instants import day_of
from yikatong.plumbing.database import Database
from yikatong.trade_in.model import PlateState, Step
from yikatong.trade_in.rules.sheets import list_unmet

pytestmark = pytest.mark.anyio

CLAUSE = "notice the order may not be reversed"
STRICT = PAID_LATER | {"order": f"{{rule: cancel_first, clause: {CLAUSE}}}"}


@pytest.fixture
async def town(db: Database) -> AsyncIterator[TradeInTown]:
    async with a_trade_in_town(db, terms=STRICT) as town:
        yield town


class Trade:
    """One claim on its way, by the steps of its parties."""

    def __init__(self, town: TradeInTown, claim: str, old: str) -> None:
        self.town = town
        self.claim = claim
        self.old = old
        self.today = day_of(town.place.now)

    def _path(self, who: str, step: str = "") -> str:
        return f"/v1/trade-in/{who}/claims/{self.claim}{step}"

    async def received(self) -> None:
        """The store has the old bike."""
        await self.town.done("store", self._path("store", "/receive"), on=self.today.isoformat(), old_code=self.old)

    async def cancelled(self) -> None:
        """The police has cancelled the old plate."""
        path = self._path("police", "/cancel-plate")
        await self.town.done("police", path, on=self.today.isoformat(), old_code=self.old)

    def a_sale(self, *, days_ago: int = 0) -> dict[str, Any]:
        """What the store enters."""
        on = self.today - timedelta(days=days_ago)
        return {"on": on.isoformat(), "price_fen": 250_000, "new_code": a_code(), "facts": SOLD}

    async def sold(self) -> dict[str, Any]:
        """What the store is answered to a sale of today."""
        return await self.town.done("store", self._path("store", "/sale"), **self.a_sale())

    async def refused(self) -> dict[str, Any]:
        """What the store is answered to a sale of yesterday that is refused."""
        body = {"request_id": str(self.town.place.ids.new()), **self.a_sale(days_ago=1)}
        answer = await self.town.call("store", "POST", self._path("store", "/sale"), body)
        assert not answer.is_success, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def unmet(self) -> list[str]:
        """The steps that a store sees as not recorded, each under the clause that wants it."""
        seen = await self.town.seen("store", self._path("store"))
        assert all(one["clause"].endswith("the order may not be reversed") for one in seen["unmet"])
        return [one["step"] for one in seen["unmet"]]


async def a_trade(town: TradeInTown) -> Trade:
    old = a_code()
    return Trade(town, await town.qualified(old), old)


async def test_a_store_sees_before_the_sale_what_has_to_come_first_and_under_which_clause(town: TradeInTown) -> None:
    trade = await a_trade(town)
    seen = [await trade.unmet()]
    await trade.received()
    seen.append(await trade.unmet())
    await trade.cancelled()
    seen.append(await trade.unmet())

    assert [["hand_in", "plate_cancellation"], ["plate_cancellation"], []] == seen


async def test_a_sale_before_its_order_is_recorded_is_entered_with_a_warning_and_can_still_be_claimed(
    town: TradeInTown,
) -> None:
    trade = await a_trade(town)
    sold = await trade.sold()
    lacks = await town.refused("resident", f"/v1/wallet/trade-in/claims/{trade.claim}/submit")
    await trade.received()
    await trade.cancelled()
    submitted = await town.done("resident", f"/v1/wallet/trade-in/claims/{trade.claim}/submit")

    assert ["hand_in", "plate_cancellation"] == [one["step"] for one in sold["unmet"]]
    assert ("sold", "CLAIM_LACKS_A_STEP", "submitted") == (sold["new"], lacks, submitted["state"])
    assert [] == submitted["unmet"]


async def test_a_sale_whose_day_is_before_that_of_hand_in_or_plate_is_refused_with_the_clause(
    town: TradeInTown,
) -> None:
    handed_in, unplated = await a_trade(town), await a_trade(town)
    await handed_in.received()
    await unplated.cancelled()
    refusals = [await handed_in.refused(), await unplated.refused()]

    assert ["HAND_IN_IS_IN_THE_WRONG_ORDER", "CANCELLATION_IS_IN_THE_WRONG_ORDER"] == [
        one["reason"] for one in refusals
    ]
    assert {"A notice: the order may not be reversed"} == {one["about"]["clause"] for one in refusals}


def test_online_another_order_may_hold_and_a_bike_without_a_plate_has_none_to_cancel() -> None:
    text = a_sheet_text({"order": "{rule: cancel_first, online: buy_first, clause: notice}"})
    sheet = a_sheet(text)
    bare = a_claim(plate=PlateState.NONE)

    def steps(claim: Any, channel: str) -> list[Step]:
        return [one.step for one in list_unmet(sheet, claim, channel=channel)]

    assert [Step.HAND_IN] == steps(bare, "store")
    assert [] == steps(bare, "online")


def test_a_place_whose_order_is_free_or_unknown_wants_nothing_first() -> None:
    for order in ("{rule: any, clause: notice}", "unknown", "{rule: buy_first, clause: notice}"):
        assert () == list_unmet(a_sheet(a_sheet_text({"order": order})), a_claim(), channel="")
