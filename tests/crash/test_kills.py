"""Kill -9 at any moment: what was acknowledged is there once, what was not ends once, and the books balance."""

import asyncio
import os
import random
import shutil
from collections.abc import AsyncIterator, Callable

import pytest

from tests.crash.agreement import verify_kept
from tests.crash.serving import kill
from tests.crash.shop import Shop, a_shop
from tests.crash.tills import Tills
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


def some_taps(seed: int) -> int:
    """After how many taps something is killed."""
    return random.Random(seed).randrange(TAPS_AFTER // 2, TAPS_AFTER * 3 // 2)


async def killed_at_work(
    tills: Tills,
    find: Callable[[], list[int]],
    *,
    taps_before: int,
    then: Callable[[], None] | None = None,
) -> int:
    """Let tills work, kill something once so many taps were answered, and let them work on until all is answered.

    What is killed is looked up first, so that the kill comes right behind an answer: what was told a moment too early
    is lost then. Gives how often a till sent a request again.
    """
    enough = asyncio.Event()
    sent_again = tills.sent_again

    async def kill_and_go_on() -> None:
        await tills.wait_for(taps_before)
        doomed = await asyncio.to_thread(find)
        await tills.wait_for(1)
        kill(doomed)
        if then is not None:
            await asyncio.to_thread(then)
        await tills.wait_for(TAPS_AFTER)
        enough.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(kill_and_go_on())
        group.create_task(tills.work(tills=AT_WORK, until=enough.is_set))
    return tills.sent_again - sent_again


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_no_acknowledged_tap_dies_with_a_worker(shop: Shop, seed: int, round_number: int) -> None:
    platform, tills = shop

    sent_again = [0]
    while not sent_again[-1] and len(sent_again) <= WORKERS:
        sent_again.append(await killed_at_work(tills, platform.busiest_worker, taps_before=some_taps(seed)))

    assert 0 < sum(sent_again)
    await verify_kept(platform, tills)


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_no_acknowledged_tap_dies_with_the_postmaster(shop: Shop, seed: int, round_number: int) -> None:
    platform, tills = shop

    for _ in range(POSTMASTERS):
        await killed_at_work(tills, platform.postmaster, taps_before=some_taps(seed))

    assert {"COUNTER_IS_BUSY", "DATABASE_IS_BUSY"} >= tills.told_to_wait
    await verify_kept(platform, tills)


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_no_acknowledged_tap_dies_with_the_whole_server(shop: Shop, seed: int, round_number: int) -> None:
    platform, tills = shop

    sent_again = await killed_at_work(
        tills, platform.everything, taps_before=some_taps(seed), then=platform.start_again
    )

    assert 0 < sent_again
    await verify_kept(platform, tills)
