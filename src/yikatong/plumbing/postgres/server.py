"""The embedded server: made, started, watched, brought back, stopped.

    with EmbeddedPostgres(data_folder) as address:
        ...

The calls block (an async caller uses `anyio.to_thread.run_sync`) and may come from any thread: the child belongs to a
thread of its own that lives as long as the server, because the kernel ties the child to the thread that made it.
"""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import make_conninfo

from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.postgres.account import Account, account_for
from yikatong.plumbing.postgres.archiving import (
    Archiving,
    prepare_archive,
    read_system_identifier,
    verify_own_archive,
)
from yikatong.plumbing.postgres.binaries import programs_for
from yikatong.plumbing.postgres.cluster import make_cluster
from yikatong.plumbing.postgres.configuration import PORT, write_configuration
from yikatong.plumbing.postgres.errors import (
    DataFolderOutOfReachError,
    ServerDidNotStartError,
)
from yikatong.plumbing.postgres.folder import (
    FolderLock,
    make_data_folder,
    socket_folder_for,
    verify_reach,
    wait_until_left,
)
from yikatong.plumbing.postgres.process import Postmaster
from yikatong.plumbing.roles import SERVING_ROLE

OWNER = "yikatong"
DATABASE = "yikatong"
READY_WITHIN_SECONDS = 60.0
_QUICK_DEATHS_MAX = 5
_QUICK_DEATH_SECONDS = 5.0
_PAUSE_SECONDS = 2.0

log = structlog.get_logger("yikatong.postgres")


def find_running(data_folder: Path) -> ServerAddress | None:
    """The address of the server that works in a data folder, whoever started it; None when none is ready there."""
    process_file = cluster_of(data_folder.resolve()) / "postmaster.pid"
    try:
        lines = process_file.read_text().splitlines()
    except OSError:
        return None
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    return _address(Path(lines[4]), port=int(lines[3]), database=DATABASE)


def has_cluster(data_folder: Path) -> bool:
    """Whether a server was ever started on a data folder; true of one that is closed to us, which `start` names."""
    try:
        return cluster_of(data_folder.resolve()).exists()
    except PermissionError:
        return True


class EmbeddedPostgres:
    """One PostgreSQL server under one data folder, ours alone while it runs."""

    def __init__(
        self,
        data_folder: Path,
        *,
        archiving: Archiving | None = None,
        overrides: Mapping[str, str] | None = None,
        ready_within_seconds: float = READY_WITHIN_SECONDS,
    ) -> None:
        """`overrides` are server settings over `configuration.SETTINGS`, for tests, measurements and restores."""
        self._folder = data_folder.resolve()
        self._archiving = archiving
        self._overrides = overrides or {}
        self._ready_within_seconds = ready_within_seconds
        self._lock = FolderLock(self._folder)
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._postmaster: Postmaster | None = None
        self._socket_folder: Path | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the running postmaster."""
        return self._postmaster.pid if self._postmaster else None

    @property
    def log_path(self) -> Path:
        """Where the server writes its log."""
        return self._folder / "postgres" / "server.log"

    def start(self) -> ServerAddress:
        """Start the server, making its cluster at the first start; ready for connections when this returns.

        Raises, in this order: DataFolderOutOfReachError (cannot be made or written), DataFolderInUseError,
        DataFolderOutOfReachError (closed to the database's account), DataFolderOfAnotherVersionError,
        EmbeddedPostgresError (another database archives to our backup folder), ServerDidNotStartError.
        """
        cluster = cluster_of(self._folder)
        account = account_for(cluster)
        try:
            make_data_folder(self._folder, account)
            self._lock.take()
        except OSError as error:
            raise DataFolderOutOfReachError(
                f"数据目录{self._folder}不可用（{error.strerror}），请以YIKATONG_DATA_FOLDER另指定。 "
                f"The data folder {self._folder} cannot be used: {error.strerror}. "
                "Name another with YIKATONG_DATA_FOLDER."
            ) from None
        try:
            verify_reach(cluster.parent, account)
            programs = programs_for(account, copies=cluster.parent)
            make_cluster(cluster, programs=programs, account=account, owner=OWNER)
            self._socket_folder = socket_folder_for(self._folder, account)
            arguments = write_configuration(
                cluster.parent,
                socket_folder=self._socket_folder,
                archiving=self._archiving,
                overrides=self._overrides,
            )
            if self._archiving:
                _prepare_archive(self._archiving.backup_folder, cluster, account)
            wait_until_left(cluster, socket_folder=self._socket_folder)
            command = [str(programs / "postgres"), "-D", str(cluster), *arguments]
            self._postmaster = Postmaster(
                command,
                account=account,
                cluster=cluster,
                socket_folder=self._socket_folder,
                log_path=self.log_path,
            )
            self._watch()
            self._wait_until_ready()
            self._make_database()
        except BaseException:
            self.stop()
            raise
        return self.address()

    def address(self, *, database: str = DATABASE) -> ServerAddress:
        """The address of a database on this server, over the socket."""
        assert self._socket_folder is not None
        return _address(self._socket_folder, port=PORT, database=database)

    def stop(self) -> None:
        """Stop the server in order and let the data folder go; a second stop does nothing."""
        with self._turn:
            self._stopping.set()
            if self._postmaster:
                self._postmaster.stop()
        if self._watcher:
            self._watcher.join()
            self._watcher = None
        self._postmaster = None
        if self._socket_folder and self._socket_folder.exists() and not any(self._socket_folder.iterdir()):
            self._socket_folder.rmdir()
        self._lock.release()
        self._stopping.clear()

    def __enter__(self) -> ServerAddress:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _watch(self) -> None:
        self._watcher = threading.Thread(target=self._keep_running, name="postgres", daemon=True)
        self._watcher.start()

    def _keep_running(self) -> None:
        """Start the postmaster and wait for its end; bring it back unless we stopped it or it never came up.

        One that came up once is never given up: a disk that is full now has room again some time.
        """
        quick_deaths = 0
        while not self._stopping.wait(_pause_after(quick_deaths)) and self._start_postmaster() and self._postmaster:
            began = time.monotonic()
            code = self._postmaster.wait()
            quick_deaths = quick_deaths + 1 if time.monotonic() - began < _QUICK_DEATH_SECONDS else 0
            if self._stopping.is_set():
                return
            if not self._postmaster.was_ready:
                log.critical("database ended and stays down", exit_code=code, log=str(self.log_path))
                return
            tell = log.critical if quick_deaths >= _QUICK_DEATHS_MAX else log.warning
            tell("database ended and is brought back", exit_code=code, log=str(self.log_path))

    def _start_postmaster(self) -> bool:
        """Start it unless we are stopping; under the turn, so that a stop never misses a child just made."""
        with self._turn:
            if self._stopping.is_set() or self._postmaster is None:
                return False
            self._postmaster.start()
            return True

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._ready_within_seconds
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self._conninfo("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                if self._watcher and not self._watcher.is_alive():
                    break
                time.sleep(0.01)
            else:
                if self._postmaster:
                    self._postmaster.was_ready = True
                return
        said = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        raise ServerDidNotStartError(
            "PostgreSQL未能启动，其日志末尾如下。 PostgreSQL did not start. The end of its log:\n" + "\n".join(said)
        )

    def _make_database(self) -> None:
        """Make what a fresh cluster lacks: our database and the serving role."""
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [SERVING_ROLE]).fetchone():
                conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(SERVING_ROLE)))
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _conninfo(self, database: str) -> str:
        return self.address(database=database).conninfo


def _pause_after(quick_deaths: int) -> float:
    """How long to wait for better times; a first few deaths cost none."""
    return 0.0 if quick_deaths < _QUICK_DEATHS_MAX else _PAUSE_SECONDS


def _prepare_archive(backup_folder: Path, cluster: Path, account: Account | None) -> None:
    """Cards are served without a backup disk too, and the measurements say that it is missing; never into another's."""
    verify_own_archive(backup_folder, cluster)
    fault = prepare_archive(backup_folder, account, number=read_system_identifier(cluster))
    if fault:
        log.error(fault)


def cluster_of(folder: Path) -> Path:
    """Where the database cluster of a data folder lies."""
    return folder / "postgres" / "data"


def _address(socket_folder: Path, *, port: int, database: str) -> ServerAddress:
    def conninfo(role: str) -> str:
        return make_conninfo(host=str(socket_folder), port=port, user=role, dbname=database)

    return ServerAddress(conninfo=conninfo(OWNER), serving_conninfo=conninfo(SERVING_ROLE))
