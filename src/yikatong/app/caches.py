"""What a worker keeps in memory for the tap path, valid for the versions that each batch reads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from yikatong.access import service as access
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Snapshot
from yikatong.codes import service as codes
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Connection, Database

CATALOGUE = "catalogue"
REGIONS = "regions"


class WorkerCaches:
    """The catalogue, the regions' keys, and the callers authenticated before."""

    def __init__(
        self,
        *,
        database: Database,
        callers: access.CallerCache,
        load_regions: Callable[[Connection], Awaitable[codes.RegionView]],
        clock: Clock,
    ) -> None:
        """Nothing is kept until `fill`."""
        self._database = database
        self._load_regions = load_regions
        self._clock = clock
        self.callers = callers
        self._snapshot: Snapshot | None = None
        self._regions: codes.RegionView | None = None
        self._versions: dict[str, int] = {}
        self._one_at_a_time = asyncio.Lock()

    @property
    def snapshot(self) -> Snapshot:
        """The catalogue as last read."""
        assert self._snapshot is not None
        return self._snapshot

    @property
    def regions(self) -> codes.RegionView:
        """The regions' keys as last read, those that count now."""
        assert self._regions is not None
        self._regions = codes.view_at(self._regions, now=self._clock.now())
        return self._regions

    async def fill(self, versions: Mapping[str, int]) -> None:
        """Read everything for the first time."""
        self.callers.forget_all_if(versions.get(access.VERSION_SUBJECT, 0))
        async with self._database.transaction() as conn:
            self._snapshot = await catalogue.load_snapshot(conn)
            self._regions = await self._load_regions(conn)
        self._versions = dict(versions)

    @property
    def access_version(self) -> int:
        """The version of keys for which callers in memory are valid."""
        return self.callers.version

    async def renew(self, versions: Mapping[str, int]) -> bool:
        """Read again what these versions make stale; True when they are not those of what was in memory.

        What is read may be newer than the versions that asked for it, which only makes the next batch read it again.
        Memory never goes back: of two who ask at once, one reads after the other, and older versions make nothing
        stale, so a batch decides by what it asked for.
        """
        if versions == self._versions:
            return False
        async with self._one_at_a_time:
            stale = {subject for subject, version in versions.items() if self._versions.get(subject, 0) < version}
            if stale:
                await self._read_again(stale)
                self._versions = {**self._versions, **{subject: versions[subject] for subject in stale}}
        self.callers.forget_all_if(self._versions.get(access.VERSION_SUBJECT, 0))
        return True

    async def _read_again(self, stale: set[str]) -> None:
        async with self._transaction_of_its_own() as conn:
            if CATALOGUE in stale:
                self._snapshot = await catalogue.load_snapshot(conn, known=self._snapshot)
            if REGIONS in stale:
                self._regions = await self._load_regions(conn)

    @asynccontextmanager
    async def _transaction_of_its_own(self) -> AsyncIterator[Connection]:
        """A batch holds its locks while this reads; the pool may be held by those who wait for just these locks."""
        async with await self._database.connect_serving() as conn, conn.transaction():
            yield conn
