"""Refreshing a wallet: certificates are fresh, given only for a card and device in order, and stopped with these."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import TypedDict

import psycopg
import pytest

from simulator.wallet import Wallet
from tests.support.backends import wait_for_locks_at_most
from tests.support.builders.cards import OPERATOR, key_of
from tests.support.builders.codes import CodeWorld, asked, keys_of
from tests.support.world import NOON
from yikatong.cards import service as cards
from yikatong.cards.model import Reason as CardReason
from yikatong.cards.model import Registered
from yikatong.codes import service as codes
from yikatong.codes.model import CertificateState, Presented, Reason, SceneGroup, StoredCertificate, Strength
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.plumbing.pipeline import BatchConnection
from yikatong.trust import service as trust
from yikatong.trust.model import StatusList

pytestmark = pytest.mark.anyio


class Who(TypedDict):
    """A resident, as the use cases name one."""

    bucket: int
    resident_id: ResidentId


async def stored_of(db: Database, resident: Registered, serials: Sequence[int]) -> list[StoredCertificate]:
    """The certificates of a resident as a tap batch reads them."""
    conn = await psycopg.AsyncConnection.connect(db.address.conninfo, autocommit=True)
    batch = await BatchConnection.over(conn)
    asked_for = codes.find_certificates(
        bucket=resident.bucket, resident_ids=[resident.resident_id] * len(serials), serials=serials
    )
    results = await batch.run([asked_for])
    await batch.close()
    return sorted(results[0].rows, key=lambda row: row.serial)


async def presented(
    db: Database, world: CodeWorld, resident: Registered, text: str, *, days_later: int = 0
) -> Presented | Reason:
    """What the region's counter makes of a code now."""
    now = world.now + timedelta(days=days_later)
    read = codes.read_code_of_any_age(text, regions=world.regions())
    assert read.serial is not None
    found = await stored_of(db, resident, [read.serial])
    return codes.decide_presented(read, found[0] if found else None, now=now, expected=asked())


def refusal(refused: pytest.ExceptionInfo[Refused]) -> object:
    """The reason of a refusal."""
    return refused.value.reason


async def test_a_refreshed_wallet_shows_codes_its_region_knows(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        wallet = await world.a_filled_wallet(resident)
    shown = await presented(db, world, resident, wallet.show_code(NOON))

    assert isinstance(shown, Presented)
    assert (Strength.SHOWN, resident.resident_id) == (shown.strength, shown.resident_id)
    assert wallet.device_id == shown.device_id


async def test_certificates_are_never_given_twice(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        first, second = await world.a_card_holder(), await world.a_card_holder()
        wallets = [await world.a_wallet(resident) for resident in (first, second)]
        given = [
            one
            for _ in range(3)
            for resident, wallet in zip((first, second), wallets, strict=True)
            for one in (await world.refreshed(resident, wallet)).certificates
        ]
    claims = [trust.decode_claims(trust.decode_sign1(one.certificate, 256).payload) for one in given]
    indexes = [claim.standing.status_index for claim in claims if claim.standing is not None]

    assert 48 == len(given) == len({claim.cwt_id for claim in claims}) == len(set(indexes))
    assert 2 > sum(abs(one - other) == 1 for one, other in pairwise(indexes))


async def test_each_scene_group_gets_its_own_keys_and_the_answer_says_the_time(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        refreshed = await world.refreshed(resident, await world.a_wallet(resident), per_scene=3)
    scenes = [one.scene_group for one in refreshed.certificates]

    assert dict.fromkeys(SceneGroup, 3) == {scene: scenes.count(scene) for scene in scenes}
    assert world.now == refreshed.server_time


async def test_a_certificate_says_the_level_and_that_a_concession_holds_and_not_which(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        refreshed = await world.refreshed(resident, await world.a_wallet(resident))
    claims = trust.decode_claims(trust.decode_sign1(refreshed.certificates[0].certificate, 256).payload)

    assert claims.standing is not None
    assert (1, 0) == (claims.standing.level, claims.standing.concession)


async def test_a_lost_card_gives_no_certificates(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        wallet = await world.a_wallet(resident)
        await cards.report_temporary_loss(
            conn, bucket=resident.bucket, resident_id=resident.resident_id, by=OPERATOR, now=NOON, ids=world.ids
        )
        with pytest.raises(Refused) as refused:
            await world.refreshed(resident, wallet)

    assert CardReason.CARD_IS_TEMPORARILY_REPORTED_LOST is refusal(refused)


async def test_a_revoked_device_gives_no_certificates(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        wallet = await world.a_wallet(resident)
        assert wallet.device_id is not None
        await cards.revoke_device(conn, **key_of(resident), device_id=wallet.device_id, now=NOON, ids=world.ids)
        with pytest.raises(Refused) as refused:
            await world.refreshed(resident, wallet)

    assert CardReason.DEVICE_IS_REVOKED is refusal(refused)


async def test_a_region_without_keys_issues_no_codes(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        wallet = await world.a_wallet(resident)
        world.keys = keys_of()
        with pytest.raises(Refused) as refused:
            await world.refreshed(resident, wallet)

    assert Reason.REGION_ISSUES_NO_CODES is refusal(refused)


async def test_suspended_certificates_come_back_and_revoked_ones_never(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        phone, tablet = await world.a_filled_wallet(resident), await world.a_filled_wallet(resident)
        who = Who(bucket=resident.bucket, resident_id=resident.resident_id)
        counts = [
            await codes.suspend_certificates(conn, **who, now=NOON),
            await codes.suspend_certificates(conn, **who, now=NOON),
            await codes.restore_certificates(conn, **who, now=NOON),
            await codes.revoke_certificates(conn, **who, now=NOON, device_id=phone.device_id),
            await codes.suspend_certificates(conn, **who, now=NOON),
            await codes.revoke_certificates(conn, **who, now=NOON),
            await codes.restore_certificates(conn, **who, now=NOON),
        ]

    assert [16, 0, 16, 8, 8, 8, 0] == counts
    for wallet in (phone, tablet):
        assert Reason.CERTIFICATE_IS_REVOKED is await presented(db, world, resident, wallet.show_code(NOON))


async def test_a_code_of_another_resident_under_the_same_serial_is_not_mistaken(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        first, second = await world.a_card_holder(), await world.a_card_holder()
        await world.a_filled_wallet(first)
        wallet = await world.a_filled_wallet(second)
    read = codes.read_code(wallet.show_code(NOON), regions=world.regions(), now=NOON)
    assert read.serial is not None
    others = await stored_of(db, first, [read.serial])

    assert 1 == len(others)
    assert Reason.CERTIFICATE_IS_UNKNOWN is codes.decide_presented(read, others[0], now=NOON, expected=None)


async def test_a_certificate_is_good_online_long_after_it_expired(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        wallet = await world.a_filled_wallet(resident)
    text = wallet.show_code(NOON + timedelta(days=100))

    assert isinstance(await presented(db, world, resident, text, days_later=100), Presented)
    assert Reason.CERTIFICATE_IS_TOO_OLD is await presented(db, world, resident, text, days_later=180)


async def status_lists(world: CodeWorld, wallets: Sequence[Wallet]) -> tuple[dict[int, StatusList], list[list[int]]]:
    """The lists just published, verified; and what they say of each wallet's retail keys."""
    published = await codes.publish_status_list(
        world.conn, region=world.region, holder=world.keys, bucket_count=world.terms.bucket_count, now=world.now
    )
    key = trust.verifying_key(world.keys.signer(f"region-{world.region}").key.public_key)
    lists = {
        one.number: trust.read_status_list(
            one.token, key, subject=codes.status_list_name(world.region, one.number), now=world.now
        )
        for one in published
    }
    return lists, [[_status_of(lists, world, wallet) for _ in range(2)] for wallet in wallets]


def _status_of(lists: dict[int, StatusList], world: CodeWorld, wallet: Wallet) -> int:
    view = codes.RegionView(
        keys={
            world.region: {
                world.keys.signer(f"region-{world.region}").key_id: trust.verifying_key(
                    world.keys.signer(f"region-{world.region}").key.public_key
                )
            }
        },
        own={},
        bucket_count=1,
    )
    read = codes.read_code(wallet.show_code(world.now), regions=view, now=world.now)
    assert read.claims is not None
    block, place = divmod(read.claims.status_index, 65_536)
    return trust.status_at(lists[block], place)


async def test_the_status_list_says_of_each_certificate_what_the_region_knows(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        residents = [await world.a_card_holder() for _ in range(3)]
        wallets = [await world.a_filled_wallet(resident) for resident in residents]
        _, before = await status_lists(world, wallets)
        await codes.suspend_certificates(
            conn, bucket=residents[1].bucket, resident_id=residents[1].resident_id, now=NOON
        )
        await codes.revoke_certificates(
            conn, bucket=residents[2].bucket, resident_id=residents[2].resident_id, now=NOON
        )
        world.now = NOON + timedelta(minutes=1)
        lists, after = await status_lists(world, wallets)
        kept = await codes.get_status_lists(conn, region=world.region)

    assert [[0, 0]] * 3 == before
    assert [[0, 0], [2, 2], [1, 1]] == after
    assert sorted(lists) == [one.number for one in kept]
    assert len(kept[0].token) < 1_000


async def test_a_list_made_earlier_does_not_replace_one_made_later(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        await world.a_filled_wallet(await world.a_card_holder())
        world.now = NOON + timedelta(minutes=5)
        await status_lists(world, [])
        later = await codes.get_status_lists(conn, region=world.region)
        world.now = NOON
        await status_lists(world, [])

        assert later == await codes.get_status_lists(conn, region=world.region)


async def test_lists_whose_certificates_have_all_expired_are_withdrawn(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        await world.a_filled_wallet(await world.a_card_holder())
        await status_lists(world, [])
        world.now = NOON + timedelta(hours=73)
        await status_lists(world, [])
        with pytest.raises(Refused) as refused:
            await codes.get_status_lists(conn, region=world.region)

    assert Reason.STATUS_LIST_IS_NOT_PUBLISHED is refusal(refused)


async def test_a_stop_waits_for_a_refresh_under_way_and_stops_what_it_gave(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        wallet = await world.a_wallet(resident)
    who = Who(bucket=resident.bucket, resident_id=resident.resident_id)
    async with db.transaction() as refreshing:
        world.conn = refreshing
        await world.refreshed(resident, wallet)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            async with db.transaction() as stopping:
                await wait_for_locks_at_most(stopping, 50)
                await codes.suspend_certificates(stopping, **who, now=NOON)
    async with db.transaction() as stopping:
        assert 8 == await codes.suspend_certificates(stopping, **who, now=NOON)
    found = await stored_of(db, resident, list(range(8)))

    assert [CertificateState.SUSPENDED] * 8 == [one.state for one in found]


async def test_refreshes_at_the_same_moment_take_different_blocks(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        first, second = await world.a_card_holder(), await world.a_card_holder()
        wallets = [await world.a_filled_wallet(first), await world.a_wallet(second)]
    async with db.transaction() as one, db.transaction() as other:
        world.conn = one
        given = [await world.refreshed(first, wallets[0])]
        world.conn = other
        given.append(await world.refreshed(second, wallets[1]))
    blocks = [
        {
            claims.standing.status_index // 65_536
            for certificate in refreshed.certificates
            if (claims := trust.decode_claims(trust.decode_sign1(certificate.certificate, 256).payload)).standing
        }
        for refreshed in given
    ]

    assert [{0}, {1}] == blocks
