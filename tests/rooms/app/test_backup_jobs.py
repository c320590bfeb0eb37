"""The archive is watched: who looks at the measurements learns of a missing backup disk before it is needed."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from prometheus_client import REGISTRY

from tests.support.database import folder_of_our_own
from tests.support.world import SeededIds
from yikatong.app.backup_jobs import copy_key_files, jobs
from yikatong.app.house import House
from yikatong.app.http.health import ArchiveAnswer, read_health
from yikatong.app.keys import key_folder
from yikatong.plumbing.backup.taking import KEYS
from yikatong.plumbing.backup.watching import Standing, read_standing
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import archiving_of
from yikatong.plumbing.jobs import JobCall
from yikatong.plumbing.postgres.archiving import archive_of
from yikatong.plumbing.postgres.server import EmbeddedPostgres
from yikatong.plumbing.settings import Settings


@pytest.fixture
async def archived() -> AsyncIterator[tuple[Settings, Database]]:
    """A database of its own that archives, with the settings that say so."""
    folder = folder_of_our_own()
    vault = folder / "vault"
    vault.mkdir(mode=0o711)
    settings = Settings(data_folder=str(folder / "data"), backup_folder=str(vault), backup_archive_seconds=1)
    server = EmbeddedPostgres(folder / "data", archiving=archiving_of(settings))
    address = await anyio.to_thread.run_sync(server.start)
    try:
        async with await Database.open(address) as database:
            yield settings, database
    finally:
        await anyio.to_thread.run_sync(server.stop)
        shutil.rmtree(folder)


async def standing(settings: Settings, database: Database, *, failing: bool) -> Standing:
    """How archiving stands, once the server has had its turn."""
    assert settings.backup_folder is not None
    with anyio.fail_after(120):
        while True:
            async with database.owner_transaction() as conn:
                found = await read_standing(conn, Path(settings.backup_folder), now=SystemClock().now())
            if found.is_failing == failing and (found.late_seconds > 0) == failing:
                return found
            await anyio.sleep(0.05)


async def begin_a_segment(database: Database) -> None:
    async with database.owner_transaction() as conn:
        await conn.execute("SELECT pg_logical_emit_message(false, 'test', 'something to archive')")
        await conn.execute("SELECT pg_switch_wal()")


async def archive_told(settings: Settings, database: Database) -> ArchiveAnswer:
    """What the platform's health says of its archive."""
    clock = SystemClock()
    health = await read_health(House(settings=settings, database=database, clock=clock, ids=SeededIds()))
    assert health.archive is not None
    return health.archive


def measured(name: str) -> float | None:
    return REGISTRY.get_sample_value(name)


@pytest.mark.anyio
async def test_an_archive_that_goes_missing_is_measured_until_it_is_back(archived: tuple[Settings, Database]) -> None:
    settings, database = archived
    assert settings.backup_folder is not None
    archive = archive_of(Path(settings.backup_folder))
    (job,) = jobs(settings)
    call = JobCall(database=database, clock=SystemClock(), ids=SeededIds())

    away = archive.rename(archive.with_name("away"))
    await begin_a_segment(database)
    failing = await standing(settings, database, failing=True)
    await job.run(call)
    assert failing.age_seconds is None
    assert 1.0 == measured("yikatong_backup_failing")
    assert 0.0 < (measured("yikatong_backup_late_seconds") or 0.0)
    told = await archive_told(settings, database)
    assert told.failing
    assert 0.0 < told.late_seconds

    away.rename(archive)
    await standing(settings, database, failing=False)
    await job.run(call)
    assert (0.0, 0.0) == (measured("yikatong_backup_failing"), measured("yikatong_backup_late_seconds"))
    told = await archive_told(settings, database)
    assert (False, 0.0) == (told.failing, told.late_seconds)
    assert told.last_archived_at is not None


def test_new_key_files_are_copied_and_no_folder_is_made_for_them(tmp_path: Path) -> None:
    settings, vault = Settings(data_folder=str(tmp_path)), tmp_path / "vault"
    key_folder(settings).mkdir(parents=True)
    (key_folder(settings) / "root.0a.key").write_bytes(b"encrypted")

    copy_key_files(settings, vault)
    assert not vault.exists()
    vault.mkdir()
    copy_key_files(settings, vault)

    assert ["root.0a.key"] == [path.name for path in (vault / KEYS).iterdir()]


def test_without_a_backup_folder_or_on_a_server_of_their_own_nothing_is_watched() -> None:
    assert () == jobs(Settings())
    assert () == jobs(Settings(backup_folder="/backup", database_url="postgresql://owner@127.0.0.1/x"))
