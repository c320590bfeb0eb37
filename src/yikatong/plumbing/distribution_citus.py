"""What a server with Citus must have, and the statements that distribute the tables over its nodes."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection, sql

from yikatong.plumbing.distribution import Placing

LEAST_SERVER = 160_000
LEAST_CITUS = (13, 0)
SHARD_COUNT = 32


class ClusterError(RuntimeError):
    """The server cannot be distributed as it is; the message says, in both languages, what it lacks."""


class ServerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of itself, as far as a cluster needs it; `workers` are those that may hold shards."""

    server_version: int
    preloaded: tuple[str, ...]
    available: str | None
    installed: str | None
    may_create: bool
    wal_level: str
    prepared_transactions: int
    connections: int
    coordinator_is_known: bool
    workers: int
    own_role_logs_in: bool


class Lack(msgspec.Struct, frozen=True):
    """Something that a server lacks, in both languages, with what to do about it."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} {self.en}"


def list_lacking(facts: ServerFacts) -> tuple[Lack, ...]:
    """What the server lacks, in the order in which it is mended; later things cannot be known before earlier ones."""
    lacking = list(_lacking_of_server(facts))
    if not facts.preloaded or facts.available is None:
        return tuple(lacking)
    if facts.installed is None:
        if not facts.may_create:
            lacking.append(
                Lack(
                    "扩展citus尚未创建，而本账户无权创建：请由超级用户在本数据库及各工作节点的同名数据库中执行"
                    "CREATE EXTENSION citus;。",
                    "The extension citus is not created and we may not create it: a superuser runs, in this database "
                    "and in the database of this name on each worker: CREATE EXTENSION citus;",
                )
            )
        return tuple(lacking)
    return (*lacking, *_lacking_of_nodes(facts))


def _lacking_of_server(facts: ServerFacts) -> list[Lack]:
    lacking = []
    if facts.server_version < LEAST_SERVER:
        have = facts.server_version // 10_000
        lacking.append(
            Lack(f"需要PostgreSQL 16或以上，现为{have}。", f"PostgreSQL 16 or later is needed, this is {have}.")
        )
    if facts.available is None:
        lacking.append(
            Lack(
                "服务器未安装Citus扩展：请在协调节点和各工作节点安装Citus软件包。",
                "The server does not have the extension Citus: install its package on coordinator and workers.",
            )
        )
    elif _version(facts.installed or facts.available) < LEAST_CITUS:
        have_citus = facts.installed or facts.available
        lacking.append(
            Lack(f"需要Citus 13.0或以上，现为{have_citus}。", f"Citus 13.0 or later is needed, this is {have_citus}.")
        )
    if facts.preloaded[:1] != ("citus",):
        lacking.append(
            Lack(
                "请在postgresql.conf中把citus放在shared_preload_libraries的第一位，并重启。",
                "Set shared_preload_libraries = 'citus' (citus first) in postgresql.conf and restart.",
            )
        )
    if facts.wal_level != "logical":
        lacking.append(
            Lack(
                f"wal_level须为logical（现为{facts.wal_level}），否则以后不能不停机地移动分片；修改后重启。",
                f"wal_level must be logical (it is {facts.wal_level}), or shards cannot be moved later without a "
                "pause; restart after the change.",
            )
        )
    if facts.prepared_transactions < facts.connections:
        lacking.append(
            Lack(
                f"max_prepared_transactions须不小于max_connections（现为{facts.prepared_transactions}和"
                f"{facts.connections}）：跨节点的提交分两阶段。",
                f"max_prepared_transactions must not be below max_connections (they are {facts.prepared_transactions} "
                f"and {facts.connections}): a commit over several nodes has two phases.",
            )
        )
    return lacking


def _lacking_of_nodes(facts: ServerFacts) -> list[Lack]:
    lacking = []
    if not facts.coordinator_is_known:
        lacking.append(
            Lack(
                "请告诉集群协调节点的地址：SELECT citus_set_coordinator_host('主机名', 端口);。",
                "Tell the cluster where its coordinator is: SELECT citus_set_coordinator_host('host', port);",
            )
        )
    if facts.workers == 0:
        lacking.append(
            Lack(
                "集群没有可放分片的节点：请对每个工作节点执行SELECT citus_add_node('主机名', 端口);。",
                "No node of the cluster may hold shards: for each worker run SELECT citus_add_node('host', port);",
            )
        )
    if not facts.own_role_logs_in:
        lacking.append(
            Lack(
                "服务角色须能登录工作节点：请执行ALTER ROLE yikatong_serving LOGIN;，并在各节点的pg_hba.conf中"
                "允许协调节点以该角色连接。",
                "The serving role must be able to log in to workers: run ALTER ROLE yikatong_serving LOGIN; and let "
                "the coordinator in under that role in each node's pg_hba.conf.",
            )
        )
    return lacking


async def read_facts(conn: AsyncConnection[Any]) -> ServerFacts:
    """Ask a server what it has; changes nothing."""
    row = await _row(
        conn,
        "SELECT current_setting('server_version_num')::int, current_setting('shared_preload_libraries'),"
        " (SELECT default_version FROM pg_available_extensions WHERE name = 'citus'),"
        " (SELECT extversion FROM pg_extension WHERE extname = 'citus'),"
        " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), current_setting('wal_level'),"
        " current_setting('max_prepared_transactions')::int, current_setting('max_connections')::int,"
        " coalesce((SELECT rolcanlogin FROM pg_roles WHERE rolname = 'yikatong_serving'), false)",
    )
    version, preloaded, available, installed, may_create, wal_level, prepared, connections, logs_in = row
    coordinator_is_known, workers = False, 0
    if installed is not None:
        coordinator_is_known, workers = await _row(
            conn,
            "SELECT coalesce(bool_or(groupid = 0), false), count(*) FILTER (WHERE isactive AND shouldhaveshards)"
            " FROM pg_dist_node WHERE noderole = 'primary'",
        )
    return ServerFacts(
        server_version=version,
        preloaded=tuple(name for name in str(preloaded).replace(" ", "").split(",") if name),
        available=available,
        installed=installed,
        may_create=may_create,
        wal_level=wal_level,
        prepared_transactions=prepared,
        connections=connections,
        coordinator_is_known=coordinator_is_known,
        workers=workers,
        own_role_logs_in=logs_in,
    )


def plan_statements(
    placings: Sequence[Placing], *, done: frozenset[str] = frozenset(), shard_count: int = SHARD_COUNT
) -> tuple[str, ...]:
    """The statements that distribute the tables that are not distributed yet, in their order.

    Reference tables first, in the order in which they were made, so that what a foreign key names is there before it.
    Then the distributed ones: those by bucket all lie together, the others with those of the same room and column. A
    local table stays with the coordinator.
    """
    reference = [
        _call("create_reference_table", placing.table)
        for placing in placings
        if placing.by == "reference" and placing.table not in done
    ]
    first: dict[tuple[str, str], str] = {}
    distributed = []
    for placing in placings:
        if not placing.is_distributed:
            continue
        group = ("", "bucket") if placing.by == "bucket" else (placing.room, placing.by)
        leader = first.setdefault(group, placing.table)
        if placing.table in done:
            continue
        together = f"shard_count => {shard_count}, colocate_with => 'none'"
        if leader != placing.table:
            together = f"colocate_with => '{leader}'"
        distributed.append(f"SELECT create_distributed_table('{placing.table}', '{placing.by}', {together})")
    return (*reference, *distributed)


def _call(function: str, table: str) -> str:
    return f"SELECT {function}('{table}')"


async def list_distributed(conn: AsyncConnection[Any]) -> frozenset[str]:
    """The tables that are distributed or reference tables already."""
    found = await conn.execute("SELECT logicalrelid::text FROM pg_dist_partition WHERE partmethod IN ('h', 'n')")
    return frozenset([name async for (name,) in found])


async def create_extension(conn: AsyncConnection[Any]) -> None:
    """Make the extension where it is missing."""
    await conn.execute("CREATE EXTENSION IF NOT EXISTS citus")


async def work_in_sequence(conn: AsyncConnection[Any]) -> None:
    """Let this transaction reach the workers one statement after another, as foreign keys between tables require."""
    await conn.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")


async def run_statement(conn: AsyncConnection[Any], statement: str) -> None:
    """Run one of the planned statements."""
    await conn.execute(sql.SQL(statement))


async def drop_local_copies(conn: AsyncConnection[Any], placings: Sequence[Placing]) -> None:
    """Remove what distributing left on the coordinator of rows that now lie on workers."""
    for placing in placings:
        if placing.is_distributed:
            await conn.execute("SELECT truncate_local_data_after_distributing_table(%s::regclass)", [placing.table])


async def let_serving_lock(conn: AsyncConnection[Any], placings: Sequence[Placing]) -> None:
    """Grant the serving role UPDATE on the reference tables that it inserts into.

    An INSERT … ON CONFLICT on a reference table locks its shard on every node, and Citus lets nobody lock who may not
    change a row. What is written once and must stay so is distributed, and is not granted this.
    """
    for placing in placings:
        if placing.by != "reference":
            continue
        row = await conn.execute(
            "SELECT has_table_privilege('yikatong_serving', %(table)s, 'INSERT')"
            " AND NOT has_table_privilege('yikatong_serving', %(table)s, 'UPDATE')",
            {"table": placing.table},
        )
        if (await row.fetchone() or (False,))[0]:
            name = sql.Identifier(*placing.table.split("."))
            await conn.execute(sql.SQL("GRANT UPDATE ON {} TO yikatong_serving").format(name))


def _version(text: str) -> tuple[int, int]:
    """The first two numbers of a version such as 13.2-1."""
    numbers = text.replace("-", ".").split(".")
    return int(numbers[0]), int(numbers[1])


async def _row(conn: AsyncConnection[Any], question: Any) -> Any:
    row = await (await conn.execute(question)).fetchone()
    assert row is not None
    return row
