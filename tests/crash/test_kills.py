"""Kill -9 at any moment: what was acknowledged is there once, what was not ends once, and the books balance."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.crash.serving import RESIDENTS, Platform, kill, read_books
from tests.crash.tills import Tills
from tests.support.database import folder_of_our_own
from yikatong.app.bench.people import PURSE_FEN

pytestmark = pytest.mark.anyio

ROUNDS = int(os.environ.get("YIKATONG_TESTS_KILLS", "1"))
AT_WORK = 12
TAPS_BEFORE, TAPS_AFTER = 120, 120
POSTMASTERS = 3


@pytest.fixture(scope="module")
async def shop(anyio_backend: str) -> AsyncIterator[tuple[Platform, Tills]]:
    """A platform of its own with a few residents, and the tills of a shop."""
    folder = folder_of_our_own()
    platform = Platform(folder)
    tills = Tills(await asyncio.to_thread(platform.populate), platform.url)
    try:
        await asyncio.to_thread(platform.start)
        yield platform, tills
    finally:
        await asyncio.to_thread(platform.stop)
        shutil.rmtree(folder, ignore_errors=True)


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


async def verify_kept(platform: Platform, tills: Tills) -> None:
    """Every acknowledged receipt is given again, or told as taken back; the books have each tap once, and balance."""
    receipts = {request_id: receipt for request_id, (_, receipt) in tills.acknowledged.items()}
    again: dict[str, Any] = {}
    for some in _pieces(sorted(receipts)):
        again |= await tills.ask_again(some)
    taken_back = {it for it in tills.reversed if receipts[it]["outcome"] == "admitted"}
    assert {it: receipt for it, receipt in receipts.items() if it not in taken_back} == {
        it: receipt for it, receipt in again.items() if it not in taken_back
    }
    assert {"TAP_WAS_REVERSED"} >= {again[it]["reason"] for it in taken_back}
    books = await asyncio.to_thread(read_books, platform)

    assert [] == books.differences
    assert {request_id: receipt.get("reason") for request_id, receipt in receipts.items()} == books.taps
    assert RESIDENTS * PURSE_FEN - spent_fen(tills) == books.purses_fen


def spent_fen(tills: Tills) -> int:
    """What residents paid and were not given back."""
    return sum(
        sent.amount_fen
        for request_id, (sent, receipt) in tills.acknowledged.items()
        if receipt["outcome"] == "admitted" and request_id not in tills.reversed
    )


def _pieces(request_ids: list[str]) -> list[list[str]]:
    return [request_ids[start : start + 50] for start in range(0, len(request_ids), 50)]


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_no_acknowledged_tap_dies_with_a_worker(shop: tuple[Platform, Tills], round_number: int) -> None:
    platform, tills = shop

    sent_again = await killed_at_work(tills, platform.busiest_worker, taps_before=TAPS_BEFORE + round_number)

    assert 0 < sent_again
    await verify_kept(platform, tills)


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_no_acknowledged_tap_dies_with_the_postmaster(shop: tuple[Platform, Tills], round_number: int) -> None:
    platform, tills = shop

    for _ in range(POSTMASTERS):
        await killed_at_work(tills, platform.postmaster, taps_before=TAPS_BEFORE + round_number)

    assert {"COUNTER_IS_BUSY", "DATABASE_IS_BUSY"} >= tills.told_to_wait
    await verify_kept(platform, tills)


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_no_acknowledged_tap_dies_with_the_whole_server(shop: tuple[Platform, Tills], round_number: int) -> None:
    platform, tills = shop

    sent_again = await killed_at_work(
        tills, platform.everything, taps_before=TAPS_BEFORE + round_number, then=platform.start_again
    )

    assert 0 < sent_again
    await verify_kept(platform, tills)
