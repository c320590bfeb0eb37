"""What the enrolment key signs: yes or no to a waiting tap, and the wish for fresh certificates."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders.codes import asked
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.codes.model import Confirmation, Posture, Reason, RefreshRequest, SceneGroup, ShowKey
from yikatong.kernel.ids import DeviceId, TapId
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, PublicKey, SigningKey

ENROLMENT: SigningKey = trust.new_signing_key(Algorithm.ES256)
STRANGER: SigningKey = trust.new_signing_key(Algorithm.ES256)
TAP = TapId(UUID(int=7))
DEVICE = DeviceId(UUID(int=8))


def refusal_of(ask: Callable[[], object]) -> object:
    """Why something is refused."""
    with pytest.raises(Refused) as refused:
        ask()
    return refused.value.reason


def a_confirmation(*, agreed: bool = True, key: SigningKey = ENROLMENT) -> bytes:
    """A decision on a waiting tap, signed."""
    return codes.sign_confirmation(
        tap_id=TAP, asked=asked(), agreed=agreed, made_at=NOON, posture=Posture.CAPTURED, enrolment_key=key
    )


def confirmed(data: bytes, *, seconds_later: int = 0) -> Confirmation:
    """A decision as the counter reads it."""
    now = NOON + timedelta(seconds=seconds_later)
    return codes.read_confirmation(data, device_key=trust.verifying_key(ENROLMENT.public_key), now=now)


@pytest.mark.parametrize("agreed", [True, False])
def test_yes_is_yes_and_no_is_no(agreed: bool) -> None:
    confirmation = confirmed(a_confirmation(agreed=agreed))

    assert agreed is confirmation.agreed
    assert Posture.CAPTURED is confirmation.posture
    assert codes.decide_confirmation(confirmation, tap_id=TAP, expected=asked()) is None


def test_a_confirmation_is_refused_in_its_order() -> None:
    cut_off = a_confirmation(key=STRANGER)[:-1]

    assert Reason.CONFIRMATION_IS_NOT_READABLE is refusal_of(lambda: confirmed(b"", seconds_later=900))
    assert Reason.CONFIRMATION_IS_NOT_READABLE is refusal_of(lambda: confirmed(cut_off, seconds_later=900))
    assert Reason.CONFIRMATION_SIGNATURE_IS_FALSE is refusal_of(
        lambda: confirmed(a_confirmation(key=STRANGER), seconds_later=900)
    )
    assert Reason.CONFIRMATION_IS_OUT_OF_TIME is refusal_of(lambda: confirmed(a_confirmation(), seconds_later=90))
    confirmation = confirmed(a_confirmation())
    assert Reason.CONFIRMATION_NAMES_ANOTHER_TAP is codes.decide_confirmation(
        confirmation, tap_id=TapId(uuid4()), expected=asked(amount_fen=1)
    )
    for other in (asked(amount_fen=1), asked(payee_id=uuid4()), asked(item_number=1)):
        assert Reason.CONFIRMATION_NAMES_ANOTHER_PAYMENT is codes.decide_confirmation(
            confirmation, tap_id=TAP, expected=other
        )


def a_request(*show_keys: ShowKey, key: SigningKey = ENROLMENT, device_id: DeviceId = DEVICE) -> bytes:
    """A wish for certificates, signed."""
    request = RefreshRequest(device_id=device_id, made_at=NOON, nonce=b"nonce000", show_keys=show_keys)
    return codes.sign_refresh(request, key)


def a_show_key(scene: SceneGroup = SceneGroup.RETAIL) -> ShowKey:
    """A fresh show key."""
    return ShowKey(scene, trust.new_signing_key(Algorithm.ES256).public_key)


def requested(data: bytes, *, minutes_later: int = 0) -> RefreshRequest:
    """A wish as the server reads it."""
    return codes.read_refresh(
        data,
        device_id=DEVICE,
        device_key=trust.verifying_key(ENROLMENT.public_key),
        now=NOON + timedelta(minutes=minutes_later),
    )


def test_a_request_lists_the_show_keys_in_their_order() -> None:
    keys = tuple(a_show_key(scene) for scene in SceneGroup)

    assert keys == requested(a_request(*keys)).show_keys


def test_a_request_is_refused_in_its_order() -> None:
    twice = a_show_key()
    no_point = ShowKey(SceneGroup.RETAIL, PublicKey(algorithm=Algorithm.ES256, data=b"\x02" + b"\xff" * 32))
    too_many = [a_show_key() for _ in range(33)]

    assert Reason.REFRESH_IS_NOT_READABLE is refusal_of(lambda: requested(b"", minutes_later=90))
    assert Reason.REFRESH_SIGNATURE_IS_FALSE is refusal_of(lambda: requested(a_request(key=STRANGER), minutes_later=90))
    assert Reason.REFRESH_SIGNATURE_IS_FALSE is refusal_of(
        lambda: requested(a_request(device_id=DeviceId(uuid4())), minutes_later=90)
    )
    assert Reason.REFRESH_IS_OUT_OF_TIME is refusal_of(lambda: requested(a_request(), minutes_later=11))
    assert Reason.REFRESH_ASKS_TOO_MANY is refusal_of(lambda: requested(a_request()))
    assert Reason.REFRESH_ASKS_TOO_MANY is refusal_of(lambda: requested(a_request(*too_many, no_point)))
    assert Reason.SHOW_KEY_IS_NOT_A_KEY is refusal_of(lambda: requested(a_request(twice, twice, no_point)))
    assert Reason.SHOW_KEY_STANDS_TWICE is refusal_of(lambda: requested(a_request(twice, twice)))


def test_a_request_out_of_time_is_told_the_time() -> None:
    with pytest.raises(Refused) as refused:
        requested(a_request(a_show_key()), minutes_later=30)

    assert {"server_time": int((NOON + timedelta(minutes=30)).timestamp())} == refused.value.about


def test_one_kind_of_message_is_never_taken_for_another() -> None:
    assert Reason.CONFIRMATION_IS_NOT_READABLE is refusal_of(lambda: confirmed(a_request(a_show_key())))
    payload = trust.decode_sign1(a_confirmation(), 256).payload
    assert Reason.CONFIRMATION_SIGNATURE_IS_FALSE is refusal_of(
        lambda: confirmed(trust.sign_sign1(payload, ENROLMENT, external_aad=b"yikatong refresh"))
    )


@given(data=st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_neither(data: bytes) -> None:
    assert Reason.CONFIRMATION_IS_NOT_READABLE is refusal_of(lambda: confirmed(data))
    assert Reason.REFRESH_IS_NOT_READABLE is refusal_of(lambda: requested(data))
