"""Many enrolled at once stand as if each had come to a counter."""

from datetime import date

import pytest

from tests.support.builders.cards import OPERATOR, CardWorld, key_of
from yikatong.cards import audit, bulk_enrolment
from yikatong.cards import service as cards
from yikatong.cards.bulk_enrolment import Enrolling
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

pytestmark = pytest.mark.anyio


async def test_who_is_enrolled_at_once_can_be_served_and_leaves_no_difference(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        residents = [await world.a_resident() for _ in range(3)]
        keys = [trust.new_signing_key(Algorithm.ES256) for _ in residents]
        enrolled = await bulk_enrolment.enrol_many(
            conn,
            [
                Enrolling(resident.resident_id, f"B0000000{number}", key.public_key)
                for number, (resident, key) in enumerate(zip(residents, keys, strict=True))
            ],
            region=world.region,
            bank_code="102",
            password_hash=await world.vault.hash_password("274813"),
            by=OPERATOR,
            bucket_count=world.terms.bucket_count,
            now=world.now,
            ids=world.ids,
        )
        differences = await audit.audit(conn)

        assert 3 == len(enrolled)
        for resident, key, one in zip(residents, keys, enrolled, strict=True):
            holder = await cards.get_holder(conn, **key_of(resident), on=date(2026, 11, 25))
            device = await cards.get_device(conn, **key_of(resident), device_id=one.device_id)
            assert cards.decide_holder(holder, with_e_card=True, card_id=one.card_id, channel="wallet") is None
            assert (date(2036, 11, 25), date(2031, 11, 25)) == (holder.card_expires_on, holder.e_card_valid_until)
            assert key.public_key == device.key
            names = [show_id("resident", resident.resident_id), show_id("card", one.card_id)]
            names.append(show_id("e_card", one.e_card_id))
            assert [] == [line for line in differences if any(name in line for name in names)]


async def test_an_e_card_of_the_counter_is_signed_for_as_long(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)

        assert date(2031, 11, 25) == (await cards.get_e_card(conn, **key_of(resident))).valid_until
