"""Regions for tests, and the divisions that come with the platform."""

from datetime import date
from typing import Any

from psycopg import AsyncConnection

from tests.support.world import a_region_code
from yikatong.places import service
from yikatong.places.model import Region

OPENED_ON = date(2026, 1, 1)
DIVISION = "990101"
"""The unassigned division in which synthetic people and places are."""


def region_named(code: str, *, hosted: bool = True) -> Region:
    """A region that has not been opened yet."""
    return Region(
        code=code, name_zh=f"测试地区{code}", name_en=f"Test region {code}", hosted=hosted, opened_on=OPENED_ON
    )


async def a_region(conn: AsyncConnection[Any], code: str | None = None, *, hosted: bool = True) -> str:
    """Open a region, a fresh one unless its code is given; gives the code. Divisions are loaded too."""
    region = region_named(code or a_region_code(), hosted=hosted)
    await service.seed_divisions(conn)
    await service.open_region(conn, region=region)
    return region.code
