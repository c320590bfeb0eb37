"""Restored to between two taps: the first is there with its receipt, the second is not, and the books balance."""

import asyncio
import gzip
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from msgspec.structs import replace

from tests.crash.serving import RESIDENTS, Platform, let_tills_in, read_books, wait_for
from tests.crash.tills import Tills
from tests.support.database import folder_of_our_own
from yikatong.app.keys import key_folder
from yikatong.app.restore import Restored, Wish, restore
from yikatong.app.restored import read_note
from yikatong.plumbing.backup.kept import BACKUPS
from yikatong.plumbing.backup.manifest import Manifest, list_damaged
from yikatong.plumbing.backup.restoring import Goal
from yikatong.plumbing.backup.taking import KEYS, take_backup
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.master_key import read_master_key
from yikatong.plumbing.postgres.binaries import wheel_programs
from yikatong.plumbing.settings import SettingsError

pytestmark = pytest.mark.anyio

TAPS = 3


class Day(NamedTuple):
    """What happened: taps under load while a backup was taken, a moment, taps after it, and a kill of everything."""

    platform: Platform
    tills: Tills
    manifest: Manifest
    before: dict[str, Any]
    moment: datetime
    after: dict[str, Any]


@pytest.fixture(scope="module")
async def day(anyio_backend: str) -> AsyncIterator[Day]:
    """A platform with a backup folder, whose server was killed with all its processes."""
    folder = folder_of_our_own()
    vault = folder / "vault"
    vault.mkdir(mode=0o711)
    platform = Platform(folder / "data", backup_folder=vault)
    (folder / "data").mkdir(mode=0o711)
    tills = Tills(await asyncio.to_thread(platform.populate, let_tills_in), platform.url, resident_count=RESIDENTS)
    try:
        await asyncio.to_thread(platform.start)
        manifest = await backed_up_at_work(platform, tills)
        await taps(tills)
        before = receipts(tills)
        moment = datetime.now(UTC)
        await taps(tills)
        await archived_so_far(platform, vault)
        await taps(tills)
        after = {one: receipt for one, receipt in receipts(tills).items() if one not in before}
        await asyncio.to_thread(platform.kill_everything)
        yield Day(platform, tills, manifest, before, moment, after)
    finally:
        await asyncio.to_thread(platform.stop)
        shutil.rmtree(folder, ignore_errors=True)


async def backed_up_at_work(platform: Platform, tills: Tills) -> Manifest:
    """Take a backup while tills work."""
    done = asyncio.Event()

    async def back_up() -> Manifest:
        await tills.wait_for(TAPS)
        try:
            return await asyncio.to_thread(take, platform)
        finally:
            done.set()

    async with asyncio.TaskGroup() as group:
        taking = group.create_task(back_up())
        group.create_task(tills.work(tills=TAPS, until=done.is_set))
    return taking.result()


def take(platform: Platform) -> Manifest:
    assert platform.settings.backup_folder is not None
    with database_server(platform.settings, may_join=True) as address:
        return take_backup(
            Path(platform.settings.backup_folder),
            address.conninfo,
            keys=key_folder(platform.settings),
            programs=wheel_programs(),
            clock=SystemClock(),
        )


async def archived_so_far(platform: Platform, vault: Path) -> None:
    """End the segment at hand and wait until the archive has it: what follows is in the data folder alone."""
    with database_server(platform.settings, may_join=True) as address:
        async with await psycopg.AsyncConnection.connect(address.conninfo, autocommit=True) as conn:
            found = await (await conn.execute("SELECT pg_walfile_name(pg_switch_wal())")).fetchone()
    assert found is not None
    await asyncio.to_thread(wait_for, (vault / "wal" / f"{found[0]}.gz").exists)


async def taps(tills: Tills) -> None:
    wanted = len(tills.acknowledged) + TAPS
    await tills.work(tills=1, until=lambda: len(tills.acknowledged) >= wanted)


def receipts(tills: Tills) -> dict[str, Any]:
    return {request_id: receipt for request_id, (_, receipt) in tills.acknowledged.items()}


def restored(day: Day, to: datetime | None) -> Restored:
    wish = Wish(Goal(to=to), may_set_aside=True, waits_for_codes=False)
    return restore(day.platform.settings, wish, clock=SystemClock())


async def test_everything_is_there_again_up_to_the_last_tap_before_the_kill(day: Day) -> None:
    done = await asyncio.to_thread(restored, day, None)

    assert () == done.differences
    books = await asyncio.to_thread(read_books, day.platform)
    assert set(day.before) | set(day.after) == set(books.taps)
    assert [] == books.differences


async def test_restored_to_between_two_taps_the_first_has_its_receipt_and_the_second_is_not_there(day: Day) -> None:
    done = await asyncio.to_thread(restored, day, day.moment)

    assert () == done.differences
    assert done.set_aside is not None
    assert done.set_aside.exists()
    books = await asyncio.to_thread(read_books, day.platform)
    assert set(day.before) == set(books.taps)
    await asyncio.to_thread(day.platform.start)
    kept = [one for one in day.before if one not in day.tills.reversed][-TAPS:]
    assert {one: day.before[one] for one in kept} == await day.tills.ask_again(kept)
    await asyncio.to_thread(day.platform.stop)
    assert read_note(day.platform.settings) is None


def test_a_backup_taken_under_load_is_whole_and_holds_the_keys_but_not_the_master_key(day: Day) -> None:
    settings = day.platform.settings
    assert settings.backup_folder is not None
    backup = Path(settings.backup_folder) / BACKUPS / day.manifest.name
    text = (Path(settings.data_folder) / "keys" / "master.key").read_bytes().strip()
    secrets = (text, read_master_key(settings, SystemIds(SystemClock())))

    assert [] == list_damaged(backup, day.manifest.files)
    assert {path.name for path in key_folder(settings).iterdir()} == {path.name for path in (backup / KEYS).iterdir()}
    for file in (path for path in Path(settings.backup_folder).rglob("*") if path.is_file()):
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        assert not any(secret in data for secret in secrets), file


async def test_an_installation_restored_elsewhere_asks_for_its_master_key_before_it_starts(day: Day) -> None:
    elsewhere = Path(day.platform.settings.data_folder).with_name("elsewhere")
    settings = replace(day.platform.settings, data_folder=str(elsewhere))

    done = await asyncio.to_thread(restore, settings, Wish(Goal(to=day.moment)), clock=SystemClock())

    assert (None, ()) == (done.set_aside, done.differences)
    assert day.manifest.keys_count == done.keys_count
    with pytest.raises(SettingsError, match=r"The master key .* is gone"):
        read_master_key(settings, SystemIds(SystemClock()))
