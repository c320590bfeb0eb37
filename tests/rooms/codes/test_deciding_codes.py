"""Deciding on a code that was read: the stored certificate, its state and age, and what was asked to be signed."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest

from tests.support.builders.codes import CANTEEN, CertifiedPhone, asked
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.codes.model import Asked, CertificateState, Form, Presented, Reason, StoredCertificate, Strength
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, StatusList
from yikatong.trust.model import Reason as TrustReason


@dataclass
class Scene:
    """A code at a till, and what the region has stored of its certificate."""

    phone: CertifiedPhone
    stored: StoredCertificate | None
    answer: Asked | None = None
    expected: Asked | None = None
    days_later: int = 0

    def decide(self) -> Presented | Reason:
        """What the counter makes of it."""
        now = NOON + timedelta(days=self.days_later)
        read = self.phone.read(made_at=now, answer=self.answer)
        return codes.decide_presented(read, self.stored, now=now, expected=self.expected)


def a_scene(*, answer: Asked | None = None, expected: Asked | None = None) -> Scene:
    """A code whose certificate is stored as it was given."""
    phone = CertifiedPhone()
    return Scene(phone, phone.stored(), answer=answer, expected=expected)


def test_a_shown_code_presents_the_e_card_as_shown() -> None:
    scene = a_scene(expected=asked())
    presented = scene.decide()

    assert isinstance(presented, Presented)
    assert scene.stored is not None
    assert (Form.E_CARD_CODE, Strength.SHOWN) == (presented.form, presented.strength)
    assert scene.phone.resident_id == presented.resident_id
    assert (scene.stored.e_card_id, scene.stored.device_id) == (presented.e_card_id, presented.device_id)
    assert (None, None) == (presented.card_id, presented.operator_id)


def test_an_answer_to_what_was_asked_is_answered() -> None:
    presented = a_scene(answer=asked(), expected=asked()).decide()

    assert isinstance(presented, Presented)
    assert Strength.ANSWERED is presented.strength


def test_a_suspended_certificate_is_presented_because_cards_says_why_its_card_rests() -> None:
    scene = a_scene()
    scene.stored = scene.phone.stored(state=CertificateState.SUSPENDED)

    assert isinstance(scene.decide(), Presented)


def test_a_certificate_is_known_to_its_home_for_180_days() -> None:
    scene = a_scene()

    scene.days_later = 179
    assert isinstance(scene.decide(), Presented)
    scene.days_later = 180
    assert Reason.CERTIFICATE_IS_TOO_OLD is scene.decide()


def test_refusals_come_in_their_order() -> None:
    """Everything is wrong at once; each wrong that is put right shows the next."""
    wrong = asked(nonce=b"another0", amount_fen=1, payee_id=CertifiedPhone().resident_id, item_number=1)
    scene = a_scene(answer=wrong, expected=asked())
    scene.days_later = 400
    genuine = scene.phone.stored()
    revoked = msgspec.structs.replace(genuine, state=CertificateState.REVOKED.value)
    stolen = msgspec.structs.replace(revoked, show_key=trust.new_signing_key(Algorithm.ES256).public_key.data)

    scene.stored = None
    assert Reason.CERTIFICATE_IS_UNKNOWN is scene.decide()
    scene.stored = msgspec.structs.replace(stolen, serial=genuine.serial + 1)
    assert Reason.CERTIFICATE_IS_UNKNOWN is scene.decide()
    scene.stored = stolen
    assert Reason.SHOW_KEY_IS_NOT_THE_STORED_ONE is scene.decide()
    scene.stored = msgspec.structs.replace(revoked, algorithm=int(Algorithm.SM2))
    assert Reason.SHOW_KEY_IS_NOT_THE_STORED_ONE is scene.decide()
    scene.stored = revoked
    assert Reason.CERTIFICATE_IS_REVOKED is scene.decide()
    scene.stored = genuine
    assert Reason.CERTIFICATE_IS_TOO_OLD is scene.decide()
    scene.days_later = 0
    scene.expected = None
    assert Reason.CODE_ANSWERS_ANOTHER_CHALLENGE is scene.decide()
    scene.expected = asked()
    assert Reason.CODE_ANSWERS_ANOTHER_CHALLENGE is scene.decide()
    scene.answer = msgspec.structs.replace(wrong, nonce=asked().nonce)
    assert Reason.CODE_ANSWERS_ANOTHER_AMOUNT is scene.decide()
    scene.answer = msgspec.structs.replace(scene.answer, amount_fen=asked().amount_fen)
    assert Reason.CODE_ANSWERS_ANOTHER_PAYEE is scene.decide()
    scene.answer = msgspec.structs.replace(scene.answer, payee_id=asked(payee_id=CANTEEN).payee_id)
    assert Reason.CODE_ANSWERS_ANOTHER_ITEM is scene.decide()
    scene.answer = asked()
    assert isinstance(scene.decide(), Presented)


def test_a_thief_with_a_seen_alias_and_a_key_of_his_own_is_not_the_stored_key() -> None:
    victim = CertifiedPhone()
    thief = CertifiedPhone(victim.region)
    thief.certificate = victim.region.certify(
        thief.show_key.public_key, resident_id=victim.resident_id, serial=victim.serial
    )
    decided = codes.decide_presented(thief.read(), victim.stored(), now=NOON, expected=None)

    assert Reason.SHOW_KEY_IS_NOT_THE_STORED_ONE is decided


def a_status_list(status: int, *, days_ago: int = 0) -> StatusList:
    """A list of the block of a certificate, made some days ago and good for ten; every place has one status."""
    issued_at = NOON - timedelta(days=days_ago)
    return StatusList(
        subject="list",
        issued_at=issued_at,
        expires_at=issued_at + timedelta(days=10),
        ttl_seconds=600,
        bits=2,
        data=bytes([status * 0b01010101]) * 16_384,
    )


def test_another_region_refuses_in_its_order() -> None:
    phone = CertifiedPhone()
    text = phone.code(answer=asked())
    read = codes.read_code(text, regions=phone.region.seen_elsewhere(), now=NOON)
    day = timedelta(days=1)
    unsigned = msgspec.structs.replace(read, claims=None)
    short = msgspec.structs.replace(a_status_list(trust.INVALID), data=b"")

    def decide(status_list: StatusList | None, *, days_later: int = 0, expected: Asked | None = None) -> object:
        return codes.decide_foreign(read, status_list, now=NOON + days_later * day, age_max=day, expected=expected)

    assert Reason.ISSUING_REGION_IS_UNKNOWN is codes.decide_foreign(
        unsigned, None, now=NOON, age_max=day, expected=None
    )
    assert Reason.CERTIFICATE_HAS_EXPIRED is decide(None, days_later=3)
    assert Reason.STATUS_LIST_IS_MISSING is decide(None)
    assert TrustReason.STATUS_LIST_IS_EXPIRED is decide(a_status_list(trust.INVALID, days_ago=10))
    assert TrustReason.STATUS_LIST_IS_TOO_OLD is decide(a_status_list(trust.INVALID, days_ago=2))
    assert TrustReason.STATUS_INDEX_IS_NOT_ON_THE_LIST is decide(short)
    assert Reason.CERTIFICATE_IS_SUSPENDED is decide(a_status_list(trust.SUSPENDED))
    assert Reason.CERTIFICATE_IS_REVOKED is decide(a_status_list(trust.INVALID))
    assert Reason.CERTIFICATE_IS_REVOKED is decide(a_status_list(3))
    assert Reason.CODE_ANSWERS_ANOTHER_CHALLENGE is decide(a_status_list(trust.VALID))
    assert read is decide(a_status_list(trust.VALID, days_ago=1), expected=asked())


@pytest.mark.parametrize("minute", [0, 1, 59])
def test_a_certificate_expires_on_a_whole_hour_within_72_hours(minute: int) -> None:
    made_at = NOON + timedelta(minutes=minute)
    expires_at = codes.expiry_of(made_at)

    assert NOON + timedelta(hours=72) == expires_at
    assert timedelta(hours=71) < expires_at - made_at <= timedelta(hours=72)
