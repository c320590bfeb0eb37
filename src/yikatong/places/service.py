"""Use cases of places; each takes an open transaction."""

from datetime import date
from typing import Any

from psycopg import AsyncConnection

from yikatong.kernel.outcomes import Change, Refused
from yikatong.places import rules, seeds, store
from yikatong.places.model import Division, Reason, Region, enclosing_codes


async def open_region(conn: AsyncConnection[Any], *, region: Region) -> Change:
    """Open a region, or rename it, or change whether it is hosted; its opening day stays the first one given.

    Refuses REGION_IS_THE_WHOLE_COUNTRY.
    """
    rules.verify_can_open(region)
    if await store.insert_region(conn, region=region):
        return Change.DONE
    known = await get_region(conn, code=region.code)
    wanted = (region.name_zh, region.name_en, region.hosted)
    if wanted == (known.name_zh, known.name_en, known.hosted):
        return Change.ALREADY_SO
    await store.update_region(conn, region=region)
    return Change.DONE


async def open_own_region(conn: AsyncConnection[Any], *, code: str, on: date) -> Change:
    """Open a region served here, by the name that its division has on a day; a new name of the division renames it.

    Refuses REGION_IS_THE_WHOLE_COUNTRY.
    """
    found = [await store.find_division(conn, code=enclosing, on=on) for enclosing in enclosing_codes(code)]
    name = rules.name_region([division for division in found if division is not None], code=code)
    region = Region(code=code, name_zh=name.zh, name_en=name.en, hosted=True, opened_on=on)
    return await open_region(conn, region=region)


async def find_region(conn: AsyncConnection[Any], *, code: str) -> Region | None:
    """The region with a code, or None."""
    return await store.find_region(conn, code=code)


async def get_region(conn: AsyncConnection[Any], *, code: str) -> Region:
    """The region with a code; refuses REGION_IS_UNKNOWN."""
    region = await store.find_region(conn, code=code)
    if region is None:
        raise Refused(Reason.REGION_IS_UNKNOWN, region=code)
    return region


async def get_hosted_region(conn: AsyncConnection[Any], *, code: str) -> Region:
    """The region with a code, served here; refuses REGION_IS_UNKNOWN, then REGION_IS_NOT_HOSTED."""
    region = await get_region(conn, code=code)
    if not region.hosted:
        raise Refused(Reason.REGION_IS_NOT_HOSTED, region=code)
    return region


async def list_regions(conn: AsyncConnection[Any], *, hosted: bool | None = None) -> tuple[Region, ...]:
    """Regions in order of code; `hosted` keeps those served here, or only the peers."""
    return await store.list_regions(conn, hosted=hosted)


async def seed_divisions(conn: AsyncConnection[Any]) -> int:
    """Load the divisions that come with the platform; rows already there stay. Returns how many were added."""
    count_before = await store.count_divisions(conn)
    await store.insert_divisions(conn, divisions=seeds.seed_divisions())
    return await store.count_divisions(conn) - count_before


async def find_division(conn: AsyncConnection[Any], *, code: str, on: date) -> Division | None:
    """What a code means on a day, or None."""
    return await store.find_division(conn, code=code, on=on)


async def get_division(conn: AsyncConnection[Any], *, code: str, on: date) -> Division:
    """What a code means on a day; refuses DIVISION_IS_UNKNOWN."""
    division = await store.find_division(conn, code=code, on=on)
    if division is None:
        raise Refused(Reason.DIVISION_IS_UNKNOWN, division=code)
    return division


async def list_divisions(
    conn: AsyncConnection[Any], *, on: date, under: str = "", after: str = "", limit: int = 100
) -> tuple[Division, ...]:
    """A page of the divisions in force on a day, in order of code; `under` is how their codes begin."""
    return await store.list_divisions(conn, under=under, on=on, after=after, limit=limit)


async def list_history(conn: AsyncConnection[Any], *, code: str) -> tuple[Division, ...]:
    """Every meaning a code ever had, oldest first; refuses DIVISION_IS_UNKNOWN when it never had one."""
    history = await store.list_history(conn, code=code)
    if not history:
        raise Refused(Reason.DIVISION_IS_UNKNOWN, division=code)
    return history


async def list_successors(conn: AsyncConnection[Any], *, code: str, on: date) -> tuple[str, ...]:
    """The codes that on a day stand where `code` once stood, sorted: itself, its successors, or none."""
    return rules.list_successors(await store.list_all_divisions(conn), code=code, on=on)
