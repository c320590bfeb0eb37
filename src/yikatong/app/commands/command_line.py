"""What commands share: where they speak, their options, the settings they run by, the database they look at."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.migrations import MigrationError, list_waiting
from yikatong.plumbing.postgres.errors import DataFolderIsEmptyError
from yikatong.plumbing.postgres.server import has_cluster
from yikatong.plumbing.settings import Settings, list_unknown_variables, read_settings

T = TypeVar("T")

errors = Console(stderr=True, highlight=False)
out = Console(highlight=False)

GROUNDS = ("demo", "demo-trade-in", "practice")
"""Folders in the data folder that have a platform of their own: the demo's two stories, and the ground for practice."""

DataOption = Annotated[Path | None, typer.Option("--data", help="Data folder; without it, the settings' own.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def settings_now(*, data: Path | None, **changes: Any) -> Settings:
    """The settings of file and environment, with what the command line changed; None changes nothing."""
    for line in list_unknown_variables():
        errors.print(f"[yellow]没有此设置 unknown setting {line}[/yellow]")
    return read_settings(given={"data_folder": None if data is None else str(data), **changes})


def say_step(step: str) -> None:
    """Say what is being prepared, where it does not disturb what is printed."""
    errors.print(f"准备数据库 preparing: {step}")


def verify_made(settings: Settings) -> Settings:
    """The settings, when there is a database to look at: a look makes none. Raises DataFolderIsEmptyError.

    A newcomer's demo has its database in a folder of its own, and so has every ground for stories and practice.
    """
    folder = Path(settings.data_folder)
    if settings.database_url or has_cluster(folder):
        return settings
    own = [f"--data {folder / name}" for name in GROUNDS if has_cluster(folder / name)]
    or_else = f" 演示的数据 The demo's data: {', '.join(own)}" if own else ""
    raise DataFolderIsEmptyError(
        f"{folder}中没有数据库；yikatong serve会在此新建，或用--data、YIKATONG_DATA_FOLDER另指定目录。 "
        f"There is no database in {folder}; `yikatong serve` makes one there. "
        f"Name another folder with --data or YIKATONG_DATA_FOLDER.{or_else}"
    )


async def verify_prepared(database: Database) -> None:
    """Raise MigrationError when migrations wait."""
    conn = await database.connect_owner()
    try:
        await verify_migrated(conn)
    finally:
        await conn.close()


async def verify_migrated(conn: Connection) -> None:
    """Raise MigrationError when migrations wait."""
    waiting = await list_waiting(conn)
    if waiting:
        raise MigrationError(
            f"数据库尚未准备好：{'、'.join(waiting)}待执行，请运行yikatong serve或yikatong db migrate。 "
            f"This database is not prepared: {', '.join(waiting)} waits. `yikatong serve` or `yikatong db migrate` "
            "applies it."
        )


def ask_database(settings: Settings, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Do something in one transaction of the database that the settings name, also while it serves."""

    async def run(address: ServerAddress) -> T:
        async with await Database.open(address) as database:
            await verify_prepared(database)
            async with database.transaction() as conn:
                return await work(conn)

    with database_server(settings, may_join=True) as address:
        return asyncio.run(run(address))
