"""What payouts told of a claim that it could not follow is told to finance of its place, the newest first."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.support.builders.chain import a_code
from tests.support.builders.trade_in_town import BUCKETS, TradeInTown, a_trade_in_town
from yikatong.kernel.ids import bucket_of, read_id, show_id
from yikatong.plumbing.database import Database
from yikatong.trade_in.model import PaymentAtOdds, Told
from yikatong.trade_in.store import paying

pytestmark = pytest.mark.anyio

AT_ODDS = "/v1/trade-in/finance/payments-at-odds"


async def a_claim(town: TradeInTown) -> UUID:
    """A new claim of a new resident."""
    await town.a_resident()
    return read_id("claim", await town.qualified(a_code()))


async def told_in_vain(town: TradeInTown, claim_id: UUID, *, at: datetime) -> None:
    """Payouts told a claim of its payment, and it could not follow."""
    odds = PaymentAtOdds(
        bucket=bucket_of(claim_id, BUCKETS),
        claim_id=claim_id,
        resident_id=town.resident_id,
        roster_id=town.place.ids.new(),
        told=Told.PAID,
        about=town.place.ids.new(),
        reason="CLAIM_IS_IN_ANOTHER_STATE",
        found_at=at,
    )
    async with town.place.db.transaction() as conn:
        await paying.insert_payment_at_odds(conn, odds=odds)


async def test_finance_is_told_what_a_claim_could_not_follow_and_why_but_not_of_whom(town: TradeInTown) -> None:
    claim_id = await a_claim(town)
    await told_in_vain(town, claim_id, at=town.place.now)

    said = await town.seen("finance", f"{AT_ODDS}?place={town.place.code}")

    (one,) = said["payments"]
    assert {"claim_id", "roster_id", "told", "reason", "found_at"} == one.keys()
    assert (show_id("claim", claim_id), "paid", "CLAIM_IS_IN_ANOTHER_STATE") == (
        one["claim_id"],
        one["told"],
        one["reason"],
    )
    assert said["next_until"] is None


async def test_pages_leave_nothing_out_and_part_nothing_that_was_found_together(town: TradeInTown) -> None:
    hours = [0, 1, 1, 1, 2, 3, 3]
    claims = [await a_claim(town) for _ in hours]
    for claim_id, hour in zip(claims, hours, strict=True):
        await told_in_vain(town, claim_id, at=town.place.now + timedelta(hours=hour))

    pages: list[list[str]] = []
    path: str | None = f"{AT_ODDS}?place={town.place.code}&limit=2"
    while path is not None:
        said = await town.seen("finance", path)
        pages.append([one["claim_id"] for one in said["payments"]])
        until = said["next_until"]
        path = None if until is None else f"{AT_ODDS}?place={town.place.code}&limit=2&until={until.replace('+', '%2B')}"

    assert [2, 4, 1] == [len(page) for page in pages if page]
    assert sorted(show_id("claim", claim_id) for claim_id in claims) == sorted(one for page in pages for one in page)


async def test_another_regions_finance_sees_none_of_it(db: Database, town: TradeInTown) -> None:
    await told_in_vain(town, await a_claim(town), at=town.place.now)
    async with a_trade_in_town(db) as elsewhere:
        refused = await elsewhere.call("finance", "GET", f"{AT_ODDS}?place={town.place.code}")
        own = await elsewhere.seen("finance", f"{AT_ODDS}?place={elsewhere.place.code}")

    assert "REGION_IS_OUT_OF_SCOPE" == refused.json()["reason"]
    assert [] == own["payments"]
