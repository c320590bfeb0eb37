"""What a worker keeps in memory is read again while a batch holds its locks."""

import pytest

from tests.support.builders.counter import a_counter_world
from yikatong.access import service as access
from yikatong.app.caches import CATALOGUE, WorkerCaches
from yikatong.codes.service import RegionView
from yikatong.plumbing.database import Connection, Database

pytestmark = pytest.mark.anyio


async def test_the_catalogue_is_read_again_though_others_hold_the_whole_pool(db: Database) -> None:
    async with a_counter_world(db) as world, await Database.open(db.address, pool_size_max=1) as narrow:
        caches = caches_of(narrow, world.caches.regions)
        await caches.fill({CATALOGUE: 0})
        till = await world.another_till()

        async with narrow.transaction():
            assert await caches.renew({CATALOGUE: 1})

        assert till.terminal.id in caches.snapshot.terminals


def caches_of(database: Database, regions: RegionView) -> WorkerCaches:
    """Memory as a worker has it when it starts."""

    async def load_regions(conn: Connection) -> RegionView:
        return regions

    return WorkerCaches(database=database, callers=access.CallerCache(), load_regions=load_regions)
