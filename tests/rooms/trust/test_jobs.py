"""The list of trusted regions that an installation publishes is renewed long before a peer would refuse it."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.rooms.trust.test_key_files import REGION, opened
from tests.support.builders.trust import a_region_key
from tests.support.world import NOON, FixedClock, SeededIds, a_region_code
from yikatong.plumbing.database import Database
from yikatong.plumbing.jobs import JobCall
from yikatong.trust.held_lists import LIFE
from yikatong.trust.jobs import jobs
from yikatong.trust.model import HeldTrustList, KeyHolder
from yikatong.trust.service import accept_trust_list, pin_own_roots, publish_trust_list, read_held_trust_list

pytestmark = pytest.mark.anyio
SECOND = timedelta(seconds=1)


async def renewed(db: Database, holder: KeyHolder, clock: FixedClock) -> HeldTrustList:
    """What is held after the job ran."""
    (job,) = jobs(holder=holder)
    await job.run(JobCall(database=db, clock=clock, ids=SeededIds()))
    async with db.transaction() as conn:
        return await read_held_trust_list(conn, pinned=pin_own_roots(holder), now=clock.now())


async def test_a_list_is_renewed_once_at_half_of_its_life(db: Database, tmp_path: Path) -> None:
    holder, clock = opened(tmp_path), FixedClock()
    keys = (a_region_key(a_region_code(), key=holder.signer(REGION).key.public_key),)
    async with db.transaction() as conn:
        first = await publish_trust_list(conn, holder=holder, keys=keys, now=NOON)

    clock.set(NOON + LIFE / 2 - SECOND)
    assert first == (await renewed(db, holder, clock)).trust_list
    clock.advance(SECOND)
    second = await renewed(db, holder, clock)
    assert second == await renewed(db, holder, clock)

    assert second.trust_list is not None
    assert (2, keys, clock.now() + LIFE) == (
        second.trust_list.sequence,
        second.trust_list.keys,
        second.trust_list.expires_at,
    )


async def test_whoever_fetches_after_a_month_gets_a_list_that_is_accepted(db: Database, tmp_path: Path) -> None:
    holder, clock = opened(tmp_path), FixedClock()
    async with db.transaction() as conn:
        await publish_trust_list(conn, holder=holder, keys=(), now=NOON)

    clock.set(NOON + LIFE + SECOND)
    served = await renewed(db, holder, clock)

    assert served == accept_trust_list(served.envelope, pin_own_roots(holder), now=clock.now())


async def test_a_root_that_another_process_rotated_signs_the_next_list(db: Database, tmp_path: Path) -> None:
    holder, other_process, clock = opened(tmp_path), opened(tmp_path), FixedClock()
    async with db.transaction() as conn:
        await publish_trust_list(conn, holder=other_process, keys=(), now=NOON)
        other_process.rotate("root", now=NOON + SECOND)
        await publish_trust_list(conn, holder=other_process, keys=(), now=NOON + SECOND)

    clock.set(NOON + LIFE)
    served = await renewed(db, holder, clock)

    assert served.trust_list is not None
    assert (3, other_process.signer("root").key.public_key) == (served.trust_list.sequence, *served.roots)


async def test_without_a_list_there_is_nothing_to_renew(db: Database, tmp_path: Path) -> None:
    holder = opened(tmp_path)

    assert pin_own_roots(holder) == await renewed(db, holder, FixedClock())
