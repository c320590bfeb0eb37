"""Before anything serves: migrations, the lists that come with the platform, keys, the first operator."""

from collections.abc import Callable
from datetime import datetime, timedelta

from yikatong.access import service as access
from yikatong.access.model import FirstOperator
from yikatong.app.caches import REGIONS
from yikatong.app.keys import add_region_keys, open_keys
from yikatong.catalogue import service as catalogue
from yikatong.codes import service as codes
from yikatong.kernel.instants import day_of
from yikatong.places import service as places
from yikatong.plumbing import versions
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.database_server import session_limits
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.migrations import apply_migrations
from yikatong.plumbing.settings import Settings
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, RegionKey

Tell = Callable[[str], None]
REGION_KEY_LIFE = timedelta(days=3 * 365)


async def prepare(
    settings: Settings, address: ServerAddress, *, more_regions: tuple[str, ...] = (), tell: Tell = lambda _: None
) -> dict[str, FirstOperator]:
    """Bring a database, empty or of an older release, to where it can serve; gives the operators made now, by region.

    Opens the settings' own region and those whose codes are given, each with keys, trust and a first operator. May be
    run again and by several processes: what is there stays.
    """
    clock = SystemClock()
    ids = SystemIds(clock)
    async with await Database.open(address, limits=session_limits(settings)) as database:
        conn = await database.connect_owner()
        try:
            await apply_migrations(conn, now=clock.now(), tell=tell)
        finally:
            await conn.close()
        keys = open_keys(settings, clock=clock, ids=ids)
        wanted = tuple(dict.fromkeys((settings.region, *more_regions)))
        add_region_keys(keys, wanted, clock=clock)
        async with database.transaction() as conn:
            tell("应用项目、行政区划 items and divisions")
            await places.seed_divisions(conn)
            await catalogue.seed_items(conn)
            for code in wanted:
                await places.open_own_region(conn, code=code, on=day_of(clock.now()))
            await trust_own_regions(conn, keys=keys, regions=wanted, now=clock.now())
            begun = [await access.begin_region(conn, region=code, now=clock.now(), ids=ids) for code in wanted]
    return {code: first for code, first in zip(wanted, begun, strict=True) if first is not None}


async def trust_own_regions(conn: Connection, *, keys: KeyHolder, regions: tuple[str, ...], now: datetime) -> None:
    """Put the keys of regions served here on the trust list, if this installation is its own root and they are not."""
    pinned = trust.pin_own_roots(keys)
    held = await trust.read_held_trust_list(conn, pinned=pinned, now=now)
    listed = () if held.trust_list is None else held.trust_list.keys
    known = {key.key_id for key in listed}
    issuers = [codes.get_issuer(keys, region) for region in regions]
    fresh = [issuer for issuer in issuers if issuer.key_id not in known]
    if not fresh:
        return
    added = tuple(
        RegionKey(
            region=issuer.region,
            key_id=issuer.key_id,
            public_key=issuer.key.public_key,
            valid_from_at=now.replace(microsecond=0),
            valid_until=now.replace(microsecond=0) + REGION_KEY_LIFE,
        )
        for issuer in fresh
    )
    await trust.publish_trust_list(conn, holder=keys, keys=(*listed, *added), now=now)
    await versions.bump(conn, subject=REGIONS)
