"""One database for the whole test run: an embedded server of our own, or a fresh database on a server that is named."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.cluster import drop_on_workers, is_cluster, lay_out, span
from tests.support.world import NOON
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Database
from yikatong.plumbing.migrations import apply_migrations
from yikatong.plumbing.postgres.server import EmbeddedPostgres
from yikatong.plumbing.roles import SERVING_ROLE
from yikatong.plumbing.schema import room_schemas

_OWNER_VARIABLE = "YIKATONG_TESTS_OWNER"
_SERVING_VARIABLE = "YIKATONG_TESTS_SERVING"
_MEMORY = Path("/dev/shm")  # noqa: S108  a fresh folder of a random name is made in it
_ROOM_BYTES = 4_000_000_000
_IN_UTF_8 = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0")
"""However the server's own databases are encoded, and whatever somebody has put into its template."""
FAST_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
"""Tests of durability start servers of their own; all others only lose their time to it."""


def folder_of_our_own() -> Path:
    """A fresh folder that the database's account can enter, whoever runs the tests; in memory where there is room.

    Processes are killed in tests, machines are not, so nothing is lost by it but the waiting.
    """
    has_room = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix="ykt-tests-", dir=_MEMORY if has_room else None))
    folder.chmod(0o711)
    return folder


class TestServer:
    """Where the tests' database is; the process that made it also ends it."""

    __test__ = False

    def __init__(self) -> None:
        self._embedded: EmbeddedPostgres | None = None
        self._folder: Path | None = None
        self._made_on: str | None = None
        self._made_name = ""

    def address(self) -> ServerAddress:
        """The database, made at the first call; workers of one run find it by the environment."""
        if _OWNER_VARIABLE not in os.environ:
            address = self._make()
            build_schema(address.conninfo)
            os.environ[_OWNER_VARIABLE] = address.conninfo
            os.environ[_SERVING_VARIABLE] = address.serving_conninfo or ""
        return ServerAddress(
            conninfo=os.environ[_OWNER_VARIABLE], serving_conninfo=os.environ[_SERVING_VARIABLE] or None
        )

    def end(self) -> None:
        """Stop or drop what this process made."""
        if self._embedded:
            self._embedded.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._made_on:
            with psycopg.connect(self._made_on, autocommit=True) as conn:
                drop_database(conn, self._made_name)
        if self._embedded or self._made_on:
            os.environ.pop(_OWNER_VARIABLE, None)

    def _make(self) -> ServerAddress:
        if outside := os.environ.get("YIKATONG_DATABASE_URL"):
            return self._make_outside(outside, os.environ.get("YIKATONG_SERVING_DATABASE_URL"))
        self._folder = folder_of_our_own()
        self._embedded = EmbeddedPostgres(self._folder, overrides=FAST_NOT_DURABLE)
        return self._embedded.start()

    def _make_outside(self, outside: str, serving: str | None) -> ServerAddress:
        """A fresh database beside the named one, which itself is never touched."""
        name = f"yikatong_tests_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(outside, autocommit=True) as conn:
            if lacking := rights_lacking(conn):
                pytest.exit(f"For the tests an administrator of the server runs: {' '.join(lacking)}", returncode=2)
            make_database(conn, name)
        self._made_on, self._made_name = outside, name
        return ServerAddress(
            conninfo=named_instead(outside, name), serving_conninfo=serving and named_instead(serving, name)
        )


def rights_lacking(conn: psycopg.Connection[Any]) -> list[str]:
    """The statements that give the connected role what tests need: databases of their own, and the serving role."""
    row = conn.execute(
        "SELECT rolsuper OR rolcreatedb, rolsuper OR rolcreaterole OR EXISTS (SELECT FROM pg_roles AS serving"
        " WHERE serving.rolname = %s AND pg_has_role(current_user, serving.oid, 'MEMBER'))"
        " FROM pg_roles WHERE rolname = current_user",
        [SERVING_ROLE],
    ).fetchone()
    assert row is not None
    makes_databases, serves = row
    lacking = [] if makes_databases else [f"ALTER ROLE {conn.info.user} CREATEDB;"]
    if not serves:
        lacking += [f"CREATE ROLE {SERVING_ROLE} NOLOGIN;", f"GRANT {SERVING_ROLE} TO {conn.info.user};"]
    return lacking


def named_instead(conninfo: str, name: str) -> str:
    """An address with the name of another database."""
    return make_conninfo("", **{**conninfo_to_dict(conninfo), "dbname": name})


def build_schema(conninfo: str, *, rooms: Sequence[str] | None = None, over_nodes: bool = True) -> dict[str, str]:
    """Make the tables of some rooms (all); gives the error of each schema that does not stand, the others do anyway.

    On a cluster they lie over its nodes, unless they shall lie on the coordinator alone.
    """
    failures: dict[str, str] = {}
    with psycopg.connect(conninfo, autocommit=True) as conn:
        if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [SERVING_ROLE]).fetchone():
            conn.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(SERVING_ROLE)))
        for room, text in room_schemas():
            if rooms is not None and room not in rooms:
                continue
            if conn.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [room]).fetchone():
                continue
            try:
                with conn.transaction():
                    conn.execute(text.encode())
            except psycopg.Error as error:
                failures[room] = str(error)
        if over_nodes and is_cluster(conn):
            lay_out(conn, rooms)
    return failures


def make_database(conn: psycopg.Connection[Any], name: str) -> None:
    """Make an empty database; on a cluster's coordinator one on every node, which know each other."""
    conn.execute(_IN_UTF_8.format(sql.Identifier(name)))
    if is_cluster(conn):
        span(conn, named_instead(conn.info.dsn, name), name)


def drop_database(conn: psycopg.Connection[Any], name: str) -> None:
    """Drop a database and end our sessions in it; the server's own cleaners, which only it may end, it ends itself."""
    conn.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = %s AND backend_type = 'client backend' AND pg_has_role(usesysid, 'USAGE')",
        [name],
    )
    if is_cluster(conn):
        drop_on_workers(conn, name)
    conn.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


@contextmanager
def a_fresh_database(beside: str) -> Iterator[ServerAddress]:
    """An empty database on the server of another, for tests that need one; dropped at the end of the block."""
    name = f"yikatong_empty_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(beside, autocommit=True) as conn:
        make_database(conn, name)
        try:
            yield ServerAddress(conninfo=named_instead(beside, name))
        finally:
            drop_database(conn, name)


@asynccontextmanager
async def a_database_of_its_own(beside: Database, *, rooms: Sequence[str] | None = None) -> AsyncIterator[Database]:
    """A database with some rooms' tables (all) beside another, for tests that nobody else's rows may meet."""
    with a_fresh_database(beside.address.conninfo) as address:
        build_schema(address.conninfo, rooms=rooms)
        async with await Database.open(address) as database:
            yield database


@contextmanager
def a_database_to_serve_from(beside: str) -> Iterator[ServerAddress]:
    """A fresh database for a platform that starts.

    It makes its tables itself; on a cluster they are made here, and laid over the nodes as its operator would.
    """
    with a_fresh_database(beside) as address:
        with psycopg.connect(address.conninfo, autocommit=True) as conn:
            if is_cluster(conn):
                asyncio.run(_migrate(address.conninfo))
                lay_out(conn, None)
        yield address


async def _migrate(conninfo: str) -> None:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as conn:
        await apply_migrations(conn, now=NOON)
