"""Refreshes at work in a region of its own: phones that are enrolled and signed in, and the worker that serves them."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import msgspec

from simulator.wallet import Wallet
from tests.support.builders.cards import OPERATOR, TERMS
from tests.support.builders.codes import CodeWorld
from tests.support.world import FixedClock, SeededIds
from yikatong.access import service as access
from yikatong.access.model import Concern
from yikatong.app.house import House
from yikatong.app.http.bounds import CallsAtOnce
from yikatong.app.http.frame import Frame
from yikatong.app.http.resource import unknown_address
from yikatong.app.wallets.calls import WalletCall
from yikatong.app.wallets.door import WalletDoor
from yikatong.app.wallets.refresh_route import PATH, route_of_refreshes
from yikatong.app.wallets.refreshing import RefreshCall, Refreshing
from yikatong.cards import service as cards
from yikatong.cards.model import Registered
from yikatong.codes import service as codes
from yikatong.plumbing.batching import Connect
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.http import Caller, CallerKind
from yikatong.plumbing.settings import Settings
from yikatong.trust.model import KeyHolder


class SignedIn(NamedTuple):
    """A resident's phone, enrolled, with an open session."""

    resident: Registered
    wallet: Wallet
    token: str
    caller: Caller


class RefreshingWorld:
    """A worker's refreshes, and the phones that call it; made by `a_refreshing_world`."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FixedClock()
        self.ids = SeededIds()
        settings = Settings(bucket_count=TERMS.bucket_count)
        self.house = House(settings=settings, database=db, clock=self.clock, ids=self.ids)
        self.keys: KeyHolder
        self.region = ""
        self.refreshing: Refreshing

    async def some_phones(self, count: int) -> list[SignedIn]:
        """Phones of so many residents of one bucket."""
        phones = [await self.a_phone()]
        while len(phones) < count:
            phone = await self.a_phone()
            if phone.resident.bucket == phones[0].resident.bucket:
                phones.append(phone)
        return phones

    async def a_phone(self, *, of: Registered | None = None) -> SignedIn:
        """A phone of a new resident, or one more of a resident."""
        async with self.db.transaction() as conn:
            world = self._codes(conn)
            resident = of or await world.a_card_holder()
            wallet = await world.a_wallet(resident)
            assert wallet.device_id is not None
            opened = await access.open_session(
                conn,
                kind=CallerKind.WALLET,
                subject_id=wallet.device_id,
                region=self.region,
                resident_id=resident.resident_id,
                device_id=wallet.device_id,
                now=self.clock.now(),
                ids=self.ids,
            )
            caller = await access.authenticate(conn, token=opened.token, now=self.clock.now())
        return SignedIn(resident, wallet, opened.token, caller)

    def call(self, phone: SignedIn, *, key: str | None = None, request: bytes | None = None) -> RefreshCall:
        """A phone's call, perhaps with an Idempotency-Key."""
        signed = phone.wallet.refresh_request(self.clock.now()) if request is None else request
        digest = access.digest_request((signed,), key=phone.token)
        kept = None
        if key is not None:
            kept = access.KeptCommand(caller_id=phone.caller.id, key=key, token=phone.token, request_digest=digest)
        call = WalletCall(
            caller=phone.caller,
            request_id=self.ids.new().hex,
            request_digest=digest,
            purpose=None,
            kept=kept,
        )
        return RefreshCall(call, signed)

    async def lost(self, conn: Connection, phone: SignedIn) -> int:
        """Report the card lost and let its certificates rest, as the desk does; gives how many were active."""
        who: dict[str, Any] = {"bucket": phone.resident.bucket, "resident_id": phone.resident.resident_id}
        await cards.report_temporary_loss(conn, **who, by=OPERATOR, now=self.clock.now(), ids=self.ids)
        return await codes.suspend_certificates(conn, **who, now=self.clock.now())

    async def count_certificates(self, phone: SignedIn) -> int:
        """How many active certificates the resident's wallets hold."""
        resident = phone.resident
        async with self.db.transaction() as conn:
            held = await codes.list_show_keys(
                conn, bucket=resident.bucket, resident_ids=[resident.resident_id], now=self.clock.now()
            )
        return sum(len(keys) for keys in held.values())

    async def records_of(self, phone: SignedIn) -> list[str]:
        """What the record says of the resident, the newest first."""
        return [line.what for line in await self.concerns_of(phone)]

    async def concerns_of(self, phone: SignedIn) -> tuple[Concern, ...]:
        """The record's lines under the resident, the newest first."""
        async with self.db.transaction() as conn:
            return await access.list_concerns(
                conn,
                resident_id=phone.resident.resident_id,
                before=None,
                limit=50,
                bucket_count=TERMS.bucket_count,
            )

    @asynccontextmanager
    async def another_worker(self, connect: Connect | None = None) -> AsyncIterator[Refreshing]:
        """Another worker's refreshes, perhaps over another line to the database."""
        other = Refreshing(self.house, holder=self.keys, connect=connect or self.db.connect_serving)
        try:
            yield other
        finally:
            await other.close()

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        """POST to the route over ASGI, as JSON unless it is bytes."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        route = route_of_refreshes(self.refreshing, door=WalletDoor(self.house), house=self.house)
        frame = Frame(unknown_address, direct_routes={PATH: route}, ids=self.ids, calls=CallsAtOnce())
        transport = httpx.ASGITransport(app=frame)
        sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): said for name, said in headers.items()}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post(PATH, content=content, headers=sent)

    def _codes(self, conn: Connection) -> CodeWorld:
        world = CodeWorld(conn, now=self.clock.now())
        if self.region:
            world.region, world.keys = self.region, self.keys
        else:
            self.region, self.keys = world.region, world.keys
        return world


@asynccontextmanager
async def a_refreshing_world(db: Database) -> AsyncIterator[RefreshingWorld]:
    """A worker's refreshes in a fresh region."""
    world = RefreshingWorld(db)
    await world.a_phone()
    async with world.another_worker() as world.refreshing:
        yield world


def body_of(request: bytes) -> dict[str, str]:
    """A request as the route's body carries it."""
    return {"request": urlsafe_b64encode(request).rstrip(b"=").decode()}
