"""A town where e-bikes are sold with the subsidy taken off, on a platform of its own whose clock stands in 2024."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from tests.crash.buyers import Buyers
from tests.crash.serving import Platform
from tests.support.builders.access import a_staff_member, a_wallet
from tests.support.builders.store_lists import a_text_table
from yikatong.app.bench.people import Shop, certify, enrol, fund, generate_grown_ups, open_shop, wallet_of
from yikatong.app.bench.shop import BenchPeople
from yikatong.app.worker import Worker
from yikatong.catalogue import service as catalogue
from yikatong.kernel.ids import TransferId
from yikatong.kernel.instants import day_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import name_budget
from yikatong.plumbing.clock import clock_of
from yikatong.trade_in.service.lists import import_parties
from yikatong.trust.model import SigningKey

PLACE = "530000"
DAY = datetime(2024, 10, 20, 4, 0, tzinfo=UTC)
"""A day on which the place's published sheet, which takes 500 yuan off at the till, was in force."""
ITEM = "e-bike-trade-in"
SUBSIDY_FEN = 50_000
BUDGET = f"trade_in:{PLACE}:{DAY.year}"
KILLS = int(os.environ.get("YIKATONG_TESTS_KILLS", "1"))
BUYERS, PLACES = 130 + 130 * KILLS, 40 + 75 * KILLS
"""There is money for so many claims, about five of each seven buyers, so that the last ones hear that it is used up."""
TILLS = 4


class Town(NamedTuple):
    """A platform, and everybody who buys and sells there."""

    platform: Platform
    buyers: Buyers


class Sellers(NamedTuple):
    """What the buyers' side needs of a store: tills, whose receivable grows, a clerk; and the buyers' own wallets."""

    people: BenchPeople
    clerk: str
    wallets: list[str]


@asynccontextmanager
async def a_bike_town(folder: Path) -> AsyncIterator[Town]:
    """Prepare the town and serve it until the end of the block."""
    shift = round((DAY - datetime.now(UTC)) / timedelta(seconds=1))
    platform = Platform(folder, region=PLACE, clock_shift_seconds=shift)
    sellers = await asyncio.to_thread(platform.populate, _let_in)
    try:
        await asyncio.to_thread(platform.start)
        yield Town(
            platform,
            Buyers(
                people=sellers.people,
                clerk=sellers.clerk,
                wallets=sellers.wallets,
                place=PLACE,
                clock=clock_of(platform.settings),
                url=platform.url,
            ),
        )
    finally:
        await asyncio.to_thread(platform.stop)


async def _let_in(worker: Worker) -> Sellers:
    """Residents with cards, purses, wallets and a certificate each; a store on the list; money in the budget."""
    house = worker.house
    now = house.clock.now()
    keys: dict[UUID, SigningKey] = {}
    enrolled = await enrol(worker, [(0, generate_grown_ups(worker, BUYERS))], keys)
    await fund(worker, enrolled)
    refreshing = [wallet_of(one, keys) for one in enrolled]
    certified = await certify(worker, refreshing, len(refreshing))
    people, credit_code = await _open_store(worker)
    async with house.database.transaction() as conn:
        clerk = await a_staff_member(
            conn, region=PLACE, provider_id=people.provider_id, permissions=["trade_in.store"], now=now
        )
        wallets = [(await a_wallet(conn, region=PLACE, resident_id=one.resident_id, now=now)).token for one in enrolled]
        row = [credit_code, "亭亭车行", "门店", "2024-09-01", ""]
        await import_parties(conn, place=PLACE, data=a_text_table([row]))
        await ledger.fund_budget(
            conn,
            budget=name_budget(BUDGET),
            amount_fen=PLACES * SUBSIDY_FEN,
            transfer_id=TransferId(house.ids.new()),
            reference=house.ids.new(),
            now=now,
            bucket_count=house.settings.bucket_count,
        )
    return Sellers(people._replace(certified=certified), clerk.token, wallets)


async def _open_store(worker: Worker) -> tuple[BenchPeople, str]:
    house = worker.house
    shop = Shop("MA0BXKE00", name_zh="亭亭车行", name_en="Tingting bikes", division=PLACE)
    provider_id, tokens = await open_shop(worker, shop, terminal_count=TILLS)
    async with house.database.transaction() as conn:
        item = await catalogue.get_item(conn, region=PLACE, code=ITEM, on=day_of(house.clock.now()))
    return BenchPeople([], tokens, provider_id, ITEM, item.number), shop.credit_code(PLACE)
