"""A till without a network, its line to the platform, and allowances: what tests of offline taps share."""

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.support.builders.cards import PASSWORD
from tests.support.builders.catalogue import TerminalWithKeys
from tests.support.builders.counter import Phone
from tests.support.builders.served import Served, a_served_world
from yikatong.access import service as access
from yikatong.catalogue import service as catalogue
from yikatong.codes import service as codes
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import CallerKind
from yikatong.terminal.memory import Memory
from yikatong.terminal.model import Admitted, Uploaded
from yikatong.terminal.offline import OfflineTerminal, open_memory
from yikatong.trust import service as trust

MEAL_FEN = 1_200


@asynccontextmanager
async def a_region_with_lists(db: Database) -> AsyncIterator[Served]:
    """A served region whose trust list and status lists are published."""
    async with a_served_world(db) as served:
        world = served.world
        async with db.transaction() as conn:
            await trust.publish_region_keys(
                conn, holder=world.keys, regions=[world.region], overlap=timedelta(days=3), now=world.clock.now()
            )
        yield served


async def publish_status(served: Served) -> None:
    """Publish the status lists as certificates stand."""
    world = served.world
    async with world.db.transaction() as conn:
        await codes.publish_status_list(
            conn, region=world.region, holder=world.keys, bucket_count=1, now=world.clock.now()
        )


class Till:
    """A till of the canteen with a memory; `fetch` and `upload` go over HTTP, the rest needs no network."""

    def __init__(self, served: Served, memory: Memory, registered: TerminalWithKeys) -> None:
        self._served = served
        self.memory = memory
        self.registered = registered
        self.kit = OfflineTerminal(
            memory,
            region=served.world.region,
            terminal_id=registered.terminal.id,
            signing_key=registered.signing_key,
            roots=trust.pin_own_roots(served.world.keys).roots,
            now=served.world.clock.now,
            random_bytes=served.world.ids.random_bytes,
        )

    async def fetch(self) -> None:
        """Fetch everything newer."""
        await publish_status(self._served)
        region = self._served.world.region
        trust_list = await self._get("/v1/trust-list")
        since = self.kit.lists.edition_issued_at(region)
        sheet = await self._get("/v1/offline-sheet")
        now = self._served.world.clock.now()
        self.kit.lists.hold_trust_list(_read(trust_list["envelope"]), now=now)
        if since is None:
            lists = await self._get(f"/v1/status-lists/{region}")
            tokens = [(one["number"], _read(one["token"])) for one in lists["lists"]]
            self.kit.lists.hold_status_lists(region, tokens, now=now)
        else:
            changed = await self._get(f"/v1/status-lists/{region}/deltas?since={int(since.timestamp())}")
            self.kit.lists.hold_status_deltas(region, [_read(one) for one in changed["deltas"]], now=now)
        self.kit.lists.hold_sheet(_read(sheet["sheet"]), now=now)

    def pay(self, phone: Phone, amount_fen: int = MEAL_FEN) -> Admitted:
        """A meal, answered by the wallet, without a network on either side."""
        item = self._served.world.meal.code
        asked = self.kit.challenge(item, amount_fen)
        code = phone.wallet.answer(asked.text, self._served.world.clock.now())
        return self.kit.tap(item=item, amount_fen=amount_fen, code=code, answers=asked.nonce)

    def enter(self, phone: Phone) -> Admitted:
        """A bare code at the gate."""
        world = self._served.world
        return self.kit.tap(item=world.entry.code, code=phone.wallet.show_code(world.clock.now()))

    async def send(self, body: bytes) -> httpx.Response:
        """Upload one tap, as bytes."""
        return await self._served.by(self.registered.token, "POST", "/v1/offline-taps", msgspec.json.decode(body))

    async def upload(self) -> list[Uploaded]:
        """Upload all that waits, in order."""
        said = [await self.send(msgspec.json.encode(one)) for one in self.kit.admitted()]
        heard = [msgspec.json.decode(one.content, type=Uploaded) for one in said]
        self.kit.upload(Answers(heard))
        return heard

    async def _get(self, path: str) -> Any:
        answer = await self._served.by(self.registered.token, "GET", path)
        assert 200 == answer.status_code, answer.text
        return answer.json()


class Answers:
    """A platform whose answers were heard before; the kit journals them."""

    def __init__(self, heard: list[Uploaded]) -> None:
        self._heard = iter(heard)

    def trust_list(self) -> bytes:
        """Not asked."""
        raise AssertionError

    def status_lists(self, region: str) -> list[tuple[int, bytes]]:
        """Not asked."""
        raise AssertionError

    def status_deltas(self, region: str, *, since: datetime) -> list[bytes] | None:
        """Not asked."""
        raise AssertionError

    def sheet(self) -> bytes:
        """Not asked."""
        raise AssertionError

    def upload(self, body: bytes) -> Uploaded:
        """The next answer."""
        return next(self._heard)


def a_till(served: Served, file: Path, registered: TerminalWithKeys | None = None) -> Till:
    """A till over a file; two over one file share their memory."""
    memory = open_memory(file, random_bytes=served.world.ids.random_bytes)
    return Till(served, memory, registered or served.world.till)


async def another_till(served: Served) -> TerminalWithKeys:
    """One more terminal at the place of the first."""
    world = served.world
    async with world.db.transaction() as conn:
        place = await catalogue.get_place(conn, provider_id=world.provider.id, place_id=world.till.terminal.place_id)
    return await world.another_till(place=place, purposes=world.till.terminal.purposes)


async def a_session(served: Served, phone: Phone) -> str:
    """The token of a phone's wallet."""
    assert phone.wallet.device_id is not None
    async with served.world.db.transaction() as conn:
        session = await access.open_session(
            conn,
            kind=CallerKind.WALLET,
            subject_id=phone.wallet.device_id,
            region=served.world.region,
            resident_id=phone.resident.resident_id,
            device_id=phone.wallet.device_id,
            now=served.world.clock.now(),
            ids=served.world.ids,
        )
    return session.token


async def grant(served: Served, phone: Phone, *, token: str, till: TerminalWithKeys | None = None, **body: Any) -> Any:
    """Grant an allowance of 50 yuan for a week, over HTTP."""
    terminal = (till or served.world.till).terminal
    said = {
        "region": served.world.region,
        "terminal": f"trm_{terminal.id.hex}",
        "scene_group": "retail",
        "amount_fen": 5_000,
        "days": 7,
        "password": PASSWORD,
        **body,
    }
    return await served.by(token, "POST", "/v1/wallet/allowances", said)


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
