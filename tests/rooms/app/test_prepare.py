"""What a start applies: alone everything, beside a former release only what it needs; and when it refuses to start."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
import psycopg
import pytest
from typer.testing import CliRunner

from tests.support.database import a_fresh_database
from tests.support.world import NOON
from yikatong.app.cli import app
from yikatong.app.prepare import migrate_to_serve
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.migrations import DatabaseIsOfLaterReleaseError, MigrationPhaseError, read_applied
from yikatong.plumbing.schema import room_schemas

pytestmark = pytest.mark.anyio

FILES = {"0001_the_house.pre.sql": room_schemas()[0][1], "0001_the_house.post.sql": "CREATE TABLE taken_over (id int)"}


@pytest.fixture
async def conn(db: Database) -> AsyncIterator[Connection]:
    """An owner's connection to an empty database."""
    with a_fresh_database(db.address.conninfo) as address:
        async with await Database.open(address) as database, await database.connect_owner() as conn:
            yield conn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The migrations of a release that ends with a `post` file."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


async def test_alone_on_its_database_a_start_applies_everything(conn: Connection, folder: Path) -> None:
    told: list[str] = []
    await migrate_to_serve(conn, shared=False, now=NOON, folder=folder, tell=told.append)

    assert list(FILES) == told
    assert set(FILES) == set(await read_applied(conn))


async def test_beside_others_a_start_leaves_what_a_former_release_could_not_bear(
    conn: Connection, folder: Path
) -> None:
    told: list[str] = []
    for _ in range(2):
        await migrate_to_serve(conn, shared=True, now=NOON, folder=folder, tell=told.append)

    waits = "0001_the_house.post.sql waits until no former release serves: yikatong db migrate --phase post"
    assert ["0001_the_house.pre.sql", waits, waits] == told
    assert ["0001_the_house.pre.sql"] == list(await read_applied(conn))


@pytest.mark.parametrize("shared", [False, True])
async def test_a_former_release_does_not_start_again_once_a_later_one_has_taken_over(
    conn: Connection, folder: Path, shared: bool
) -> None:
    await migrate_to_serve(conn, shared=False, now=NOON, folder=folder)
    (folder / "0001_the_house.post.sql").unlink()

    with pytest.raises(DatabaseIsOfLaterReleaseError):
        await migrate_to_serve(conn, shared=shared, now=NOON, folder=folder)


def said_by(address: ServerAddress, folder: Path, *words: str) -> tuple[str, BaseException | None]:
    """What a command says, and how it fails, on a database named by its address."""
    environment = {"YIKATONG_DATA_FOLDER": str(folder), "YIKATONG_DATABASE_URL": address.conninfo, "YIKATONG_PORT": "0"}
    ended = CliRunner().invoke(app, list(words), env=environment)
    return ended.stdout, ended.exception


def an_upgrade_by_commands(address: ServerAddress, folder: Path) -> None:
    """Phase by phase, then a start of a release that is too old."""
    said, fault = said_by(address, folder, "db", "migrate", "--phase", "post")
    assert isinstance(fault, MigrationPhaseError), said
    assert ("已执行1个 1 applied\n", None) == said_by(address, folder, "db", "migrate", "--phase", "pre")
    for phase in ("pre", "post", "all"):
        assert ("没有待执行的 nothing waits\n", None) == said_by(address, folder, "db", "migrate", "--phase", phase)
    with psycopg.connect(address.conninfo) as conn:
        conn.execute(
            "INSERT INTO plumbing.migration SELECT replace(name, '.pre', '.post'), digest, applied_at"
            " FROM plumbing.migration"
        )
    for words in (["serve"], ["audit"], ["db", "migrate", "--phase", "pre"], ["db", "status"], ["keys", "list"]):
        said, fault = said_by(address, folder, *words)
        assert isinstance(fault, DatabaseIsOfLaterReleaseError), (words, said, fault)


async def test_commands_go_phase_by_phase_and_refuse_to_serve_what_a_later_release_took_over(
    db: Database, tmp_path: Path
) -> None:
    with a_fresh_database(db.address.conninfo) as address:
        await anyio.to_thread.run_sync(an_upgrade_by_commands, address, tmp_path)
