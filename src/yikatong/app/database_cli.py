"""Commands of the database: which migrations are applied, and apply those that wait."""

import asyncio
from typing import Annotated

import typer

from yikatong.app.command_line import DataOption, errors, out, settings_now, verify_made
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.migrations import Phase, apply_migrations, list_waiting, read_applied
from yikatong.plumbing.schema import write_initial_migration

database_app = typer.Typer(help="The database: status, migrate.", no_args_is_help=True)


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


@database_app.command("initial-migration", hidden=True)
def database_initial_migration() -> None:
    """Write the first migration anew from the rooms' schemas; only before the first release."""
    out.print(str(write_initial_migration()))
