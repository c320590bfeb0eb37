"""Devices: enrolled by real name, card, face and password together; opened again by a signature."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from tests.support.builders.cards import PASSWORD, CardWorld, FacesThatMatch, key_of, signed_again
from yikatong.cards import service as cards
from yikatong.cards.model import Enrolled, Enrolment, Reason, Registered, Terms
from yikatong.cards.outside import FaceAnswer
from yikatong.kernel.ids import DeviceId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Database
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

pytestmark = pytest.mark.anyio


async def enrol(world: CardWorld, enrolment: Enrolment) -> Enrolled | Refused:
    return await cards.enrol_device(
        world.conn,
        enrolment=enrolment,
        face=world.faces,
        vault=world.vault,
        terms=world.terms,
        now=world.now,
        ids=world.ids,
    )


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_a_first_device_issues_the_e_card(db: Database, algorithm: Algorithm) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        key = trust.new_signing_key(algorithm)
        enrolled = await world.enrolled(resident, key=key)
        device = await cards.get_device(conn, **key_of(resident), device_id=enrolled.device_id)
        e_card = await cards.get_e_card(conn, **key_of(resident))

    assert key.public_key == device.key
    assert (1, enrolled.e_card_id) == (e_card.level, e_card.id)


async def test_a_second_device_needs_the_password_of_the_first(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        first = await world.enrolled(resident)
        key = trust.new_signing_key(Algorithm.ES256)
        wrong = await enrol(world, await world.an_enrolment(resident, key=key, password="582914"))
        right = await enrol(world, await world.an_enrolment(resident, key=key, password=PASSWORD))
        e_card = await cards.get_e_card(conn, **key_of(resident))

    assert isinstance(wrong, Refused)
    assert Reason.PASSWORD_IS_WRONG is wrong.reason
    assert isinstance(right, Enrolled)
    assert first.e_card_id == right.e_card_id
    assert 0 == e_card.password_failures


async def test_enrolling_after_a_loss_was_released_brings_the_e_card_back(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.enrolled(resident)
        await cards.report_temporary_loss(conn, **key_of(resident), **world.step())
        with pytest.raises(Refused, match="CARD_IS_TEMPORARILY_REPORTED_LOST"):
            await world.enrolled(resident)
        await cards.release_loss(conn, **key_of(resident), **world.step())
        await world.enrolled(resident)
        holder = await cards.get_holder(conn, **key_of(resident), on=world.now.date())

    assert cards.decide_holder(holder, with_e_card=True) is None


Spoil = Callable[[Enrolment, SigningKey], Enrolment]


def with_field(field: str, value: str) -> Spoil:
    """Another value in a field, signed by the same key."""
    return lambda it, key: signed_again(msgspec.structs.replace(it, **{field: value}), key=key)


def without_signing_again(field: str, value: str) -> Spoil:
    """Another value in a field under the old signature."""
    return lambda it, key: msgspec.structs.replace(it, **{field: value})


def made(minutes: int) -> Spoil:
    """Made some minutes from now."""
    return lambda it, key: signed_again(
        msgspec.structs.replace(it, made_at=it.made_at + timedelta(minutes=minutes)), key=key
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (made(6), "DEVICE_MESSAGE_IS_STALE"),
        (made(-6), "DEVICE_MESSAGE_IS_STALE"),
        (without_signing_again("card_number", "A00000000"), "SIGNATURE_DOES_NOT_MATCH"),
        (without_signing_again("id_number", "99010119550307003X"), "SIGNATURE_DOES_NOT_MATCH"),
        (with_field("name", "张三"), "IDENTITY_DOES_NOT_MATCH"),
        (with_field("card_number", "A00000000"), "IDENTITY_DOES_NOT_MATCH"),
        (with_field("id_number", "99010119550307003X"), "IDENTITY_DOES_NOT_MATCH"),
        (with_field("password", "123456"), "PASSWORD_IS_CONSECUTIVE"),
    ],
)
async def test_an_enrolment_that_is_not_whole_is_refused(db: Database, spoil: Spoil, reason: str) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        key = trust.new_signing_key(Algorithm.ES256)
        enrolment = spoil(await world.an_enrolment(resident, key=key), key)
        with pytest.raises(Refused, match=reason):
            await enrol(world, enrolment)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (FaceAnswer.ANOTHER_PERSON, "FACE_DOES_NOT_MATCH"),
        (FaceAnswer.NOT_LIVE, "FACE_DOES_NOT_MATCH"),
        (FaceAnswer.NAME_DOES_NOT_MATCH, "IDENTITY_DOES_NOT_MATCH"),
    ],
)
async def test_a_face_that_does_not_match_enrols_nothing(db: Database, answer: FaceAnswer, reason: str) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        world.faces = FacesThatMatch(answer)
        with pytest.raises(Refused, match=reason):
            await world.enrolled(resident)
        assert () == await cards.list_devices(conn, **key_of(resident))


async def test_the_refusals_of_an_enrolment_come_in_the_written_order(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        key = trust.new_signing_key(Algorithm.ES256)
        world.faces = FacesThatMatch(FaceAnswer.NOT_LIVE)
        await cards.report_formal_loss(conn, **key_of(resident), **world.step())
        everything = msgspec.structs.replace(
            await world.an_enrolment(resident, key=key, password="123456"),
            name="张三",
            made_at=world.now - timedelta(hours=1),
            signature=b"\0" * 64,
        )
        told: list[str] = []

        async def refusal(enrolment: Enrolment) -> Enrolment:
            with pytest.raises(Refused) as refused:
                await enrol(world, enrolment)
            told.append(refused.value.reason.name)
            return enrolment

        it = await refusal(everything)
        it = await refusal(msgspec.structs.replace(it, made_at=world.now))
        it = await refusal(signed_again(it, key=key))
        it = await refusal(signed_again(msgspec.structs.replace(it, name="王小明"), key=key))
        world.faces = FacesThatMatch()
        await refusal(it)

    assert [
        "DEVICE_MESSAGE_IS_STALE",
        "SIGNATURE_DOES_NOT_MATCH",
        "IDENTITY_DOES_NOT_MATCH",
        "FACE_DOES_NOT_MATCH",
        "CARD_IS_REPORTED_LOST",
    ] == told


async def test_a_key_is_enrolled_once_even_after_it_was_revoked(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        key = trust.new_signing_key(Algorithm.ES256)
        enrolled = await world.enrolled(resident, key=key)
        with pytest.raises(Refused, match="DEVICE_KEY_IS_ALREADY_ENROLLED"):
            await world.enrolled(resident, key=key)
        await cards.revoke_device(conn, **key_of(resident), device_id=enrolled.device_id, now=world.now, ids=world.ids)
        with pytest.raises(Refused, match="DEVICE_KEY_IS_ALREADY_ENROLLED"):
            await world.enrolled(resident, key=key)


async def test_a_resident_has_only_so_many_devices(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        world.terms = Terms(bucket_count=world.terms.bucket_count, synthetic_allowed=True, devices_max=2)
        resident = await world.a_card_holder()
        first = await world.enrolled(resident)
        await world.enrolled(resident)
        with pytest.raises(Refused, match="DEVICE_LIMIT_IS_REACHED"):
            await world.enrolled(resident)
        await cards.revoke_device(conn, **key_of(resident), device_id=first.device_id, now=world.now, ids=world.ids)
        await world.enrolled(resident)


class Session:
    """A device that asks for a session."""

    def __init__(self, world: CardWorld, resident: Registered, device_id: DeviceId, key: SigningKey) -> None:
        self.world, self.resident, self.device_id, self.key = world, resident, device_id, key

    async def ask(self, *, seconds: int, key: SigningKey | None = None) -> DeviceId:
        """Ask with a message made some seconds from now."""
        made_at = self.world.now + timedelta(seconds=seconds)
        message = cards.session_message(
            resident_id=self.resident.resident_id, device_id=self.device_id, made_at=made_at
        )
        device = await cards.verify_session_request(
            self.world.conn,
            **key_of(self.resident),
            device_id=self.device_id,
            made_at=made_at,
            signature=(key or self.key).sign(message),
            now=self.world.now,
        )
        return device.id


async def test_a_session_needs_a_fresh_signature_of_the_enrolled_key_each_time(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        key = trust.new_signing_key(Algorithm.ES256)
        enrolled = await world.enrolled(resident, key=key)
        session = Session(world, resident, enrolled.device_id, key)

        assert enrolled.device_id == await session.ask(seconds=10)
        for replayed_or_older in (10, 9, -299):
            with pytest.raises(Refused, match="DEVICE_MESSAGE_IS_STALE"):
                await session.ask(seconds=replayed_or_older)
        with pytest.raises(Refused, match="DEVICE_MESSAGE_IS_STALE"):
            await session.ask(seconds=301)
        with pytest.raises(Refused, match="SIGNATURE_DOES_NOT_MATCH"):
            await session.ask(seconds=20, key=trust.new_signing_key(Algorithm.ES256))
        assert enrolled.device_id == await session.ask(seconds=20)
        await cards.revoke_device(conn, **key_of(resident), device_id=enrolled.device_id, now=world.now, ids=world.ids)
        with pytest.raises(Refused, match="DEVICE_IS_REVOKED"):
            await session.ask(seconds=30)


async def test_closing_a_channel_revokes_its_devices_and_no_others(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        wallet = await world.enrolled(resident)
        key = trust.new_signing_key(Algorithm.ES256)
        elsewhere = await enrol(
            world,
            signed_again(
                msgspec.structs.replace(await world.an_enrolment(resident, key=key), channel="bank_app"), key=key
            ),
        )
        assert isinstance(elsewhere, Enrolled)
        change, revoked = await cards.unlink_channel(
            conn, **key_of(resident), channel="bank_app", now=world.now, ids=world.ids
        )
        holder = await cards.get_holder(conn, **key_of(resident), on=world.now.date())

        assert (Change.DONE, [elsewhere.device_id]) == (change, revoked)
        assert Reason.ECARD_IS_UNLINKED is cards.decide_holder(holder, with_e_card=True, channel="bank_app")
        assert cards.decide_holder(holder, with_e_card=True, channel="wallet") is None
        assert wallet.device_id == (await cards.get_device(conn, **key_of(resident), device_id=wallet.device_id)).id
