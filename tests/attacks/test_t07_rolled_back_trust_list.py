"""T07 Rolled-back trust list: an old list that still trusts a revoked key (docs/threats.md)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.support.builders.codes import CertifiedPhone, KeyedRegion
from tests.support.builders.served import Served, a_served_world
from tests.support.builders.trust import a_region_key
from yikatong.app.caches import REGIONS
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing import versions
from yikatong.plumbing.database import Database
from yikatong.taps.model import TapBody
from yikatong.trust import service as trust
from yikatong.trust.model import RegionKey

pytestmark = pytest.mark.anyio

THIEF = "999998"


@pytest.fixture
async def lists(db: Database) -> AsyncIterator["Lists"]:
    """A worker that trusts one other region."""
    async with a_served_world(db) as served:
        yield Lists(served)


class Lists:
    """The trust list of an installation, and the key of another region that was stolen."""

    def __init__(self, served: Served) -> None:
        self.served, self.world = served, served.world
        self.pinned = trust.pin_own_roots(self.world.keys)
        self.stolen = KeyedRegion(THIEF)
        self.key = a_region_key(THIEF, key_id=self.stolen.key_id, key=self.stolen.key.public_key)

    async def publish(self, *keys: RegionKey) -> bytes:
        """Publish the next list a minute later; gives it as it is signed."""
        now = self.world.clock.advance(timedelta(minutes=1))
        async with self.world.db.transaction() as conn:
            await trust.publish_trust_list(conn, holder=self.world.keys, keys=keys, now=now)
            held = await trust.read_held_trust_list(conn, pinned=self.pinned, now=now)
            await versions.bump(conn, subject=REGIONS)
        return held.envelope

    async def offer(self, envelope: bytes) -> None:
        """Give the installation a list, as whoever fetches lists does."""
        async with self.world.db.transaction() as conn:
            await trust.hold_trust_list(conn, envelope, pinned=self.pinned, now=self.world.clock.now())
            await versions.bump(conn, subject=REGIONS)

    async def answer_to_stolen_key(self) -> str:
        """What a terminal is told of a code that the stolen key certified just now."""
        now = self.world.clock.now()
        code = CertifiedPhone(self.stolen, made_at=now).code(made_at=now)
        body = TapBody(request_id=self.world.ids.new().hex, item=self.world.entry.code, code=code)
        reason: str = (await self.served.tap(body)).json()["reason"]
        return reason


async def test_a_list_from_before_a_revocation_is_refused_and_changes_nothing(lists: Lists) -> None:
    trusting = await lists.publish(lists.key)
    before = await lists.answer_to_stolen_key()
    await lists.publish(replace(lists.key, revoked_at=lists.world.clock.now()))
    after = await lists.answer_to_stolen_key()

    with pytest.raises(Refused) as refused:
        await lists.offer(trusting)

    assert "TRUST_LIST_IS_ROLLED_BACK" == refused.value.reason.name
    assert "HOME_REGION_IS_NOT_CONNECTED" == before
    assert ["ISSUING_REGION_IS_UNKNOWN"] * 2 == [after, await lists.answer_to_stolen_key()]


async def test_a_revocation_is_not_forgotten_by_a_later_list(lists: Lists) -> None:
    await lists.publish(lists.key)
    await lists.publish(replace(lists.key, revoked_at=lists.world.clock.now()))

    with pytest.raises(Refused) as refused:
        await lists.publish(lists.key)

    assert "REVOKED_KEY_CAME_BACK" == refused.value.reason.name
    assert "ISSUING_REGION_IS_UNKNOWN" == await lists.answer_to_stolen_key()


async def test_a_list_that_a_stranger_signed_trusts_nobody(lists: Lists) -> None:
    await lists.publish()
    stranger = KeyedRegion("999997").key
    now = lists.world.clock.now()
    async with lists.world.db.transaction() as conn:
        held = await trust.read_held_trust_list(conn, pinned=lists.pinned, now=now)
    assert held.trust_list is not None
    theirs = replace(held.trust_list, sequence=held.trust_list.sequence + 1, keys=(lists.key,))

    with pytest.raises(Refused) as refused:
        await lists.offer(trust.sign_trust_list(theirs, stranger))

    assert "TRUST_LIST_IS_BY_ANOTHER_SIGNER" == refused.value.reason.name
    assert "ISSUING_REGION_IS_UNKNOWN" == await lists.answer_to_stolen_key()
