"""Kill -9 at any moment: what was acknowledged is there once, what was not ends once, and the books balance."""

import os
import random
import shutil
from collections.abc import AsyncIterator, Callable

import pytest

from tests.crash.agreement import verify_kept
from tests.crash.insisting import killed_at_work
from tests.crash.shop import Shop, a_shop
from tests.support.database import folder_of_our_own

pytestmark = pytest.mark.anyio

ROUNDS = int(os.environ.get("YIKATONG_TESTS_KILLS", "1"))
AT_WORK = 12
TAPS_AFTER = 120
POSTMASTERS = 3
WORKERS = 5
"""One may die with all its answers on their way, so that no till has to ask again; not so many."""


@pytest.fixture(scope="module")
async def shop(anyio_backend: str) -> AsyncIterator[Shop]:
    """A platform of its own with a few residents, and the tills of a shop."""
    folder = folder_of_our_own()
    try:
        async with a_shop(folder) as shop:
            yield shop
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def killed(
    shop: Shop, find: Callable[[], list[int]], *, seed: int, then: Callable[[], None] | None = None
) -> int:
    """Let tills work and kill something among their taps; gives how often a till sent a request again."""
    return await killed_at_work(
        shop.tills,
        find,
        work=lambda until: shop.tills.work(tills=AT_WORK, until=until),
        before=random.Random(seed).randrange(TAPS_AFTER // 2, TAPS_AFTER * 3 // 2),
        after=TAPS_AFTER,
        then=then,
    )


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_no_acknowledged_tap_dies_with_a_worker(shop: Shop, seed: int, round_number: int) -> None:
    platform, tills = shop

    sent_again = [0]
    while not sent_again[-1] and len(sent_again) <= WORKERS:
        sent_again.append(await killed(shop, platform.busiest_worker, seed=seed))

    assert 0 < sum(sent_again)
    await verify_kept(platform, tills)


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_no_acknowledged_tap_dies_with_the_postmaster(shop: Shop, seed: int, round_number: int) -> None:
    platform, tills = shop

    for _ in range(POSTMASTERS):
        await killed(shop, platform.postmaster, seed=seed)

    await verify_kept(platform, tills)


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_no_acknowledged_tap_dies_with_the_whole_server(shop: Shop, seed: int, round_number: int) -> None:
    platform, tills = shop

    sent_again = await killed(shop, platform.everything, seed=seed, then=platform.start_again)

    assert 0 < sent_again
    await verify_kept(platform, tills)
