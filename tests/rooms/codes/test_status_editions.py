"""What a region publishes leads from edition to edition: every delta it serves ends in the lists it serves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.builders.codes import CodeWorld
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.codes import store
from yikatong.codes.model import Reason, StatusEdition
from yikatong.codes.rules.status_delta import DELTA_CONTEXT, accept_status_delta, open_status_delta
from yikatong.codes.service.status_lists import STEPS_KEPT, edition_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.trust import service as trust

pytestmark = pytest.mark.anyio
FIVE = timedelta(minutes=5)


async def published(world: CodeWorld) -> StatusEdition:
    """Publish now; what stands then."""
    await codes.publish_status_list(
        world.conn, region=world.region, holder=world.keys, bucket_count=world.terms.bucket_count, now=world.now
    )
    edition = edition_of(world.region, await store.find_status_lists(world.conn, region=world.region))
    assert edition is not None
    return edition


async def led_on(world: CodeWorld, held: StatusEdition) -> StatusEdition:
    """Where the deltas lead that are served to whoever holds an edition."""
    signed = await codes.make_status_deltas(world.conn, region=world.region, since=held.issued_at, holder=world.keys)
    key = trust.verifying_key(world.keys.signer(f"region-{world.region}").key.public_key)
    for one in signed:
        envelope, delta = open_status_delta(one)
        trust.verify_sign1(envelope, key, DELTA_CONTEXT)
        held = accept_status_delta(delta, held)
    return held


async def refusal(world: CodeWorld, since: datetime) -> Any:
    """Why no delta is served."""
    with pytest.raises(Refused) as refused:
        await codes.make_status_deltas(world.conn, region=world.region, since=since, holder=world.keys)
    return refused.value.reason


async def test_from_every_edition_a_delta_leads_to_the_newest(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        residents = [await world.a_card_holder() for _ in range(3)]
        for resident in residents:
            await world.a_filled_wallet(resident)
        editions = [await published(world)]
        moves = (codes.suspend_certificates, codes.revoke_certificates, codes.restore_certificates)
        for move, resident in zip(moves, [residents[0], residents[1], residents[0]], strict=True):
            world.now += FIVE
            await move(conn, bucket=resident.bucket, resident_id=resident.resident_id, now=world.now)
            editions.append(await published(world))
        for resident in residents[2:]:
            world.now += timedelta(hours=1)
            await world.a_filled_wallet(resident)
        world.now = NOON + timedelta(hours=72)
        editions.append(await published(world))
        led = [await led_on(world, edition) for edition in editions]

    assert [editions[-1]] * 5 == led
    assert 4 == len({tuple(sorted(one.blocks.items())) for one in editions})


async def test_a_delta_is_small_and_says_that_nothing_changed_where_nothing_did(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        await world.a_filled_wallet(await world.a_card_holder())
        first = await published(world)
        world.now += FIVE
        second = await published(world)
        [signed] = await codes.make_status_deltas(conn, region=world.region, since=first.issued_at, holder=world.keys)
        none = await codes.make_status_deltas(conn, region=world.region, since=second.issued_at, holder=world.keys)

    assert len(signed) < 140
    assert () == none


async def test_an_instant_at_which_nothing_was_published_or_too_long_ago_leads_nowhere(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        missing = await refusal(world, NOON)
        await world.a_filled_wallet(await world.a_card_holder())
        first = await published(world)
        world.now += FIVE
        await published(world)
        unknown = [await refusal(world, at) for at in (NOON + timedelta(minutes=1), datetime.fromtimestamp(0, UTC))]
        ahead = await refusal(world, NOON + timedelta(days=1))
        world.now += STEPS_KEPT + FIVE
        await world.a_filled_wallet(await world.a_card_holder())
        await published(world)
        too_late = await refusal(world, first.issued_at)

    assert [Reason.STATUS_DELTA_IS_NOT_KEPT] * 5 == [missing, *unknown, ahead, too_late]


async def test_lists_of_several_instants_are_no_edition_and_the_next_publication_begins_anew(db: Database) -> None:
    async with db.owner_transaction() as conn:
        world = CodeWorld(conn)
        await world.a_filled_wallet(await world.a_card_holder())
        first = await published(world)
        await conn.execute(
            "INSERT INTO codes.status_list SELECT region, 7, made_at + interval '1 minute', good_until, token "
            "FROM codes.status_list WHERE region = %(region)s",
            {"region": world.region},
        )
        mixed = await refusal(world, first.issued_at)
        world.now += FIVE
        second = await published(world)
        gap = await refusal(world, first.issued_at)
        world.now += FIVE
        third = await published(world)

        assert [Reason.STATUS_DELTA_IS_NOT_KEPT] * 2 == [mixed, gap]
        assert third == await led_on(world, second)
