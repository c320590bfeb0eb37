"""The data folder: who has it, who is still in it, and where its socket is."""

import fcntl
import hashlib
import os
import signal
import stat
import sys
import tempfile
import time
from pathlib import Path

from yikatong.plumbing.postgres.account import Account
from yikatong.plumbing.postgres.errors import DataFolderInUseError, DataFolderOutOfReachError

_ORPHANS_LEAVE_SECONDS = 5.0
_POSTMASTER_LEAVES_SECONDS = 20.0


class FolderLock:
    """An exclusive lock on the data folder, held by an open file; the kernel drops it when we die, however we die."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock, leaving our name in it; raises DataFolderInUseError with the name of who has it."""
        path = self._folder / "yikatong.lock"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 200).decode("utf-8", errors="replace").strip() or "another process"
            os.close(file)
            holder_zh = holder.replace("another process", "另一进程").replace("process ", "进程", 1)
            raise DataFolderInUseError(
                f"数据目录{self._folder}正由{holder_zh}使用。请停止它，或以YIKATONG_DATA_FOLDER另指定目录。 "
                f"The data folder {self._folder} is in use by {holder}. "
                "Stop that one, or name another folder with YIKATONG_DATA_FOLDER."
            ) from None
        os.ftruncate(file, 0)
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
        os.write(file, f"process {os.getpid()} ({command})\n".encode()[:200])
        self._file = file

    def release(self) -> None:
        """Let the folder go; a second release does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def make_data_folder(folder: Path, account: Account | None) -> None:
    """Make the data folder and its PostgreSQL part where missing; folders that exist keep their permissions."""
    mode = 0o711 if account else 0o700
    for path in (folder, folder / "postgres"):
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(mode)


def closed_folder_above(path: Path, account: Account) -> Path | None:
    """The first folder on the way to a path that an account cannot pass, by its permission bits."""
    for parent in reversed((path, *path.parents)):
        status = parent.stat()
        if status.st_uid == account.uid:
            passes = status.st_mode & stat.S_IXUSR
        elif status.st_gid == account.gid:
            passes = status.st_mode & stat.S_IXGRP
        else:
            passes = status.st_mode & stat.S_IXOTH
        if not passes:
            return parent
    return None


def verify_reach(path: Path, account: Account | None) -> Path:
    """The path, when the account can come to it; raises DataFolderOutOfReachError naming the closed folder.

    Permissions are never widened for it: whoever closed a folder meant it.
    """
    closed = closed_folder_above(path, account) if account else None
    if account and closed:
        raise DataFolderOutOfReachError(
            f"数据库以账户{account.name}运行，无法进入{closed}。"
            f"请以YIKATONG_DATA_FOLDER另指定目录，或放开该目录（chmod o+x {closed}）。 "
            f"The database runs as the account {account.name}, which cannot enter {closed}. "
            f"Name another data folder with YIKATONG_DATA_FOLDER, or open that one (chmod o+x {closed})."
        )
    return path


def wait_until_left(cluster: Path, *, socket_folder: Path) -> None:
    """Wait until no PostgreSQL process works in a cluster, then remove the process files that a killed one left.

    Called with the folder's lock held, so what is still there outlived its starter: a postmaster that is shutting down
    (it got SIGINT when its parent died), or backends of a killed postmaster (they leave by themselves when they look
    up; a busy one is told to quit). The process file also names the shared memory, so it goes only after them. A
    server would refuse to start beside these files for as long as their process id is somebody's, and that of a killed
    one whom nobody asked how it ended still is.
    Raises DataFolderInUseError when a postmaster stays: then somebody started it by hand.
    """
    began = time.monotonic()
    while pids := _processes_in(cluster.resolve()):
        waited = time.monotonic() - began
        postmaster = _postmaster_of(cluster)
        if postmaster in pids:
            if waited > _POSTMASTER_LEAVES_SECONDS:
                raise DataFolderInUseError(
                    f"{cluster}中有不是由Yikatong启动的PostgreSQL（进程{postmaster}）。 "
                    f"A PostgreSQL server that was not started by Yikatong (process {postmaster}) works in {cluster}."
                )
        elif waited > _ORPHANS_LEAVE_SECONDS:
            for pid in pids:
                _quit(pid)
        time.sleep(0.02)
    if Path("/proc/self").exists():
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        for lock in socket_folder.glob(".s.PGSQL.*.lock"):
            lock.unlink(missing_ok=True)


def _processes_in(cluster: Path) -> list[int]:
    inside = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            working_folder = (entry / "cwd").readlink()
            name = (entry / "comm").read_text()
        except OSError:  # it ended while we looked, or is not ours to look at
            continue
        if working_folder == cluster and name.startswith("postgres"):
            inside.append(int(entry.name))
    return inside


def _postmaster_of(cluster: Path) -> int | None:
    try:
        return int((cluster / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _quit(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGQUIT)
    except ProcessLookupError:
        return


def socket_folder_for(folder: Path, account: Account | None) -> Path:
    """A short folder for the socket that only the account can enter; the same for one data folder at every start.

    Whoever can enter it is trusted by the server, so a folder of that name which is not exactly ours (made by
    somebody else in a shared temporary folder) is passed over for a fresh one.
    """
    uid = account.uid if account else os.geteuid()
    name = "ykt-" + hashlib.sha256(str(folder).encode()).hexdigest()[:10]
    wanted = _short_place() / name
    try:
        wanted.mkdir(mode=0o700)
    except FileExistsError:
        status = wanted.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == uid and stat.S_IMODE(status.st_mode) == 0o700:
            return wanted
        wanted = Path(tempfile.mkdtemp(prefix=name + "-", dir=wanted.parent))
    if account:
        os.chown(wanted, account.uid, account.gid)
    return wanted


def _short_place() -> Path:
    """The path of a socket may have 107 bytes, and data folders can lie deep."""
    for_this_machine = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "")
    if for_this_machine and len(for_this_machine) < 60 and os.access(for_this_machine, os.W_OK | os.X_OK):
        return Path(for_this_machine)
    return Path("/tmp")  # noqa: S108  shared, hence the folder's owner is verified above
