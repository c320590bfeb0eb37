"""The whole application of one worker, served in this process: what a caller over HTTP meets, without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx
import msgspec

from tests.support.builders.access import Known, an_operator
from tests.support.builders.cards import ABank, FacesThatMatch
from tests.support.builders.counter import CounterWorld, a_counter_world
from tests.support.builders.http import bearer
from yikatong.app.house import House
from yikatong.app.keys import LOCATOR
from yikatong.app.outside.missing import NoBank
from yikatong.app.outside.organisations import Organisations
from yikatong.app.worker import Worker
from yikatong.plumbing.database import Database
from yikatong.plumbing.settings import Settings
from yikatong.sealing import service as sealing
from yikatong.taps.model import TapBody
from yikatong.trust import service as trust
from yikatong.trust.model import KeyKind, WantedKey

_writers = count(60)


class Served(msgspec.Struct, frozen=True):
    """A counter's world, a client of its whole application, and the worker behind it."""

    world: CounterWorld
    worker: Worker
    client: httpx.AsyncClient

    async def tap(self, body: TapBody | bytes, *, token: str | None = None, **headers: str) -> httpx.Response:
        """Send a tap, or whatever bytes are given, as the till."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        said = bearer(token or self.world.till.token, **{"Content_Type": "application/json", **headers})
        return await self.client.post("/v1/taps", content=content, headers=said)

    async def by(self, token: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A call by whoever holds a token."""
        return await self.client.request(method, path, json=body, headers=bearer(token, **headers))

    async def an_operator(self, **operator: Any) -> Known:
        """An operator of this region, signed in."""
        async with self.world.db.transaction() as conn:
            return await an_operator(conn, **{"region": self.world.region, **operator})


@asynccontextmanager
async def a_served_world(db: Database) -> AsyncIterator[Served]:
    """Open a worker of a fresh region, with every route of every room."""
    async with a_counter_world(db) as world:
        assert isinstance(world.keys, trust.FileKeyHolder)
        world.keys.add(WantedKey(name=LOCATOR, kind=KeyKind.MARKING), now=world.clock.now())
        settings = Settings(bucket_count=1, region=world.region, allow_synthetic_residents=True)
        house = House(settings=settings, database=db, clock=world.clock, ids=world.ids)
        organisations = Organisations(
            bank=NoBank(), accounts=ABank(), face=FacesThatMatch(), gateway=None, witness=None
        )
        worker = Worker(house, keys=world.keys, organisations=organisations)
        await worker.begin(writer=next(_writers), seals=sealing.Writer(world.keys, ids=world.ids))
        transport = httpx.ASGITransport(app=worker.app(), raise_app_exceptions=False)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                yield Served(world, worker, client)
        finally:
            await worker.close()
