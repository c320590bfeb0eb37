"""Restoring: a backup unpacked beside the data that is there, the log replayed over it, and the two exchanged.

Until the exchange everything happens in a folder of its own; whoever interrupts it changed nothing but the archive,
which got what it still lacked.
"""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec

from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.backup.archive import Archive
from yikatong.plumbing.backup.coverage import Coverage
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.kept import BACKUPS
from yikatong.plumbing.backup.manifest import Manifest, name_at, sync_folder
from yikatong.plumbing.backup.segments import Line
from yikatong.plumbing.backup.taking import BASE
from yikatong.plumbing.postgres.account import Account, account_for
from yikatong.plumbing.postgres.archiving import Archiving, fetch_command
from yikatong.plumbing.postgres.cluster import SET_ASIDE
from yikatong.plumbing.postgres.errors import ServerDidNotStartError
from yikatong.plumbing.postgres.folder import (
    FolderLock,
    make_data_folder,
    socket_folder_for,
    verify_reach,
    wait_until_left,
)
from yikatong.plumbing.postgres.server import EmbeddedPostgres, cluster_of

_RESTORING = "restoring"
_REPLAYED_WITHIN_SECONDS = 7 * 24 * 3600.0


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """Where to: a moment, or the end of the log; with `is_inclusive` what was committed at that very instant too."""

    to: datetime | None
    is_inclusive: bool = True


@contextmanager
def holding(data_folder: Path, *, may_set_aside: bool) -> Iterator[Path | None]:
    """Hold a data folder whose server is stopped; gives the log of the database that lies there, None without one.

    Raises DataFolderInUseError, then BackupError when a database is there and must not be set aside.
    """
    cluster = cluster_of(data_folder)
    account = account_for(cluster)
    make_data_folder(data_folder, account)
    lock = FolderLock(data_folder)
    lock.take()
    try:
        verify_reach(cluster.parent, account)
        if not cluster.exists():
            yield None
            return
        if not may_set_aside:
            raise BackupError(
                f"There is a database in {data_folder}; with --set-aside it is renamed and kept.",
                f"{data_folder}中已有数据库；加上--set-aside则将其改名，保留在恢复出的数据库旁边。",
            )
        wait_until_left(cluster, socket_folder=socket_folder_for(data_folder, account))
        yield cluster / "pg_wal"
    finally:
        lock.release()


@contextmanager
def replayed(
    data_folder: Path,
    covered: Coverage,
    goal: Goal,
    *,
    line: Line,
    archive: Archive,
    archiving: Archiving,
    is_copy: bool = False,
) -> Iterator[ServerAddress]:
    """A server on the restored database, which has reached the goal and goes on from there on a timeline of its own.

    A copy archives nothing, so that its timeline never looks like the one that goes on. The data folder is held. Raises
    BackupError when the replay does not reach the goal.
    """
    folder = data_folder / _RESTORING
    shutil.rmtree(folder, ignore_errors=True)
    cluster = cluster_of(folder)
    account = account_for(cluster_of(data_folder))
    make_data_folder(folder, account)
    _unpack(archiving.backup_folder / BACKUPS / covered.manifest.name, cluster)
    _hand_over_log(archive, cluster)
    (cluster / "recovery.signal").touch(mode=0o600)
    _give(cluster, account)
    server = EmbeddedPostgres(
        folder,
        archiving=None if is_copy else archiving,
        overrides={
            "hot_standby": "off",
            "recovery_prefetch": "off",  # it would fetch segments beyond the goal, where one may be damaged
            "restore_command": fetch_command(cluster.parent, archiving.backup_folder),
            "recovery_target_timeline": str(line.timeline),
            "recovery_target_action": "promote",
            **_target(goal),
        },
        ready_within_seconds=_REPLAYED_WITHIN_SECONDS,
    )
    try:
        address = server.start()
    except ServerDidNotStartError as error:
        raise BackupError(
            f"The log was not replayed to its goal; nothing was changed. {error}",
            f"日志未能重放到目标时刻；没有任何改动。{error}",
        ) from None
    try:
        yield address
    finally:
        server.stop()


def exchange(data_folder: Path, *, now: datetime) -> Path | None:
    """Put the restored database in its place; gives where the one that was there lies now, None when there was none."""
    cluster, restored = cluster_of(data_folder), cluster_of(data_folder / _RESTORING)
    aside = None
    if cluster.exists():
        aside = cluster.with_name(f"{SET_ASIDE}{name_at(now)}")
        cluster.rename(aside)
    restored.rename(cluster)
    sync_folder(cluster.parent)
    shutil.rmtree(data_folder / _RESTORING, ignore_errors=True)
    return aside


def _target(goal: Goal) -> dict[str, str]:
    if goal.to is None:
        return {}
    return {
        "recovery_target_time": goal.to.isoformat(sep=" "),
        "recovery_target_inclusive": "on" if goal.is_inclusive else "off",
    }


def _unpack(backup: Path, cluster: Path) -> None:
    """Unpack the database files; nothing but plain files and folders below the cluster is made."""
    cluster.mkdir(mode=0o700)
    for path in sorted((backup / BASE).glob("*.tar.gz")):
        with tarfile.open(path, mode="r|gz") as packed:
            for member in packed:
                name = PurePosixPath(member.name)
                if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
                    raise BackupError(
                        f"{path} holds {member.name}, which is no file of a database.",
                        f"{path}中的{member.name}不是数据库文件。",
                    )
                _unpack_member(packed, member, cluster / name)


def _unpack_member(packed: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.isdir():
        path.mkdir(mode=0o700, exist_ok=True)
        return
    source = packed.extractfile(member)
    assert source is not None
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _hand_over_log(archive: Archive, cluster: Path) -> None:
    """Archive what the database that is set aside had not archived yet; the last, half-written, is only replayed."""
    unarchived = archive.unarchived()
    for last in unarchived[-1:]:
        (cluster / "pg_wal" / last.name).write_bytes(archive.read(last))
    for segment in unarchived[:-1]:
        archive.put(segment)


def _give(cluster: Path, account: Account | None) -> None:
    if account is None:
        return
    for path in (cluster, *cluster.rglob("*")):
        os.chown(path, account.uid, account.gid)
        path.chmod(0o700 if path.is_dir() else 0o600)


def verify_same_database(manifest: Manifest, others: tuple[Manifest, ...]) -> None:
    """Go on only if all backups of a folder are of one database; raises BackupError."""
    if any(one.system_identifier != manifest.system_identifier for one in others):
        raise BackupError(
            "The backup folder holds backups of several databases; give each a folder of its own.",
            "备份目录中有多个数据库的备份；请为每个数据库使用单独的目录。",
        )
