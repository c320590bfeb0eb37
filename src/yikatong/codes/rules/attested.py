"""Attested by an operator: for a resident who has neither the card nor the phone at hand."""

from datetime import datetime
from hashlib import sha256

from yikatong.codes.model import Attestation, CodeKind, Form, Posture, Presented, Strength
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.code import GOOD_AFTER, GOOD_BEFORE
from yikatong.codes.rules.wire import NONCE_BYTES, seconds_of
from yikatong.kernel.ids import CardId
from yikatong.trust import service as trust

REASON_CHARS_MIN = 4
REASON_CHARS_MAX = 200


def decide_attested(
    attestation: Attestation, *, bucket: int, card_id: CardId | None, now: datetime
) -> Presented | Reason:
    """Say what an operator's word presents; the operator was authenticated by the caller and answers for it.

    Refuses in this order: ATTESTATION_IS_INCOMPLETE (a reason of 4 to 200 characters), ATTESTATION_IS_OUT_OF_TIME (a
    window as for a card code). The nonce is of the attestation's digest, so the same word given twice is the same.
    """
    reason = attestation.reason.strip()
    if not REASON_CHARS_MIN <= len(reason) <= REASON_CHARS_MAX or not reason.isprintable():
        return Reason.ATTESTATION_IS_INCOMPLETE
    if not now - GOOD_AFTER < attestation.requested_at <= now + GOOD_BEFORE:
        return Reason.ATTESTATION_IS_OUT_OF_TIME
    evidence = _written(attestation)
    return Presented(
        form=Form.ATTESTED,
        strength=Strength.ANSWERED,
        kind=CodeKind.PAYMENT if attestation.asked.amount_fen else CodeKind.IDENTITY,
        region=attestation.region,
        resident_id=attestation.resident_id,
        bucket=bucket,
        card_id=card_id,
        e_card_id=None,
        device_id=None,
        operator_id=attestation.operator_id,
        serial=0,
        nonce=sha256(evidence).digest()[:NONCE_BYTES],
        signed_at=attestation.requested_at,
        posture=Posture.UNKNOWN,
        evidence=evidence,
    )


def _written(attestation: Attestation) -> bytes:
    """The attestation in one form: a CBOR array, kept as evidence."""
    asked = attestation.asked
    return trust.encode(
        [
            "attested",
            attestation.operator_id.bytes,
            attestation.resident_id.bytes,
            attestation.region,
            attestation.terminal_id.bytes,
            attestation.document_seen.value,
            attestation.reason.strip(),
            seconds_of(attestation.requested_at),
            asked.nonce,
            asked.amount_fen,
            asked.payee_id.bytes,
            asked.item_number,
        ]
    )
