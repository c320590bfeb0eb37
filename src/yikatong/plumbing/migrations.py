"""Migrations: plain SQL files, applied once, in order, each in a transaction of its own.

A file is named `NNNN_name.pre.sql` (applied before the new code runs; the old code still works after it) or
`NNNN_name.post.sql` (applied when no old code runs any more). What was applied stands in plumbing.migration with the
digest of its text, so a file that was edited afterwards is found out. The first file makes that table itself.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from yikatong.plumbing.locks import advisory_key
from yikatong.plumbing.queries import load_queries
from yikatong.plumbing.schema import MIGRATIONS_FOLDER

_QUERIES = load_queries("yikatong.plumbing")
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.(pre|post)\.sql")
_LOCK = advisory_key("migrations")


class MigrationError(RuntimeError):
    """The migrations cannot be applied; the message names the file and says what to do."""


class MigrationEditedError(MigrationError):
    """A file was changed after it was applied."""


class MigrationOutOfOrderError(MigrationError):
    """A file came in before others that are applied already."""


class DatabaseIsOfLaterReleaseError(MigrationError):
    """A later release has taken the database over for itself, and this one's code may not find what it needs."""


class MigrationPhaseError(MigrationError):
    """The files that come first were not applied yet."""


class MigrationFailedError(MigrationError):
    """The server refused a statement of a file; nothing of that file stays."""


class Phase(StrEnum):
    """Which files are applied: those that the new code needs, those that it needs nobody else for, or both."""

    PRE = "pre"
    POST = "post"
    ALL = "all"


class Migration(msgspec.Struct, frozen=True):
    """One file: `number` orders it, a `pre` file before the `post` file of the same number."""

    name: str
    number: int
    is_post: bool
    text: str

    @property
    def digest(self) -> bytes:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).digest()


def read_migrations(folder: Path = MIGRATIONS_FOLDER) -> list[Migration]:
    """The files of a folder in the order in which they are applied.

    Raises MigrationError for a file whose name is not of the form, or two files of the same number and phase.
    """
    migrations: dict[tuple[int, bool], Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(
                f"{path.name}的命名应为NNNN_name.pre.sql或NNNN_name.post.sql。 "
                f"{path.name} is not named NNNN_name.pre.sql or NNNN_name.post.sql."
            )
        number, is_post = int(match[1]), match[2] == "post"
        if (number, is_post) in migrations:
            raise MigrationError(
                f"{path.name}与{migrations[number, is_post].name}编号相同，请用下一个编号。 "
                f"{path.name} has the number of {migrations[number, is_post].name}; give it the next."
            )
        migrations[number, is_post] = Migration(path.name, number, is_post, path.read_text(encoding="utf-8"))
    return [migrations[key] for key in sorted(migrations)]


def plan_migrations(migrations: Sequence[Migration], applied: dict[str, bytes], *, phase: Phase) -> list[Migration]:
    """Say which files are to be applied now.

    `all` is every file not applied yet. `pre` leaves out the `post` files after the last `pre` file; a `post` file
    before it belongs to a release that already runs alone. `post` is what `pre` leaves out. Names of `pre` files in
    `applied` without a file are of a later release, whose code runs beside ours during an upgrade; they do not disturb.
    Raises MigrationEditedError, MigrationOutOfOrderError, DatabaseIsOfLaterReleaseError, then, for `post` while a `pre`
    file waits, MigrationPhaseError.
    """
    _verify_unedited(migrations, applied)
    waiting = [migration for migration in migrations if migration.name not in applied]
    done = [index for index, migration in enumerate(migrations) if migration.name in applied]
    if waiting and done and migrations.index(waiting[0]) < done[-1]:
        raise MigrationOutOfOrderError(
            f"{waiting[0].name}排在已执行的{migrations[done[-1]].name}之前，请用下一个编号。 "
            f"{waiting[0].name} comes before {migrations[done[-1]].name}, which is applied. Give it the next number."
        )
    _verify_not_overtaken(migrations, applied)
    needed = list(waiting)
    while needed and needed[-1].is_post:
        needed.pop()
    if phase is Phase.POST and needed:
        raise MigrationPhaseError(
            f"{needed[0].name}尚待执行，应先执行：请执行pre阶段，再在各处启动本版本。未执行任何迁移。 "
            f"{needed[0].name} waits and comes first: apply the phase `pre`, then start this release everywhere. "
            "Nothing was applied."
        )
    return needed if phase is Phase.PRE else waiting


def _verify_unedited(migrations: Sequence[Migration], applied: dict[str, bytes]) -> None:
    for migration in migrations:
        if applied.get(migration.name, migration.digest) != migration.digest:
            raise MigrationEditedError(
                f"{migration.name}在执行之后被改动。请恢复原文件，改动另写新文件；"
                "首个正式版之前的数据不予迁移，请另指定数据目录。 "
                f"{migration.name} was changed after it was applied. Restore it, and put the change in a new file. "
                "Data of a version before the first release are not carried over: name another data folder."
            )


def _verify_not_overtaken(migrations: Sequence[Migration], applied: dict[str, bytes]) -> None:
    """A `post` file that is not ours was applied when no code as old as ours ran any more."""
    ours = {migration.name for migration in migrations}
    later = [name for name in sorted(applied) if name not in ours and name.endswith(".post.sql")]
    if later:
        raise DatabaseIsOfLaterReleaseError(
            f"{later[0]}已执行，而本版本没有该文件：数据库已由更新的版本接管。请安装该版本，或恢复此前的备份。 "
            f"{later[0]} is applied, which this release does not have: a later one has taken the database over. "
            "Install that release, or restore the backup from before it."
        )


async def apply_migrations(
    conn: psycopg.AsyncConnection[Any],
    *,
    now: datetime,
    phase: Phase = Phase.ALL,
    folder: Path = MIGRATIONS_FOLDER,
    tell: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Apply what waits of a phase; gives the names applied. `tell` hears each name before it is applied.

    `conn` is an owner's connection in autocommit mode. Of several callers at once, one applies and the others wait
    and find nothing to do. Raises what `plan_migrations` raises, then MigrationFailedError.
    """
    await conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        planned = plan_migrations(read_migrations(folder), await read_applied(conn), phase=phase)
        for migration in planned:
            tell(migration.name)
            await _apply(conn, migration, now=now)
    finally:
        await conn.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    return [migration.name for migration in planned]


async def read_applied(conn: psycopg.AsyncConnection[Any]) -> dict[str, bytes]:
    """The applied files with the digests of their texts; empty on a fresh database."""
    present = await (await conn.execute(_QUERIES["find_migration_table"])).fetchone()
    if present is None or present[0] is None:
        return {}
    return {name: bytes(digest) async for name, digest in await conn.execute(_QUERIES["read_migrations"])}


async def list_waiting(
    conn: psycopg.AsyncConnection[Any], *, phase: Phase = Phase.PRE, folder: Path = MIGRATIONS_FOLDER
) -> list[str]:
    """The names of files that the database lacks: those that code of this release needs, or of another phase."""
    planned = plan_migrations(read_migrations(folder), await read_applied(conn), phase=phase)
    return [migration.name for migration in planned]


async def _apply(conn: psycopg.AsyncConnection[Any], migration: Migration, *, now: datetime) -> None:
    try:
        async with conn.transaction():
            await conn.execute(migration.text.encode())
            await conn.execute(
                _QUERIES["write_migration"], {"name": migration.name, "digest": migration.digest, "now": now}
            )
    except psycopg.Error as error:
        raise MigrationFailedError(f"{migration.name}未能执行。 {migration.name} was not applied: {error}") from error
