"""Connections are cut half-way, the disk is full: what was acknowledged is kept, and all goes on by itself."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.crash.agreement import verify_kept
from tests.crash.cutting_line import a_cutting_line
from tests.crash.serving import wait_for
from tests.crash.shop import Shop, a_shop
from tests.crash.small_disk import NoDiskOfOurOwnError, SmallDisk, a_small_disk, use_up_the_log
from tests.support.database import folder_of_our_own
from yikatong.plumbing.postgres.server import find_running

pytestmark = pytest.mark.anyio

AT_WORK, AT_WORK_WITHOUT_ROOM = 12, 4
TAPS = 60
CUTS, REFUSALS = 40, 2


class ShopOnDisk(NamedTuple):
    """A shop whose data lie on a disk of their own, or why there is none."""

    shop: Shop
    disk: SmallDisk | None
    no_disk: str


@pytest.fixture(scope="module")
async def on_disk(anyio_backend: str) -> AsyncIterator[ShopOnDisk]:
    """A platform of its own with a few residents, on a disk of its own where one can be mounted."""
    folder = folder_of_our_own()
    try:
        try:
            with a_small_disk(folder) as disk:
                async with a_shop(folder) as shop:
                    yield ShopOnDisk(shop, disk, "")
        except NoDiskOfOurOwnError as fault:
            async with a_shop(folder) as shop:
                yield ShopOnDisk(shop, None, str(fault))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_what_was_cut_half_way_is_done_once_and_till_and_books_agree(on_disk: ShopOnDisk, seed: int) -> None:
    platform, tills = on_disk.shop
    sent_again = tills.sent_again

    async with a_cutting_line(port=platform.settings.port, seed=seed) as line:
        tills.url = f"http://127.0.0.1:{line.port}"
        await tills.work(tills=AT_WORK, until=lambda: min(line.cut_requests, line.cut_answers) >= CUTS)
        tills.url = platform.url

    assert CUTS < tills.sent_again - sent_again
    await verify_kept(platform, tills)


async def test_a_full_disk_refuses_clearly_loses_nothing_and_all_goes_on_when_there_is_room(
    on_disk: ShopOnDisk,
) -> None:
    if on_disk.disk is None:
        pytest.skip(f"no disk can be mounted here: {on_disk.no_disk}")
    (platform, tills), disk = on_disk.shop, on_disk.disk
    enough = asyncio.Event()
    folder = Path(platform.settings.data_folder)
    running = find_running(folder)
    assert running is not None

    async def fill_and_make_room() -> None:
        await tills.wait_for(TAPS)
        try:
            await asyncio.to_thread(disk.fill)
            await tills.wait_for_refusals(REFUSALS)
            await asyncio.to_thread(use_up_the_log, running.conninfo)
            await asyncio.to_thread(wait_for, lambda: find_running(folder) is None)
        finally:
            await asyncio.to_thread(disk.make_room)
        await tills.wait_for(TAPS)
        enough.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(fill_and_make_room())
        group.create_task(tills.work(tills=AT_WORK_WITHOUT_ROOM, until=enough.is_set))

    await verify_kept(platform, tills)
