"""Taking a backup: the database files copied while the server serves, and the encrypted keys beside them."""

import shutil
import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.kept import BACKUPS
from yikatong.plumbing.backup.manifest import (
    MANIFEST,
    Manifest,
    encode_manifest,
    list_entries,
    name_at,
    sync_folder,
    write_durably,
)
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.postgres.archiving import archive_of
from yikatong.plumbing.postgres.launch import run_program, start_program

KEYS = "keys"
BASE = "base"
_ARCHIVED_WITHIN_SECONDS = 60.0
_STEP_SECONDS = 0.2


class Progress(msgspec.Struct, frozen=True):
    """How many bytes of the database were copied, of how many there are; the latter is the server's estimate."""

    done: int
    total: int


def take_backup(
    backup_folder: Path,
    conninfo: str,
    *,
    keys: Path | None,
    programs: Path,
    clock: Clock,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Manifest:
    """Take a whole copy of the database that answers there; gives its manifest. It has its name only once it is whole.

    `keys` is the folder of encrypted key files; None where a module holds the keys. Raises BackupError when the server
    does not archive into this folder, when archiving fails, when the copy fails or is not what the server sent.
    """
    with psycopg.connect(conninfo, autocommit=True) as conn:
        verify_archiving(conn, backup_folder)
        began_at = clock.now()
        name = name_at(began_at)
        unfinished = backup_folder / BACKUPS / f".{name}.unfinished"
        try:
            unfinished.parent.mkdir(mode=0o700, exist_ok=True)
            unfinished.mkdir(mode=0o700)
            _copy_database(conn, unfinished / BASE, conninfo=conninfo, programs=programs, tell=tell)
            keys_count = 0 if keys is None else copy_keys(keys, unfinished / KEYS)
            manifest = _describe(conn, unfinished, name=name, keys_count=keys_count, began_at=began_at, now=clock.now())
            write_durably(unfinished / MANIFEST, encode_manifest(manifest))
            sync_folder(unfinished)
            unfinished.rename(unfinished.with_name(name))
            sync_folder(unfinished.parent)
        except OSError as error:
            raise BackupError(
                f"The backup was not made: {error.strerror} ({error.filename}).",
                f"备份没有完成：{error.strerror}（{error.filename}）。",
            ) from None
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return manifest


def verify_archiving(conn: psycopg.Connection[Any], backup_folder: Path) -> None:
    """See that a server archives into a folder, by having it archive what it has; raises BackupError.

    A copy is worth nothing without the log that was written during it.
    """
    command = str(_value(conn, "SHOW archive_command"))
    if _value(conn, "SHOW archive_mode") != "on" or str(archive_of(backup_folder)).replace("%", "%%") not in command:
        raise BackupError(
            f"The server that runs does not archive its log to {backup_folder}: restart the platform with "
            "YIKATONG_BACKUP_FOLDER set to it.",
            f"正在运行的服务器没有把日志归档到{backup_folder}：请将YIKATONG_BACKUP_FOLDER设为该目录后重启平台。",
        )
    switched = _value(conn, "SELECT pg_walfile_name(pg_switch_wal())")
    deadline = time.monotonic() + _ARCHIVED_WITHIN_SECONDS
    wanted = archive_of(backup_folder) / f"{switched}.gz"
    while not wanted.exists() and _value(conn, "SELECT pg_walfile_name(pg_current_wal_lsn())") != switched:
        if time.monotonic() > deadline:
            raise BackupError(
                f"The log does not reach the archive {wanted.parent}; postgres/server.log in the data folder says why.",
                f"日志无法写入归档目录{wanted.parent}；原因见数据目录中的postgres/server.log。",
            )
        time.sleep(_STEP_SECONDS)


def copy_keys(keys: Path, to: Path) -> int:
    """Copy the encrypted key files that a folder lacks or has otherwise; gives how many files there are.

    What lies there under a name that is gone stays: a key is never dropped. The master key lies elsewhere and is not
    copied.
    """
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = _key_files(keys)
    for file in files:
        data = file.read_bytes()
        copied = to / file.name
        if not copied.exists() or copied.read_bytes() != data:
            write_durably(copied, data)
    return len(files)


def _key_files(keys: Path) -> list[Path]:
    return sorted(path for path in keys.glob("*.key") if not path.name.startswith(".")) if keys.is_dir() else []


def _copy_database(
    conn: psycopg.Connection[Any],
    to: Path,
    *,
    conninfo: str,
    programs: Path,
    tell: Callable[[Progress], None],
) -> None:
    """Copy the database files by the server's own program, and compare the copy with the digests the server gave."""
    command = [
        str(programs / "pg_basebackup"),
        *("--dbname", conninfo, "--no-password", "--pgdata", str(to)),
        *("--format=tar", "--compress=gzip:1", "--wal-method=none", "--manifest-checksums=SHA256"),
        # A checkpoint at once writes no more than the server's buffers hold (160 MB); a spread one takes 13 minutes.
        *("--checkpoint=fast", "--progress"),
    ]
    log = to.with_name("base.log")
    with log.open("wb") as output:
        process = start_program(command, account=None, output=output)
        try:
            while process.poll() is None:
                tell(_progress(conn))
                time.sleep(_STEP_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    said = log.read_text(encoding="utf-8", errors="replace")
    log.unlink()
    code = process.returncode
    if code == 0:
        verify = [str(programs / "pg_verifybackup"), "--quiet", "--no-parse-wal", str(to)]
        code, said = run_program(verify, account=None)
    if code != 0:
        what = " ".join(said.replace("\r", "\n").splitlines()[-2:])
        raise BackupError(f"The database could not be copied: {what}", f"无法复制数据库：{what}")


def _progress(conn: psycopg.Connection[Any]) -> Progress:
    row = conn.execute("SELECT backup_streamed, backup_total FROM pg_stat_progress_basebackup").fetchone()
    return Progress(0, 0) if row is None else Progress(int(row[0] or 0), int(row[1] or 0))


class _Range(msgspec.Struct, rename={"timeline": "Timeline", "start": "Start-LSN", "end": "End-LSN"}):
    timeline: int
    start: str
    end: str


class _ServersManifest(msgspec.Struct, rename={"ranges": "WAL-Ranges", "system": "System-Identifier"}):
    """What the server's own manifest (PostgreSQL 18 manual, 68.1) says of the log that the copy needs."""

    ranges: list[_Range]
    system: int


def _describe(
    conn: psycopg.Connection[Any], folder: Path, *, name: str, keys_count: int, began_at: datetime, now: datetime
) -> Manifest:
    said = msgspec.json.decode((folder / BASE / "backup_manifest").read_bytes(), type=_ServersManifest)
    files = list_entries(folder)
    first, last = said.ranges[-1], said.ranges[0]
    return Manifest(
        name=name,
        system_identifier=said.system,
        server_version=str(_value(conn, "SHOW server_version")),
        release=version("yikatong"),
        timeline=max(first.timeline, last.timeline),
        began_at=began_at,
        ended_at=now,
        began_lsn=min((one.start for one in said.ranges), key=_position),
        ended_lsn=max((one.end for one in said.ranges), key=_position),
        keys_count=keys_count,
        bytes=sum(file.bytes for file in files),
        files=files,
    )


def _position(lsn: str) -> tuple[int, int]:
    high, _, low = lsn.partition("/")
    return int(high, 16), int(low, 16)


def _value(conn: psycopg.Connection[Any], question: str) -> Any:
    row = conn.execute(question.encode()).fetchone()
    return None if row is None else row[0]
