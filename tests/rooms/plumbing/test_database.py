"""The database's two roles, the bounds of its sessions, and the same on a server that somebody else runs."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.database import a_fresh_database, build_schema, folder_of_our_own
from tests.support.processes import environment_with
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import BESIDE_MAX, Connection, Database, SessionLimits, SteadyAttempt
from yikatong.plumbing.database_server import database_server, session_limits
from yikatong.plumbing.postgres.errors import DataFolderInUseError
from yikatong.plumbing.postgres.server import DATABASE, OWNER, EmbeddedPostgres
from yikatong.plumbing.roles import ServingRoleError
from yikatong.plumbing.settings import Settings

pytestmark = pytest.mark.anyio
_REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def outside() -> Iterator[EmbeddedPostgres]:
    """A server that is not ours to start: known by its address alone."""
    folder = folder_of_our_own()
    server = EmbeddedPostgres(folder)
    with server:
        with psycopg.connect(server.address(database="postgres").conninfo, autocommit=True) as conn:
            conn.execute("DROP ROLE yikatong_serving")
        yield server
    shutil.rmtree(folder)


def address_of(server: EmbeddedPostgres, *, login: str = OWNER, database: str = DATABASE) -> str:
    """The address of a database as people write it, for a login and its password."""
    parts = conninfo_to_dict(server.address().conninfo)
    return f"postgresql://{login}@/{database}?host={quote(str(parts['host']), safe='')}&port={parts['port']}"


async def value(conn: Connection, question: str) -> object:
    row = await (await conn.execute(question.encode())).fetchone()
    return row[0] if row else None


async def test_traffic_runs_as_the_serving_role_and_the_rest_as_the_owner(db: Database) -> None:
    serves = "SELECT pg_has_role(current_user, 'yikatong_serving', 'USAGE')"
    owns = "SELECT pg_get_userbyid(nspowner) = current_user FROM pg_namespace WHERE nspname = 'plumbing'"
    async with db.transaction() as conn:
        assert (await value(conn, serves), await value(conn, owns)) == (True, False)
    async with db.owner_transaction() as conn:
        assert await value(conn, owns) is True


async def test_the_serving_role_cannot_make_or_empty_tables(db: Database) -> None:
    for forbidden in ("CREATE TABLE plumbing.extra (id int)", "TRUNCATE plumbing.outbox", "DROP SCHEMA plumbing"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with db.transaction() as conn:
                await conn.execute(forbidden.encode())


def test_however_long_a_database_was_away_the_next_try_to_connect_is_soon() -> None:
    attempt, now, delays = SteadyAttempt(timeout=300), 0.0, []
    while not attempt.time_to_give_up(now):
        attempt.update_delay(now)
        delays.append(attempt.delay)
        now += max(attempt.delay, 0.1)

    assert 200 < len(delays)
    assert 1.5 > max(delays)


async def test_what_an_address_says_of_its_line_counts(db: Database) -> None:
    address = ServerAddress(conninfo=make_conninfo(db.address.conninfo, connect_timeout=3, keepalives_idle=7))
    async with await Database.open(address) as said, said.transaction() as conn:
        parameters = conn.info.get_parameters()

    assert ("3", "7", "30000") == tuple(
        parameters[name] for name in ("connect_timeout", "keepalives_idle", "tcp_user_timeout")
    )


async def test_a_transaction_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            await conn.execute("INSERT INTO plumbing.version (subject, version) VALUES ('half', 1)")
            raise ZeroDivisionError
    async with db.transaction() as conn:
        assert await value(conn, "SELECT count(*) FROM plumbing.version WHERE subject = 'half'") == 0


async def test_sessions_are_bounded_and_live_in_utc(db: Database) -> None:
    conn = await db.connect_serving()
    shown = [await value(conn, f"SHOW {name}") for name in ("timezone", "statement_timeout", "lock_timeout")]
    assert shown == ["UTC", "30s", "10s"]
    assert await value(conn, "SHOW idle_in_transaction_session_timeout") == "1min"
    assert conn.autocommit
    await conn.close()


async def test_a_statement_that_runs_too_long_ends(db: Database) -> None:
    limits = session_limits(Settings(statement_timeout_seconds=1))
    async with await Database.open(db.address, limits=limits) as database:
        with pytest.raises(psycopg.errors.QueryCanceled):
            async with database.transaction() as conn:
                await conn.execute("SELECT pg_sleep(60)")


async def test_an_outside_server_gets_the_serving_role_and_traffic_takes_it_on(outside: EmbeddedPostgres) -> None:
    with database_server(Settings(database_url=address_of(outside))) as address:
        async with await Database.open(address, limits=SessionLimits()) as database:
            assert build_schema(address.conninfo, rooms=["plumbing"]) == {}
            async with database.transaction() as conn:
                assert await value(conn, "SELECT current_user") == "yikatong_serving"
                assert await value(conn, "SELECT count(*) FROM plumbing.outbox") == 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with database.transaction() as conn:
                    await conn.execute("CREATE TABLE plumbing.extra (id int)")


async def test_a_serving_login_of_its_own_is_used_as_it_is(outside: EmbeddedPostgres) -> None:
    with psycopg.connect(outside.address().conninfo, autocommit=True) as conn:
        conn.execute("CREATE ROLE waiter LOGIN PASSWORD 'tray'")
    address = ServerAddress(conninfo=address_of(outside), serving_conninfo=address_of(outside, login="waiter:tray"))
    async with await Database.open(address) as database, database.transaction() as conn:
        assert await value(conn, "SELECT current_user") == "waiter"


async def test_a_server_that_lets_nobody_make_roles_is_told_what_to_run(outside: EmbeddedPostgres) -> None:
    with psycopg.connect(outside.address().conninfo, autocommit=True) as conn:
        conn.execute("CREATE ROLE modest LOGIN PASSWORD 'm'")
    with a_fresh_database(outside.address().conninfo) as empty:
        modest = ServerAddress(conninfo=empty.conninfo.replace("user=yikatong", "user=modest"))
        with pytest.raises(
            ServingRoleError, match=r"An administrator of the server runs:.*GRANT yikatong_serving TO modest"
        ):
            await Database.open(modest)


def test_the_suite_runs_on_a_server_named_by_its_address_without_a_superuser(outside: EmbeddedPostgres) -> None:
    """As the operating guide sets such a server up: an owner that makes databases, and a login that only serves."""
    with psycopg.connect(outside.address(database="postgres").conninfo, autocommit=True) as conn:
        if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = 'yikatong_serving'").fetchone():
            conn.execute("CREATE ROLE yikatong_serving NOLOGIN")
        conn.execute("CREATE ROLE tester LOGIN CREATEDB PASSWORD 'p@ss' IN ROLE yikatong_serving")
        conn.execute("CREATE ROLE web LOGIN PASSWORD 'w' IN ROLE yikatong_serving")
        conn.execute("CREATE DATABASE named OWNER tester")
    as_tester, as_web = [address_of(outside, login=login, database="named") for login in ("tester:p%40ss", "web:w")]

    for more in ({}, {"YIKATONG_SERVING_DATABASE_URL": as_web}):
        run = a_run_of_tests({"YIKATONG_DATABASE_URL": as_tester, **more})
        assert run.returncode == 0, run.stdout

    with psycopg.connect(outside.address(database="postgres").conninfo) as conn:
        left = conn.execute("SELECT datname FROM pg_database WHERE datname LIKE 'yikatong!_%' ESCAPE '!'").fetchall()
    assert left == [], "what the runs made is gone"
    with psycopg.connect(outside.address(database="named").conninfo) as conn:
        made = conn.execute("SELECT nspname FROM pg_namespace WHERE nspname = 'plumbing'").fetchall()
    assert made == [], "the named database itself was never touched"


def test_a_server_on_which_tests_may_make_nothing_is_told_what_to_run(outside: EmbeddedPostgres) -> None:
    with psycopg.connect(outside.address().conninfo, autocommit=True) as conn:
        conn.execute("CREATE ROLE guest LOGIN PASSWORD 'g'")

    run = a_run_of_tests({"YIKATONG_DATABASE_URL": address_of(outside, login="guest:g")})

    assert run.returncode == 2
    assert "ALTER ROLE guest CREATEDB; CREATE ROLE yikatong_serving NOLOGIN; GRANT yikatong_serving TO guest;" in (
        run.stdout + run.stderr
    )


def a_run_of_tests(settings: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Some tests that use the database, in a run of their own that knows only these settings."""
    environment = {
        name: text
        for name, text in environment_with(PYTHONPATH="src:.", **settings).items()
        if not name.startswith(("YIKATONG_TESTS_", "PYTEST_"))
    }
    files = ["tests/rooms/plumbing/test_jobs.py", "tests/rooms/plumbing/test_schema.py"]
    return subprocess.run(  # noqa: S603  our own tests
        [sys.executable, "-m", "pytest", *files],
        cwd=_REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_a_second_process_may_join_the_server_that_runs_on_the_folder() -> None:
    folder = folder_of_our_own()
    settings = Settings(data_folder=str(folder))
    with database_server(settings) as address:
        with database_server(settings, may_join=True) as joined:
            assert joined == address
        with pytest.raises(DataFolderInUseError), database_server(settings):
            pass
        with psycopg.connect(address.conninfo) as conn:
            assert conn.execute(sql.SQL("SELECT 1")).fetchone() == (1,)
    shutil.rmtree(folder)


async def test_a_call_that_has_the_last_connection_of_the_pool_still_gets_commits_of_its_own(db: Database) -> None:
    async with await Database.open(db.address, pool_size_max=1) as database, database.transaction() as conn:
        cursor = await conn.execute("SELECT pg_backend_pid()")
        held = await cursor.fetchone()
        for _ in range(BESIDE_MAX + 1):
            async with database.own_commit() as own:
                got = await (await own.execute("SELECT pg_backend_pid(), current_user")).fetchone()
                assert got is not None
                assert held != got[:1]
                assert "yikatong_serving" == got[1]


async def test_what_raises_in_a_commit_of_its_own_gives_its_connection_back(db: Database) -> None:
    for _ in range(BESIDE_MAX + 1):
        with pytest.raises(LookupError):
            async with db.own_commit():
                raise LookupError
