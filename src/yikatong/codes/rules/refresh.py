"""A wallet's wish for fresh certificates: what its enrolment key signs, and what is asked of it."""

from datetime import datetime, timedelta

from yikatong.codes.model import RefreshRequest, SceneGroup, ShowKey
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.envelope import open_envelope, verify_envelope
from yikatong.codes.rules.wire import NONCE_BYTES, read_bytes, read_list, read_seconds, read_uuid, seconds_of
from yikatong.kernel.ids import DeviceId
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import PublicKey, SigningKey, VerifyingKey

SHOW_KEYS_MAX = 32
REFRESH_BYTES_MAX = 2048
CLOCK_LEEWAY = timedelta(minutes=10)

_CONTEXT = b"yikatong refresh"
_PARTS = 4
_SCENES = {group.value: group for group in SceneGroup}


def sign_refresh(request: RefreshRequest, enrolment_key: SigningKey) -> bytes:
    """Sign a request with the device's enrolment key."""
    parts: list[object] = [
        request.device_id.bytes,
        seconds_of(request.made_at),
        request.nonce,
        [[key.scene_group.value, int(key.public_key.algorithm), key.public_key.data] for key in request.show_keys],
    ]
    return trust.sign_sign1(trust.encode(parts), enrolment_key, external_aad=_CONTEXT)


def read_refresh(data: bytes, *, device_id: DeviceId, device_key: VerifyingKey, now: datetime) -> RefreshRequest:
    """Verify a request with the enrolment key of the device that calls.

    Refuses in this order: REFRESH_IS_NOT_READABLE, REFRESH_SIGNATURE_IS_FALSE (also for another algorithm than the
    key's, or another device's id), REFRESH_IS_OUT_OF_TIME (10 minutes either way; says the server's time in seconds),
    REFRESH_ASKS_TOO_MANY (1 to 32 keys), SHOW_KEY_IS_NOT_A_KEY, SHOW_KEY_STANDS_TWICE.
    """
    try:
        envelope, values = open_envelope(data, REFRESH_BYTES_MAX, _PARTS)
        asked_by, made_at = DeviceId(read_uuid(values[0])), read_seconds(values[1])
        nonce = read_bytes(values[2], NONCE_BYTES)
        rows = values[3]
        if type(rows) is not list:
            raise ValueError("show keys are a list")
    except ValueError:
        raise Refused(Reason.REFRESH_IS_NOT_READABLE) from None
    verify_envelope(
        envelope,
        device_key,
        other_algorithm=Reason.REFRESH_SIGNATURE_IS_FALSE,
        false_signature=Reason.REFRESH_SIGNATURE_IS_FALSE,
        context=_CONTEXT,
    )
    if asked_by != device_id:
        raise Refused(Reason.REFRESH_SIGNATURE_IS_FALSE)
    if abs(now - made_at) > CLOCK_LEEWAY:
        raise Refused(Reason.REFRESH_IS_OUT_OF_TIME, server_time=seconds_of(now))
    if not 1 <= len(rows) <= SHOW_KEYS_MAX:
        raise Refused(Reason.REFRESH_ASKS_TOO_MANY, most=SHOW_KEYS_MAX)
    show_keys = tuple(_read_show_key(row) for row in rows)
    if len({key.public_key.data for key in show_keys}) != len(show_keys):
        raise Refused(Reason.SHOW_KEY_STANDS_TWICE)
    return RefreshRequest(device_id=asked_by, made_at=made_at, nonce=nonce, show_keys=show_keys)


def _read_show_key(row: object) -> ShowKey:
    """One show key, parsed once so that no certificate is given to what is no key."""
    try:
        scene, algorithm, data = read_list(row, 3)
        if type(scene) is not str or type(algorithm) is not int or type(data) is not bytes:
            raise ValueError("not a scene group, an algorithm and a key")
        public_key = PublicKey(algorithm=trust.algorithm_of(algorithm), data=data)
        trust.parse_verifying_key(public_key)
        return ShowKey(_SCENES[scene], public_key)
    except (Refused, ValueError, KeyError):
        raise Refused(Reason.SHOW_KEY_IS_NOT_A_KEY) from None
