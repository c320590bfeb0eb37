"""What a worker keeps in memory is read again while a batch holds its locks, and counts only for its time."""

from datetime import timedelta

import pytest

from tests.support.builders.codes import CertifiedPhone, KeyedRegion, keys_of
from tests.support.builders.counter import a_counter_world
from tests.support.builders.trust import a_key, a_region_key, a_trust_list
from tests.support.world import NOON, FixedClock
from yikatong.access import service as access
from yikatong.app.caches import CATALOGUE, WorkerCaches
from yikatong.codes import service as codes
from yikatong.codes.model import Reason
from yikatong.codes.service import RegionView
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Connection, Database

pytestmark = pytest.mark.anyio


async def test_the_catalogue_is_read_again_though_others_hold_the_whole_pool(db: Database) -> None:
    async with a_counter_world(db) as world, await Database.open(db.address, pool_size_max=1) as narrow:
        caches = caches_of(narrow, world.caches.regions)
        await caches.fill({CATALOGUE: 0})
        till = await world.another_till()

        async with narrow.transaction():
            assert await caches.renew({CATALOGUE: 1})

        assert caches.snapshot.find_terminal(till.terminal.id) is not None


async def test_memory_does_not_go_back_to_versions_that_were_read_earlier(db: Database) -> None:
    async with a_counter_world(db) as world:
        caches = caches_of(db, world.caches.regions)
        await caches.fill({CATALOGUE: 5, access.VERSION_SUBJECT: 5})
        read_at_five = caches.snapshot

        assert await caches.renew({CATALOGUE: 4, access.VERSION_SUBJECT: 4})
        assert read_at_five is caches.snapshot
        assert 5 == caches.access_version
        assert not await caches.renew({CATALOGUE: 5, access.VERSION_SUBJECT: 5})


async def test_a_regions_key_counts_for_its_time_though_nothing_is_read_again(db: Database) -> None:
    clock, region = FixedClock(), KeyedRegion("440100")
    key = a_region_key(
        region.code,
        key_id=region.key_id,
        key=region.key.public_key,
        valid_from_at=NOON + timedelta(minutes=1),
        valid_until=NOON + timedelta(minutes=2),
    )
    trust_list = a_trust_list(key, roots=(a_key().public_key,))
    view = codes.view_regions(trust_list, holder=keys_of(), own_regions=(), bucket_count=1, now=NOON)
    caches = caches_of(db, view, clock=clock)
    await caches.fill({})
    code = CertifiedPhone(region).code()

    with pytest.raises(Refused) as too_early:
        codes.read_code_of_any_age(code, regions=caches.regions)
    clock.advance(timedelta(minutes=1))
    read = codes.read_code_of_any_age(code, regions=caches.regions)
    while_it_counts = caches.regions
    clock.advance(timedelta(seconds=59))
    assert while_it_counts is caches.regions
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Refused) as too_late:
        codes.read_code_of_any_age(code, regions=caches.regions)

    assert region.code == read.region
    assert Reason.ISSUING_REGION_IS_UNKNOWN is too_early.value.reason
    assert Reason.ISSUING_REGION_IS_UNKNOWN is too_late.value.reason


def caches_of(database: Database, regions: RegionView, *, clock: FixedClock | None = None) -> WorkerCaches:
    """Memory as a worker has it when it starts."""

    async def load_regions(conn: Connection) -> RegionView:
        return regions

    return WorkerCaches(
        database=database, callers=access.CallerCache(), load_regions=load_regions, clock=clock or FixedClock()
    )
