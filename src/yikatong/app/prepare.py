"""Before anything serves: migrations, the lists that come with the platform, keys, the first operator."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from yikatong.access import service as access
from yikatong.access.model import FirstOperator
from yikatong.app.keys import add_region_keys, open_keys, publish_own_keys
from yikatong.app.restored import read_note, remove_note, take_up, verify_no_copy, wait_until_codes_ended
from yikatong.catalogue import service as catalogue
from yikatong.kernel.instants import day_of
from yikatong.places import service as places
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.bucketing import verify_bucket_count
from yikatong.plumbing.clock import clock_of
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.database_server import session_limits
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.migrations import Phase, apply_migrations, list_waiting
from yikatong.plumbing.schema import MIGRATIONS_FOLDER
from yikatong.plumbing.settings import Settings

Tell = Callable[[str], None]


async def prepare(
    settings: Settings, address: ServerAddress, *, more_regions: tuple[str, ...] = (), tell: Tell = lambda _: None
) -> dict[str, FirstOperator]:
    """Bring a database, empty or of an older release, to where it can serve; gives the operators made now, by region.

    Opens the settings' own region and those whose codes are given, each with keys, trust and a first operator. May be
    run again and by several processes: what is there stays. Raises BackupError for a copy that was restored to be
    looked at.
    """
    verify_no_copy(settings)
    clock = clock_of(settings)
    ids = SystemIds(clock)
    async with await Database.open(address, limits=session_limits(settings)) as database:
        conn = await database.connect_owner()
        try:
            await migrate_to_serve(conn, shared=settings.database_url is not None, now=clock.now(), tell=tell)
        finally:
            await conn.close()
        note = read_note(settings)
        if note is not None:
            tell(
                "数据库已恢复，等待旧卡码失效，至多两分钟 "
                "the database was restored; waiting, two minutes at most, until codes from before have ended"
            )
            await wait_until_codes_ended(note, clock=clock)
        keys = open_keys(settings, clock=clock, ids=ids)
        wanted = tuple(dict.fromkeys((settings.region, *more_regions)))
        add_region_keys(keys, wanted, clock=clock)
        async with database.transaction() as conn:
            await verify_bucket_count(conn, settings.bucket_count)
            tell("应用项目、行政区划 items and divisions")
            await places.seed_divisions(conn)
            # A story of another day has the items of today.
            await catalogue.seed_items(conn, valid_from=date(2000, 1, 1) if settings.clock_shift_seconds else None)
            for code in wanted:
                await places.open_own_region(conn, code=code, on=day_of(clock.now()))
            if note is not None:
                await take_up(conn, note.restoration, keys=keys, clock=clock)
            await publish_own_keys(conn, keys=keys, regions=wanted, clock=clock)
            begun = [await access.begin_region(conn, region=code, now=clock.now(), ids=ids) for code in wanted]
        remove_note(settings)
    return {code: first for code, first in zip(wanted, begun, strict=True) if first is not None}


async def migrate_to_serve(
    conn: Connection, *, shared: bool, now: datetime, folder: Path = MIGRATIONS_FOLDER, tell: Tell = lambda _: None
) -> None:
    """Apply what this release needs before it serves; `shared` says that others may serve the same database.

    Alone, as on the embedded database, it applies `post` files too. Where a former release may still serve, they are
    told and left: whoever ended it says so by `yikatong db migrate --phase post`. Raises what `apply_migrations`
    raises, also where a later release has taken the database over.
    """
    await apply_migrations(conn, now=now, phase=Phase.PRE if shared else Phase.ALL, folder=folder, tell=tell)
    for name in await list_waiting(conn, phase=Phase.POST, folder=folder):
        tell(f"{name} waits until no former release serves: yikatong db migrate --phase post")
