"""Continuous archiving: the server hands each finished segment of its log to a script, which copies it away.

The scripts are the system's own shell with gzip, cmp, mv and sync, because the account that runs the database can
seldom run our interpreter (a virtual environment in root's home). They lie beside the configuration, which the account
may read and not write. (PostgreSQL 18 manual, 25.3.)
"""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from yikatong.plumbing.postgres.account import Account
from yikatong.plumbing.postgres.errors import EmbeddedPostgresError
from yikatong.plumbing.postgres.folder import closed_folder_above

ARCHIVE = "wal"
_OWNER = "database"
_ARCHIVE_SCRIPT = """\
#!/bin/sh
# Copies a finished file of the log into the archive: whole and on the disk before it has its name, never over another.
# $1 the file, $2 its name, $3 the archive. A failure is written to the server's log, and the server asks again.
set -eu
if [ ! -d "$3" ]; then
    echo "the archive $3 is not there" >&2
    exit 1
fi
if [ -e "$3/$2.gz" ]; then
    # The server died between the copy and its note of it, and asks once more.
    if gzip -dc -- "$3/$2.gz" | cmp -s -- - "$1"; then exit 0; fi
    echo "the archive $3 holds another $2; nothing is overwritten" >&2
    exit 1
fi
nice -n 19 gzip -1 -n -c -- "$1" > "$3/.$2.part"
sync "$3/.$2.part"
mv -n -- "$3/.$2.part" "$3/$2.gz"
if [ -e "$3/.$2.part" ]; then
    echo "the archive $3 got another $2 meanwhile; nothing is overwritten" >&2
    exit 1
fi
sync "$3"
"""
_FETCH_SCRIPT = """\
#!/bin/sh
# Fetches a file of the log from the archive. $1 its name, $2 where to, $3 the archive.
# 1 says that the archive has none of that name, which is how a replay learns that it has reached the end; any other
# failure is above 125, which ends the replay instead of letting it end early.
if [ ! -d "$3" ]; then
    echo "the archive $3 is not there" >&2
    exit 200
fi
if [ ! -e "$3/$1.gz" ]; then exit 1; fi
if gzip -dc -- "$3/$1.gz" > "$2.part" && mv -- "$2.part" "$2"; then exit 0; fi
echo "$3/$1.gz cannot be read or is damaged" >&2
exit 200
"""


class Archiving(msgspec.Struct, frozen=True, kw_only=True):
    """Where the log is archived to, and after how many seconds a segment is, also when it is not full."""

    backup_folder: Path
    seconds_max: int


def is_copy(data_folder: Path) -> bool:
    """Whether a data folder holds a copy that was restored to be looked at: it is not served and archives nothing."""
    return _copy_mark(data_folder).exists()


def mark_copy(data_folder: Path, *, is_one: bool) -> None:
    """Say of a data folder that it holds a copy, or no longer one."""
    if is_one:
        _copy_mark(data_folder).write_text("restored to be looked at\n", encoding="utf-8")
    else:
        _copy_mark(data_folder).unlink(missing_ok=True)


def _copy_mark(data_folder: Path) -> Path:
    return data_folder / "postgres" / "copy"


def archive_of(backup_folder: Path) -> Path:
    """The folder of the archived log in a backup folder."""
    return backup_folder / ARCHIVE


def write_scripts(folder: Path) -> None:
    """Write both scripts beside the server's configuration."""
    for name, text in (("archive.sh", _ARCHIVE_SCRIPT), ("fetch.sh", _FETCH_SCRIPT)):
        path = folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)


def archive_settings(folder: Path, archiving: Archiving | None) -> Mapping[str, str]:
    """The server's settings that make it archive, or not; `folder` is where the scripts are."""
    if archiving is None:
        return {"archive_mode": "off"}
    return {
        "archive_mode": "on",
        "archive_command": _command(folder / "archive.sh", "%p", "%f", archive_of(archiving.backup_folder)),
        "archive_timeout": f"{archiving.seconds_max}s",
    }


def fetch_command(folder: Path, backup_folder: Path) -> str:
    """The command by which a server that is being restored gets its log; `folder` is where the scripts are."""
    return _command(folder / "fetch.sh", "%f", "%p", archive_of(backup_folder))


def _command(script: Path, first: str, second: str, archive: Path) -> str:
    """A command line in which the server puts file and name; a percent sign of a path is doubled for it."""
    quoted = [shlex.quote(str(path)).replace("%", "%%") for path in (script, archive)]
    return f'/bin/sh {quoted[0]} "{first}" "{second}" {quoted[1]}'


def verify_own_archive(backup_folder: Path, cluster: Path) -> None:
    """Go on only if nobody else's log is archived there; the first database that comes leaves its number.

    Raises EmbeddedPostgresError: two databases name their segments alike. A restored database keeps its number.
    """
    number = read_system_identifier(cluster)
    note = backup_folder / _OWNER
    try:
        known = note.read_text(encoding="ascii").strip()
    except OSError:
        return  # none yet, or the folder cannot be entered, which `prepare_archive` tells
    if known != str(number):
        raise EmbeddedPostgresError(
            f"备份目录{backup_folder}属于另一数据库（{known}，本库为{number}）：请各用各的目录（YIKATONG_BACKUP_FOLDER），"
            "或恢复那一个。 "
            f"The backup folder {backup_folder} belongs to another database ({known}, ours is {number}): "
            "give each a folder of its own (YIKATONG_BACKUP_FOLDER), or restore that one."
        )


def read_system_identifier(cluster: Path) -> int:
    """The number that a database was made with: the first eight bytes of its control file."""
    return int.from_bytes((cluster / "global" / "pg_control").read_bytes()[:8], sys.byteorder)


def prepare_archive(backup_folder: Path, account: Account | None, *, number: int) -> str | None:
    """Make the archive in a backup folder, for the database's account; gives the sentence that says why not, if so.

    The backup folder itself is never made: when the disk that it lies on is not mounted, the archive must not grow
    under its mount point. Nor are permissions of what is above widened.
    """
    archive = archive_of(backup_folder)
    if not backup_folder.is_dir():
        return f"The backup folder {backup_folder} is not there; nothing is archived until it is."
    closed = closed_folder_above(backup_folder, account) if account else None
    if account and closed:
        return (
            f"The database runs as the account {account.name}, which cannot enter {closed}; nothing is archived until "
            f"it can (chmod o+x {closed})."
        )
    try:
        archive.mkdir(mode=0o700, exist_ok=True)
        if not (backup_folder / _OWNER).exists():
            unfinished = backup_folder / f".{_OWNER}"
            unfinished.write_text(f"{number}\n", encoding="ascii")
            unfinished.rename(backup_folder / _OWNER)
        if account:
            for path in (archive, *archive.iterdir()):
                os.chown(path, account.uid, account.gid)
    except OSError as error:
        return f"The archive {archive} cannot be used: {error.strerror}; nothing is archived until it can."
    return None
