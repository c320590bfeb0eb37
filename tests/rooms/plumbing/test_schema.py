"""The rooms' schemas stand, and the migrations make the same database."""

from pathlib import Path

import pytest

from tests.support.catalog import describe_catalog
from tests.support.database import a_fresh_database, build_schema
from tests.support.world import NOON
from yikatong.plumbing.database import Database
from yikatong.plumbing.migrations import apply_migrations, read_migrations
from yikatong.plumbing.schema import room_schemas, write_initial_migration

pytestmark = pytest.mark.anyio


async def test_every_room_schema_stands(db: Database) -> None:
    with a_fresh_database(db.address.conninfo) as empty:
        assert build_schema(empty.conninfo) == {}


async def test_plumbing_is_the_lowest_floor() -> None:
    assert room_schemas()[0][0] == "plumbing"


@pytest.mark.skipif(not read_migrations(), reason="the first migration is not written yet")
async def test_migrations_make_the_same_database_as_the_room_schemas(db: Database) -> None:
    with a_fresh_database(db.address.conninfo) as by_rooms, a_fresh_database(db.address.conninfo) as by_migrations:
        build_schema(by_rooms.conninfo, over_nodes=False)
        async with await Database.open(by_migrations) as database:
            conn = await database.connect_owner()
            await apply_migrations(conn, now=NOON)
            await conn.close()
        assert describe_catalog(by_rooms.conninfo) == describe_catalog(by_migrations.conninfo)


async def test_the_first_migration_is_written_from_the_room_schemas(tmp_path: Path) -> None:
    path = write_initial_migration(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert path.name == "0001_the_house.pre.sql"
    assert all(schema.strip() in text for _, schema in room_schemas())
