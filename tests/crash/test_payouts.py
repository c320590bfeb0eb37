"""Rosters and bank files while processes are killed and disks fill: nobody half on a roster, nobody paid twice."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.crash.bike_town import KILLS
from tests.crash.claims_town import Town, a_claims_town
from tests.crash.insisting import killed_at_work
from tests.crash.payout_books import verify_payouts
from tests.crash.serving import Platform, ask_beside, wait_for
from tests.crash.small_disk import NoDiskOfOurOwnError, SmallDisk, a_small_disk, use_up_the_log
from tests.support.database import folder_of_our_own
from yikatong.plumbing.database import Database
from yikatong.plumbing.jobs import JobState, list_jobs
from yikatong.plumbing.postgres.server import find_running

pytestmark = pytest.mark.anyio

Work = Callable[[Callable[[], bool]], Coroutine[Any, Any, None]]
"""Lets offices work until something holds."""

STEPS = 5
REFUSALS = 2
FILES = 1


class Hurt(NamedTuple):
    """A town; the disks of its database and of its bank's folder, or why there are none."""

    town: Town
    disk: SmallDisk | None
    bank_disk: SmallDisk | None
    no_disk: str


@pytest.fixture(scope="module")
async def hurt(anyio_backend: str) -> AsyncIterator[Hurt]:
    """A platform of its own with a bank's folder, each on a disk of its own where one can be mounted."""
    folder, bank_files = folder_of_our_own(), folder_of_our_own()
    try:
        with ExitStack() as mounted:
            disk = bank_disk = None
            no_disk = ""
            try:
                disk, bank_disk = (mounted.enter_context(a_small_disk(each)) for each in (folder, bank_files))
            except NoDiskOfOurOwnError as fault:
                no_disk = str(fault)
            async with a_claims_town(folder, bank_files=bank_files) as town:
                yield Hurt(town, disk, bank_disk, no_disk)
    finally:
        for each in (folder, bank_files):
            shutil.rmtree(each, ignore_errors=True)


async def killed(town: Town, whom: Sequence[str], *, work: Work, chance: random.Random) -> None:
    """Kill one or the other among the steps of offices, as often as is asked for."""
    platform = town.platform
    for _ in range(KILLS):
        what, steps = chance.choice(whom), chance.randrange(STEPS // 2, STEPS * 3 // 2)
        then = platform.start_again if what == "everything" else None
        await killed_at_work(town.offices, getattr(platform, what), work=work, before=steps, after=STEPS, then=then)


async def filled(hurt: Hurt, *, work: Work) -> None:
    """Let the database's disk fill among the steps of offices until they are refused, and have room again."""
    (platform, offices), disk = hurt.town, hurt.disk
    assert disk is not None
    enough = asyncio.Event()
    running = find_running(Path(platform.settings.data_folder))
    assert running is not None

    async def fill_and_make_room() -> None:
        await offices.wait_for(STEPS)
        try:
            await asyncio.to_thread(disk.fill)
            await asyncio.to_thread(use_up_the_log, running.conninfo)
            await offices.wait_for_refusals(REFUSALS)
        finally:
            await asyncio.to_thread(disk.make_room)
        await offices.wait_for(STEPS)
        enough.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(fill_and_make_room())
        group.create_task(work(enough.is_set))


async def test_a_full_disk_leaves_nobody_half_on_a_roster_and_what_was_begun_ends_when_there_is_room(
    hurt: Hurt,
) -> None:
    if hurt.disk is None:
        pytest.skip(f"no disk can be mounted here: {hurt.no_disk}")

    await filled(hurt, work=hurt.town.offices.build)

    await hurt.town.offices.settle_publicity()
    await verify_payouts(hurt.town)


async def test_whatever_dies_while_rosters_are_made_each_claim_is_on_one_as_it_was_said(hurt: Hurt, seed: int) -> None:
    chance = random.Random(f"{seed} rosters")
    offices = hurt.town.offices

    await killed(hurt.town, ["postmaster", "everything"], work=offices.build, chance=chance)

    await offices.settle_publicity()
    await verify_payouts(hurt.town)


async def test_a_full_disk_leaves_no_half_file_to_the_bank_and_all_is_sent_when_there_is_room(hurt: Hurt) -> None:
    if hurt.disk is None or hurt.bank_disk is None:
        pytest.skip(f"no disk can be mounted here: {hurt.no_disk}")
    (platform, offices), bank_disk = hurt.town, hurt.bank_disk

    try:
        await asyncio.to_thread(bank_disk.fill)
        await offices.apply(FILES)
        await asyncio.to_thread(wait_for, lambda: "is full" in failure_of_sending(platform))
        assert [] == [each.name for each in (offices.folder / "to-bank").iterdir()]
    finally:
        await asyncio.to_thread(bank_disk.make_room)
    await offices.settle()
    await filled(hurt, work=offices.pay)

    await offices.settle()
    await verify_payouts(hurt.town)


async def test_whatever_dies_while_files_go_and_come_everybody_is_paid_once(hurt: Hurt, seed: int) -> None:
    chance = random.Random(f"{seed} files")
    offices = hurt.town.offices

    await killed(hurt.town, ["runner", "postmaster", "everything"], work=offices.pay, chance=chance)

    await offices.settle()
    await verify_payouts(hurt.town)


def failure_of_sending(platform: Platform) -> str:
    """What `yikatong jobs` says of the files that could not be sent."""

    async def ask(database: Database) -> list[JobState]:
        async with database.transaction() as conn:
            return await list_jobs(conn)

    return next(job.last_error or "" for job in ask_beside(platform, ask) if job.name == "payouts.send_files")
