"""Migrations apply once, in order, whole or not at all, and notice a file that was edited."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.database import a_fresh_database
from tests.support.world import NOON
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.migrations import (
    DatabaseIsOfLaterReleaseError,
    Migration,
    MigrationEditedError,
    MigrationError,
    MigrationFailedError,
    MigrationOutOfOrderError,
    MigrationPhaseError,
    Phase,
    apply_migrations,
    list_waiting,
    plan_migrations,
    read_applied,
    read_migrations,
)
from yikatong.plumbing.schema import room_schemas

pytestmark = pytest.mark.anyio

_PLUMBING = room_schemas()[0][1]


@pytest.fixture
async def empty(db: Database) -> AsyncIterator[Database]:
    with a_fresh_database(db.address.conninfo) as address:
        async with await Database.open(address) as database:
            yield database


def a_folder(tmp_path: Path, **texts: str) -> Path:
    """Files by name, `__` standing for the dot before the phase; the first one makes plumbing's tables."""
    tmp_path.mkdir(exist_ok=True)
    for name, text in {"0001_the_house__pre": _PLUMBING, **texts}.items():
        (tmp_path / f"{name.replace('__', '.')}.sql").write_text(text)
    return tmp_path


def a_migration(name: str, text: str = "SELECT 1") -> Migration:
    return Migration(name, int(name[:4]), name.endswith("post.sql"), text)


async def tables(conn: Connection) -> set[str]:
    return {name async for (name,) in await conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


async def test_files_are_applied_once_in_order(empty: Database, tmp_path: Path) -> None:
    texts = {"0002_b__pre": "CREATE TABLE b (id int)", "0003_c__pre": "ALTER TABLE b RENAME TO c"}
    folder = a_folder(tmp_path, **texts)
    conn = await empty.connect_owner()
    told: list[str] = []
    first = await apply_migrations(conn, now=NOON, folder=folder, tell=told.append)
    again = await apply_migrations(conn, now=NOON, folder=folder, tell=told.append)
    assert first == told == ["0001_the_house.pre.sql", "0002_b.pre.sql", "0003_c.pre.sql"]
    assert again == []
    assert await tables(conn) == {"c"}
    await conn.close()


async def test_two_at_once_apply_each_file_once(empty: Database, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, **{"0002_b__pre": "CREATE TABLE b (id int)"})
    conns = [await empty.connect_owner(), await empty.connect_owner()]
    applied = await asyncio.gather(*(apply_migrations(conn, now=NOON, folder=folder) for conn in conns))
    assert sorted(map(len, applied)) == [0, 2]
    for conn in conns:
        await conn.close()


async def test_a_failing_file_leaves_nothing_and_is_named(empty: Database, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, **{"0002_b__pre": "CREATE TABLE b (id int); CREATE TABLE b (id int)"})
    conn = await empty.connect_owner()
    with pytest.raises(MigrationFailedError, match=r"0002_b\.pre\.sql was not applied"):
        await apply_migrations(conn, now=NOON, folder=folder)
    assert await tables(conn) == set()
    assert list(await read_applied(conn)) == ["0001_the_house.pre.sql"]
    assert await list_waiting(conn, folder=folder) == ["0002_b.pre.sql"]
    await conn.close()


async def test_an_edited_file_is_refused_by_name(empty: Database, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, **{"0002_b__pre": "CREATE TABLE b (id int)"})
    conn = await empty.connect_owner()
    await apply_migrations(conn, now=NOON, folder=folder)
    a_folder(tmp_path, **{"0002_b__pre": "CREATE TABLE b (id bigint)"})
    with pytest.raises(MigrationEditedError, match=r"0002_b\.pre\.sql was changed after it was applied"):
        await apply_migrations(conn, now=NOON, folder=folder)
    await conn.close()


def test_the_pre_phase_leaves_out_the_post_files_of_the_newest_release() -> None:
    names = ["0001_a.pre.sql", "0001_a.post.sql", "0002_b.pre.sql", "0002_b.post.sql"]
    migrations = [a_migration(name) for name in names]
    assert [one.name for one in plan_migrations(migrations, {}, phase=Phase.PRE)] == names[:3]
    assert [one.name for one in plan_migrations(migrations, {}, phase=Phase.ALL)] == names


def test_the_post_phase_is_what_the_pre_phase_left_out() -> None:
    names = ["0001_a.pre.sql", "0001_a.post.sql", "0002_b.pre.sql", "0002_b.post.sql", "0003_c.post.sql"]
    migrations = [a_migration(name) for name in names]
    applied = {one.name: one.digest for one in plan_migrations(migrations, {}, phase=Phase.PRE)}
    assert [one.name for one in plan_migrations(migrations, applied, phase=Phase.POST)] == names[3:]
    applied |= {one.name: one.digest for one in migrations}
    assert [plan_migrations(migrations, applied, phase=phase) for phase in Phase] == [[], [], []]


def test_the_post_phase_is_refused_while_a_pre_file_waits() -> None:
    migrations = [a_migration("0001_a.pre.sql"), a_migration("0002_b.pre.sql"), a_migration("0002_b.post.sql")]
    applied = {migrations[0].name: migrations[0].digest}
    with pytest.raises(MigrationPhaseError, match=r"0002_b\.pre\.sql waits and comes first"):
        plan_migrations(migrations, applied, phase=Phase.POST)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_release_is_refused_where_a_later_one_has_taken_over(phase: Phase) -> None:
    ours = a_migration("0001_a.pre.sql")
    applied = {ours.name: ours.digest, "0002_b.pre.sql": b"?", "0002_b.post.sql": b"?"}
    with pytest.raises(DatabaseIsOfLaterReleaseError, match=r"0002_b\.post\.sql is applied, which this release"):
        plan_migrations([ours], applied, phase=phase)


async def test_an_upgrade_without_a_pause_goes_pre_then_post(empty: Database, tmp_path: Path) -> None:
    former = a_folder(tmp_path / "former", **{"0002_b__pre": "CREATE TABLE b (a int)"})
    following = a_folder(
        tmp_path / "following",
        **{
            "0002_b__pre": "CREATE TABLE b (a int)",
            "0003_c__pre": "ALTER TABLE b ADD COLUMN c int",
            "0003_c__post": "ALTER TABLE b DROP COLUMN a",
        },
    )
    conn = await empty.connect_owner()

    async def migrate(folder: Path, phase: Phase) -> list[str]:
        return await apply_migrations(conn, now=NOON, phase=phase, folder=folder)

    await migrate(former, Phase.ALL)
    with pytest.raises(MigrationPhaseError):
        await migrate(following, Phase.POST)
    assert await migrate(following, Phase.PRE) == ["0003_c.pre.sql"]
    for folder in (former, following):
        assert await list_waiting(conn, folder=folder) == []
    await conn.execute("INSERT INTO b (a) VALUES (1)")
    await conn.execute("INSERT INTO b (a, c) VALUES (1, 2)")
    assert await list_waiting(conn, phase=Phase.ALL, folder=following) == ["0003_c.post.sql"]
    assert await migrate(following, Phase.POST) == ["0003_c.post.sql"]
    assert await list_waiting(conn, phase=Phase.ALL, folder=following) == []
    with pytest.raises(DatabaseIsOfLaterReleaseError):
        await list_waiting(conn, folder=former)
    await conn.close()


def test_a_file_before_an_applied_one_is_refused() -> None:
    early, late = a_migration("0001_a.pre.sql"), a_migration("0002_b.pre.sql")
    with pytest.raises(MigrationOutOfOrderError, match=r"0001_a\.pre\.sql comes before 0002_b\.pre\.sql"):
        plan_migrations([early, late], {late.name: late.digest}, phase=Phase.ALL)


def test_files_of_a_later_release_do_not_disturb() -> None:
    ours = a_migration("0001_a.pre.sql")
    assert plan_migrations([ours], {ours.name: ours.digest, "0002_b.pre.sql": b"?"}, phase=Phase.ALL) == []


@pytest.mark.parametrize(("name", "said"), [("2_b.pre.sql", "is not named"), ("0001_other.pre.sql", "has the number")])
def test_a_misnamed_file_is_refused(tmp_path: Path, name: str, said: str) -> None:
    a_folder(tmp_path)
    (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(MigrationError, match=said):
        read_migrations(tmp_path)
