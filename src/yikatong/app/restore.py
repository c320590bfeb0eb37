"""Restoring the whole installation: plan, replay, audit, keys, exchange. Backups of the database lie in plumbing."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from yikatong.app.audits.rooms import run_audit
from yikatong.app.commands.command_line import verify_prepared
from yikatong.app.keys import key_folder
from yikatong.app.restored import CODES_LIVE, Note, write_note
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.backup.archive import Archive
from yikatong.plumbing.backup.coverage import Coverage, choose_backup, verify_reaches
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.kept import BACKUPS, Measure, read_kept
from yikatong.plumbing.backup.manifest import list_damaged, verify_folder
from yikatong.plumbing.backup.restorations import Restoration
from yikatong.plumbing.backup.restoring import Goal, exchange, holding, replayed, verify_same_database
from yikatong.plumbing.backup.segments import Line
from yikatong.plumbing.backup.taking import KEYS, copy_keys
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Database
from yikatong.plumbing.migrations import MigrationError
from yikatong.plumbing.postgres.archiving import Archiving, mark_copy
from yikatong.plumbing.postgres.binaries import wheel_programs
from yikatong.plumbing.settings import Settings

Tell = Callable[[str], None]


class Wish(NamedTuple):
    """What is to be restored. `backup` and `timeline` None: the fitting one, the newest."""

    goal: Goal
    backup: str | None = None
    timeline: int | None = None
    may_set_aside: bool = False
    waits_for_codes: bool = True
    is_copy: bool = False


class Restored(NamedTuple):
    """What was restored: the way it took, what the audit found (None: migrations wait), what was set aside where."""

    covered: Coverage
    line: Line
    differences: tuple[str, ...] | None
    set_aside: Path | None
    keys_count: int


def verify_embedded(settings: Settings) -> Settings:
    """The settings, when the database is the embedded one; raises BackupError."""
    if settings.database_url is None:
        return settings
    raise BackupError(
        "The database is on a server of your own (YIKATONG_DATABASE_URL): it is backed up and restored by that "
        "server's tools.",
        "数据库在您自己的服务器上（YIKATONG_DATABASE_URL）：请用该服务器的工具备份和恢复。",
    )


def restore(settings: Settings, wish: Wish, *, clock: Clock, tell: Tell = lambda _: None) -> Restored:
    """Restore an installation into its data folder, which changes only when everything has succeeded.

    Raises BackupError, in this order: an outside server, no backup folder, a database is there and may not be set
    aside, what `choose_backup` refuses, a damaged backup, what `verify_reaches` refuses, a replay that does not reach
    its goal. Before the third, DataFolderInUseError.
    """
    verify_embedded(settings)
    backup_folder = verify_folder(settings.backup_folder)
    archiving = Archiving(backup_folder=backup_folder, seconds_max=settings.backup_archive_seconds)
    data_folder = Path(settings.data_folder).resolve()
    with holding(data_folder, may_set_aside=wish.may_set_aside and not wish.is_copy) as own_log:
        stands_still_at = clock.now()
        archive, covered, line = plan(backup_folder, wish, own_log=own_log, tell=tell)
        tell(f"重放日志 replaying {len(covered.segments)} segments from {covered.manifest.name}")
        with replayed(
            data_folder, covered, wish.goal, line=line, archive=archive, archiving=archiving, is_copy=wish.is_copy
        ) as address:
            tell("审计 auditing")
            differences = asyncio.run(_audit(address))
        keys_count = 0 if settings.key_module_socket else _add_keys(settings, backup_folder, covered)
        mark_copy(data_folder, is_one=wish.is_copy)
        if not wish.is_copy:
            _leave_note(settings, wish, covered, line, now=stands_still_at)
        set_aside = exchange(data_folder, now=clock.now())
    return Restored(covered, line, differences, set_aside, keys_count)


def _leave_note(settings: Settings, wish: Wish, covered: Coverage, line: Line, *, now: datetime) -> None:
    restoration = Restoration(
        restored_at=now, target_at=wish.goal.to, backup=covered.manifest.name, timeline=line.timeline
    )
    codes_live = CODES_LIVE if wish.waits_for_codes else timedelta()
    write_note(settings, Note(restoration=restoration, codes_end_at=now + codes_live))


def plan(backup_folder: Path, wish: Wish, *, own_log: Path | None, tell: Tell) -> tuple[Archive, Coverage, Line]:
    """Find the way to the goal and verify every file on it; raises BackupError as `restore` says."""
    manifests = read_kept(backup_folder).manifests
    system = manifests[-1].system_identifier if manifests else 0
    archive = Archive(backup_folder, system_identifier=system, own_log=own_log)
    measure = Measure(archive, programs=wheel_programs(), tell=lambda said: tell(f"核对日志 verifying the log {said}"))
    line = measure.line(wish.timeline)
    manifest = choose_backup(manifests, line=line, to=wish.goal.to, name=wish.backup)
    verify_same_database(manifest, manifests)
    tell(f"核对备份 verifying {manifest.name}")
    if damaged := list_damaged(backup_folder / BACKUPS / manifest.name, manifest.files):
        raise BackupError(
            f"The backup {manifest.name} is damaged: {', '.join(damaged)}; --backup names an older one.",
            f"备份{manifest.name}已损坏：{'、'.join(damaged)}；可用--backup指定更早的备份。",
        )
    covered = measure.cover(manifest, line)
    return archive, verify_reaches(covered, to=wish.goal.to, is_inclusive=wish.goal.is_inclusive), line


async def _audit(address: ServerAddress) -> tuple[str, ...] | None:
    async with await Database.open(address) as database:
        try:
            await verify_prepared(database)
        except MigrationError:
            return None
        return tuple(difference for room in await run_audit(database) for difference in room.differences)


def _add_keys(settings: Settings, backup_folder: Path, covered: Coverage) -> int:
    """Add the encrypted keys that the installation lacks; those it has are the newest, and stay as they are."""
    held = key_folder(settings)
    unfinished = held.with_name("held.restoring")
    for source in (backup_folder / BACKUPS / covered.manifest.name / KEYS, backup_folder / KEYS, held):
        copy_keys(source, unfinished)
    count = 0
    if held.exists():
        count = copy_keys(unfinished, held)
        for file in unfinished.iterdir():
            file.unlink()
        unfinished.rmdir()
    elif any(unfinished.iterdir()):
        count = len(list(unfinished.iterdir()))
        unfinished.rename(held)
    return count
