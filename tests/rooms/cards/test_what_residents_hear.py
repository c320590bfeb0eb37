"""What is done with somebody's card, e-card, devices or family is told to them, once, in the same transaction."""

from datetime import date

import pytest

from tests.support.builders.cards import CardWorld, key_of
from yikatong.cards import service as cards
from yikatong.cards.model import Enrolled, FamilyKind
from yikatong.cards.rules.passwords import FAILURES_MAX
from yikatong.kernel.outcomes import Refused
from yikatong.notices import service as notices
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


async def test_from_the_application_to_level_2_each_step_is_told_once(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        for _ in range(2):
            await world.with_e_card(resident)
            await world.with_bank(resident)

        assert ["card_applied_for", "e_card_issued", "e_card_level_2"] == await world.heard_by(resident)


async def test_a_new_device_and_its_end_are_told_with_what_it_is(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        one, other = await world.enrolled(resident), await world.enrolled(resident)
        assert isinstance(one, Enrolled)
        assert isinstance(other, Enrolled)
        for _ in range(2):
            await cards.revoke_device(conn, **key_of(resident), device_id=one.device_id, now=world.now, ids=world.ids)
        await cards.unlink_channel(conn, **key_of(resident), channel="wallet", now=world.now, ids=world.ids)

        heard = (await world.heard_by(resident))[2:]
        assert ["device_enrolled", "device_enrolled", "device_removed", "device_removed"] == heard
        latest, *_ = await notices.list_notices(conn, **key_of(resident), before=None, limit=1)
        (device,) = {device.platform for device in await cards.list_devices(conn, **key_of(resident))}
        assert f"（{device}）" in notices.word_notice(latest).zh.text


async def test_the_attempt_that_locks_the_password_is_told_and_no_later_one(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)
        for _ in range(FAILURES_MAX - 1):
            await world.proved(resident, "000001")
        before = await world.heard_by(resident)
        for _ in range(3):
            assert isinstance(await world.proved(resident, "000001"), Refused)

        assert [*before, "password_locked"] == await world.heard_by(resident)


async def test_a_new_limit_is_told_with_its_amount(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()
        for _ in range(2):
            await cards.set_small_payment_limit(
                conn,
                **key_of(resident),
                limit_fen=5_000,
                day_limit_fen=20_000,
                unknown_posture_allowed=False,
                vault=world.vault,
                now=world.now,
                ids=world.ids,
            )

        (told,) = await notices.list_notices(conn, **key_of(resident), before=None, limit=9)
        assert "每笔50.00元" in notices.word_notice(told).zh.text


async def test_a_guardian_is_told_to_the_ward_and_a_relative_to_the_holder(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        child, mother = await world.a_resident(born_on=date(2016, 3, 1)), await world.a_resident()
        for _ in range(2):
            await world.guarded(child, by=mother)
            await cards.add_family_member(
                conn,
                **key_of(mother),
                member_id=child.resident_id,
                kind=FamilyKind.CHILD,
                face_matched=False,
                has_photo=True,
                terms=world.terms,
                vault=world.vault,
                now=world.now,
                ids=world.ids,
            )

        assert ["guardian_added"] == await world.heard_by(child)
        assert ["family_member_added"] == await world.heard_by(mother)
