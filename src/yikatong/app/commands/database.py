"""Commands of the database: which migrations are applied, and apply those that wait."""

import asyncio
from typing import Annotated

import typer

from yikatong.app.commands.command_line import DataOption, errors, out, settings_now, verify_made, verify_migrated
from yikatong.app.distribute import Move, Moved, distribute, verify_cluster
from yikatong.app.keys import open_keys
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database, SessionLimits
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.distribution_citus import SHARD_COUNT, ClusterError
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.migrations import Phase, apply_migrations, list_waiting, read_applied
from yikatong.plumbing.schema import write_initial_migration
from yikatong.sealing import service as sealing

database_app = typer.Typer(help="The database: status, migrate, distribute.", no_args_is_help=True)


@database_app.command("status")
def database_status(data: DataOption = None) -> None:
    """Say which migrations are applied and which wait, those of the phase `post` too."""

    async def run(address: ServerAddress) -> tuple[list[str], list[str]]:
        async with await Database.open(address) as database:
            conn = await database.connect_owner()
            try:
                return sorted(await read_applied(conn)), await list_waiting(conn, phase=Phase.ALL)
            finally:
                await conn.close()

    settings = verify_made(settings_now(data=data))
    with database_server(settings, may_join=True) as address:
        applied, waiting = asyncio.run(run(address))
    for name in applied:
        out.print(f"已执行 applied  {name}")
    for name in waiting:
        out.print(f"待执行 waiting  {name}")


@database_app.command("migrate")
def database_migrate(
    phase: Annotated[
        Phase,
        typer.Option(
            help="pre: what this release needs, while the former one serves. post: when only this one serves."
        ),
    ] = Phase.ALL,
    data: DataOption = None,
) -> None:
    """Apply the migrations that wait: of one phase, for an upgrade without a pause, or all at once."""

    async def run(address: ServerAddress) -> list[str]:
        async with await Database.open(address) as database:
            conn = await database.connect_owner()
            try:
                return await apply_migrations(
                    conn,
                    now=SystemClock().now(),
                    phase=phase,
                    tell=lambda name: errors.print(f"正在执行 applying {name}"),
                )
            finally:
                await conn.close()

    with database_server(settings_now(data=data), may_join=True) as address:
        applied = asyncio.run(run(address))
    out.print(f"已执行{len(applied)}个 {len(applied)} applied" if applied else "没有待执行的 nothing waits")


@database_app.command("distribute")
def database_distribute(
    buckets: Annotated[
        int | None, typer.Option(help="Spread residents over so many buckets first; without it, as they are.", min=1)
    ] = None,
    rebucket: Annotated[
        int | None, typer.Option(help="Only spread residents over so many buckets; needs no cluster.", min=1)
    ] = None,
    shards: Annotated[int, typer.Option(help="Shards of each distributed table.", min=1, max=4096)] = SHARD_COUNT,
    check: Annotated[bool, typer.Option("--check", help="Only say what the server lacks.")] = False,
    data: DataOption = None,
) -> None:
    """Lay the tables over the nodes of a Citus cluster, or spread residents over more buckets, while nothing serves."""
    settings = verify_made(settings_now(data=data))
    move = Move(bucket_count=rebucket or buckets, over_nodes=rebucket is None, shard_count=shards)
    if move.bucket_count is not None:
        sealing.mark_leaves_by(open_keys(settings, clock=SystemClock(), ids=SystemIds()))

    async def run(address: ServerAddress) -> Moved | None:
        conn = await Database(address, limits=SessionLimits(), pool_size_max=1).connect_owner()
        try:
            if check:
                await verify_cluster(conn)
                return None
            await verify_migrated(conn)
            clock = SystemClock()
            return await distribute(
                conn,
                move,
                configured=settings.bucket_count,
                clock=clock,
                ids=SystemIds(clock),
                tell=lambda step: errors.print(step, soft_wrap=True, markup=False),
            )
        finally:
            await conn.close()

    with database_server(settings) as address:
        try:
            moved = asyncio.run(run(address))
        except ClusterError as error:
            errors.print(str(error), soft_wrap=True, markup=False, style="red")
            raise typer.Exit(1) from None
    _say_moved(moved, configured=settings.bucket_count)


def _say_moved(moved: Moved | None, *, configured: int) -> None:
    if moved is None:
        out.print("服务器具备集群所需的一切。 The server has all that a cluster needs.")
        return
    out.print(
        f"分桶{moved.bucket_count}个，移动{moved.rows}行，分布{len(moved.statements)}张表，审计无差异。 "
        f"{moved.bucket_count} buckets, {moved.rows} rows moved, {len(moved.statements)} tables distributed, "
        "the audit finds no difference.",
        soft_wrap=True,
    )
    if moved.bucket_count != configured:
        out.print(
            f"启动前请设置YIKATONG_BUCKET_COUNT={moved.bucket_count}，否则不会启动。 "
            f"Before the next start set YIKATONG_BUCKET_COUNT={moved.bucket_count}; without it nothing starts.",
            soft_wrap=True,
        )


@database_app.command("initial-migration", hidden=True)
def database_initial_migration() -> None:
    """Write the first migration anew from the rooms' schemas; only before the first release."""
    out.print(str(write_initial_migration()))
