"""A shop on a platform of its own, ready to be hurt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from tests.crash.serving import RESIDENTS, Platform, let_tills_in
from tests.crash.tills import Tills


class Shop(NamedTuple):
    """A platform with a few residents, and the tills of a shop."""

    platform: Platform
    tills: Tills


@asynccontextmanager
async def a_shop(folder: Path) -> AsyncIterator[Shop]:
    """Prepare a platform whose data lie in a folder, and serve until the end of the block."""
    platform = Platform(folder)
    people = await asyncio.to_thread(platform.populate, let_tills_in)
    try:
        await asyncio.to_thread(platform.start)
        yield Shop(platform, Tills(people, platform.url, resident_count=RESIDENTS))
    finally:
        await asyncio.to_thread(platform.stop)
