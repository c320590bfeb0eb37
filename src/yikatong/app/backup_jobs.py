"""What runs by itself for backups: the archive is watched, and new key files are copied to it."""

from datetime import timedelta
from pathlib import Path

import structlog

from yikatong.app.keys import key_folder
from yikatong.plumbing.backup.taking import KEYS, copy_keys
from yikatong.plumbing.backup.watching import read_standing, show_standing
from yikatong.plumbing.database_server import archiving_of
from yikatong.plumbing.jobs import Job, JobCall, every
from yikatong.plumbing.settings import Settings

WATCHED_EVERY = timedelta(minutes=1)
LATE_AFTER = 3
"""So many times the longest a segment may stay open, and the archive lags."""

log = structlog.get_logger("yikatong.backup")


def jobs(settings: Settings) -> tuple[Job, ...]:
    """Watch the archive of the embedded database, where the settings name one."""
    archiving = archiving_of(settings)
    if archiving is None or settings.database_url is not None:
        return ()

    async def watch(call: JobCall) -> None:
        async with call.database.owner_transaction() as conn:
            standing = await read_standing(conn, archiving.backup_folder, now=call.clock.now())
        show_standing(standing)
        if standing.is_failing or standing.late_seconds > LATE_AFTER * archiving.seconds_max:
            log.error("the archive lags", late_seconds=round(standing.late_seconds), failing=standing.is_failing)
        if not settings.key_module_socket:
            copy_key_files(settings, archiving.backup_folder)

    return (Job(name="backup.watch", schedule=every(WATCHED_EVERY), run=watch),)


def copy_key_files(settings: Settings, backup_folder: Path) -> None:
    """Copy new and newly encrypted key files, without which what they sealed since would not open after a restore.

    A backup folder that is not there is not made: its disk may not be mounted.
    """
    if backup_folder.is_dir():
        copy_keys(key_folder(settings), backup_folder / KEYS)
