"""The tests' databases on a cluster: one of the same name on every node, and every table laid over them.

Where YIKATONG_DATABASE_URL names a database with the extension Citus and workers, the login there is a superuser's:
nobody else may make the extension or tell a node of another.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from yikatong.plumbing.distribution import read_placings
from yikatong.plumbing.distribution_citus import plan_statements
from yikatong.plumbing.roles import SERVING_ROLE

_SHARDS = 2
"""Fewer than a platform has, so that the tables are made soon; on two workers each has one of every table."""
_EXTENSION = "CREATE EXTENSION IF NOT EXISTS citus"


def is_cluster(conn: psycopg.Connection[Any]) -> bool:
    """Whether the connected database lies over nodes."""
    return conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchone() is not None


def span(conn: psycopg.Connection[Any], made: str, name: str) -> None:
    """Put a database that was just made on the coordinator, at the address `made`, over the nodes of another."""
    host, port = conn.execute("SELECT nodename, nodeport FROM pg_dist_node WHERE groupid = 0").fetchone() or ("", 0)
    workers = _workers(conn)
    for worker in workers:
        with _connected(conn, worker) as there:
            there.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name)))
        with _connected(conn, worker, name) as there:
            there.execute(_EXTENSION)
    with psycopg.connect(made, autocommit=True) as here:
        here.execute(_EXTENSION)
        here.execute("SELECT citus_set_coordinator_host(%s, %s)", [host, port])
        for worker in workers:
            here.execute("SELECT citus_add_node(%s, %s)", worker)


def drop_on_workers(conn: psycopg.Connection[Any], name: str) -> None:
    """Drop a database on every node but the coordinator."""
    for worker in _workers(conn):
        with _connected(conn, worker) as there:
            halves = there.execute("SELECT gid FROM pg_prepared_xacts WHERE database = %s", [name]).fetchall()
            if halves:
                _undo(conn, worker, name, halves=[gid for (gid,) in halves])
            there.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _undo(conn: psycopg.Connection[Any], worker: tuple[str, int], name: str, *, halves: Sequence[str]) -> None:
    """Undo what a session that was killed left prepared on a worker; until then nobody may drop the database."""
    with _connected(conn, worker, name) as there:
        for half in halves:
            there.execute(sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(half)))


def lay_out(conn: psycopg.Connection[Any], rooms: Sequence[str] | None) -> None:
    """Lay the tables of some rooms (all) over the nodes, in one bucket as on one machine."""
    placings = [placing for placing in read_placings() if rooms is None or placing.room in rooms]
    found = conn.execute("SELECT logicalrelid::text FROM pg_dist_partition WHERE partmethod IN ('h', 'n')")
    done = frozenset(name for (name,) in found)
    with conn.transaction():
        conn.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
        for statement in plan_statements(placings, done=done, shard_count=_SHARDS):
            conn.execute(statement.encode())
        for placing in placings:
            if placing.by == "reference":
                _let_lock(conn, placing.table)


def _let_lock(conn: psycopg.Connection[Any], table: str) -> None:
    """What `yikatong db distribute` grants the serving role on a reference table that it inserts into."""
    row = conn.execute("SELECT has_table_privilege(%s, %s, 'INSERT')", [SERVING_ROLE, table]).fetchone()
    if row == (True,):
        name = sql.Identifier(*table.split("."))
        conn.execute(sql.SQL("GRANT UPDATE ON {} TO {}").format(name, sql.Identifier(SERVING_ROLE)))


def _workers(conn: psycopg.Connection[Any]) -> list[tuple[str, int]]:
    found = conn.execute("SELECT nodename, nodeport FROM pg_dist_node WHERE groupid <> 0 AND noderole = 'primary'")
    return [(host, port) for host, port in found]


@contextmanager
def _connected(
    conn: psycopg.Connection[Any], node: tuple[str, int], name: str = "postgres"
) -> Iterator[psycopg.Connection[Any]]:
    host, port = node
    there = make_conninfo(
        "",
        **{
            **conninfo_to_dict(conn.info.dsn),
            "password": conn.info.password,
            "host": host,
            "port": port,
            "dbname": name,
        },
    )
    with psycopg.connect(there, autocommit=True) as connected:
        yield connected
