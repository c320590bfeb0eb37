"""Kill -9 of what serves and of the database while bikes are handed in, sold, taken back and returned over HTTP."""

import random
import shutil
from collections.abc import AsyncIterator

import pytest

from tests.crash.bike_town import KILLS, Town, a_bike_town
from tests.crash.chain_books import verify_chain
from tests.crash.insisting import killed_at_work
from tests.support.database import folder_of_our_own

pytestmark = pytest.mark.anyio

STEPS_AFTER = 60


@pytest.fixture(scope="module")
async def town(anyio_backend: str) -> AsyncIterator[Town]:
    """A platform of its own with a store and its buyers."""
    folder = folder_of_our_own()
    try:
        async with a_bike_town(folder) as town:
            yield town
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("what", ["busiest_worker", "postmaster", "everything"])
async def test_whatever_dies_every_claim_sale_and_fen_is_where_it_was_said_to_be(
    town: Town, seed: int, what: str
) -> None:
    chance = random.Random(f"{seed} {what}")
    platform = town.platform
    then = platform.start_again if what == "everything" else None
    sent_again = 0

    for _ in range(KILLS):
        steps = chance.randrange(STEPS_AFTER // 2, STEPS_AFTER * 3 // 2)
        sent_again += await killed_at_work(
            town.buyers, getattr(platform, what), work=town.buyers.work, before=steps, after=STEPS_AFTER, then=then
        )

    assert sent_again or what == "busiest_worker"
    await verify_chain(town)


async def test_when_the_money_is_used_up_the_last_ones_hear_it_and_nothing_is_out_of_place(town: Town) -> None:
    buyers = town.buyers

    await buyers.work(lambda: any(deal.refused_for == "BUDGET_IS_USED_UP" for deal in buyers.deals))

    await verify_chain(town)
