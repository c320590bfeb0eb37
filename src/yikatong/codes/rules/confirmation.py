"""The resident's yes or no to a tap that waits, signed by the enrolment key over what the wallet showed."""

from datetime import datetime

from yikatong.codes.model import Asked, Confirmation, Posture
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.code import GOOD_AFTER, GOOD_BEFORE
from yikatong.codes.rules.envelope import open_envelope, verify_envelope
from yikatong.codes.rules.wire import (
    ITEM_NUMBER_MAX,
    read_amount,
    read_flag,
    read_number,
    read_seconds,
    read_uuid,
    seconds_of,
)
from yikatong.kernel.ids import ProviderId, TapId
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import SigningKey, VerifyingKey

CONFIRMATION_BYTES_MAX = 192

_CONTEXT = b"yikatong confirmation"
_PARTS = 7


def sign_confirmation(
    *,
    tap_id: TapId,
    asked: Asked,
    agreed: bool,
    made_at: datetime,
    posture: Posture,
    enrolment_key: SigningKey,
) -> bytes:
    """Sign a decision with the device's enrolment key; `asked.nonce` does not enter, the tap's id stands for it."""
    parts: list[object] = [
        tap_id.bytes,
        asked.amount_fen,
        asked.payee_id.bytes,
        asked.item_number,
        agreed,
        seconds_of(made_at),
        int(posture),
    ]
    return trust.sign_sign1(trust.encode(parts), enrolment_key, external_aad=_CONTEXT)


def read_confirmation(data: bytes, *, device_key: VerifyingKey, now: datetime) -> Confirmation:
    """Verify a decision with the enrolment key of the device that was asked.

    Refuses in this order: CONFIRMATION_IS_NOT_READABLE, CONFIRMATION_SIGNATURE_IS_FALSE (also for another algorithm
    than the key's), CONFIRMATION_IS_OUT_OF_TIME (30 s before to 90 s after it was made).
    """
    try:
        envelope, values = open_envelope(data, CONFIRMATION_BYTES_MAX, _PARTS)
        confirmation = _read_parts(values, data)
    except ValueError:
        raise Refused(Reason.CONFIRMATION_IS_NOT_READABLE) from None
    verify_envelope(
        envelope,
        device_key,
        other_algorithm=Reason.CONFIRMATION_SIGNATURE_IS_FALSE,
        false_signature=Reason.CONFIRMATION_SIGNATURE_IS_FALSE,
        context=_CONTEXT,
    )
    if not confirmation.made_at - GOOD_BEFORE <= now < confirmation.made_at + GOOD_AFTER:
        raise Refused(Reason.CONFIRMATION_IS_OUT_OF_TIME)
    return confirmation


def decide_confirmation(confirmation: Confirmation, *, tap_id: TapId, expected: Asked) -> Reason | None:
    """Say whether a confirmation is for this tap and this payment; None when it is.

    Refuses in this order: CONFIRMATION_NAMES_ANOTHER_TAP, CONFIRMATION_NAMES_ANOTHER_PAYMENT.
    """
    if confirmation.tap_id != tap_id:
        return Reason.CONFIRMATION_NAMES_ANOTHER_TAP
    said = (confirmation.amount_fen, confirmation.payee_id, confirmation.item_number)
    if said != (expected.amount_fen, expected.payee_id, expected.item_number):
        return Reason.CONFIRMATION_NAMES_ANOTHER_PAYMENT
    return None


def _read_parts(values: list[object], data: bytes) -> Confirmation:
    return Confirmation(
        tap_id=TapId(read_uuid(values[0])),
        amount_fen=read_amount(values[1]),
        payee_id=ProviderId(read_uuid(values[2])),
        item_number=read_number(values[3], ITEM_NUMBER_MAX),
        agreed=read_flag(values[4]),
        made_at=read_seconds(values[5]),
        posture=Posture(read_number(values[6], max(Posture))),
        evidence=data,
    )
