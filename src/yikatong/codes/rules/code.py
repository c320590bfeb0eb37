"""The card code: minted by a wallet, and, once read, decided on with the stored certificate.

Layout, sizes and the order of refusals: docs/formats/card-code.md.
"""

from datetime import datetime, timedelta

from yikatong.codes.model import (
    Asked,
    CertificateState,
    CodeKind,
    Form,
    Posture,
    Presented,
    ReadCode,
    StoredCertificate,
    Strength,
)
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.wire import (
    ITEM_NUMBER_MAX,
    NONCE_BYTES,
    read_amount,
    read_bytes,
    read_number,
    read_uuid,
    seconds_of,
)
from yikatong.kernel.ids import ProviderId
from yikatong.trust import service as trust
from yikatong.trust.model import SigningKey

PREFIX = "YK1:"
SHOWN_BYTES_MAX = 300
ANSWERED_BYTES_MAX = 340
TEXT_CHARS_MAX = len(PREFIX) + ANSWERED_BYTES_MAX * 3 // 2
GOOD_BEFORE = timedelta(seconds=30)
GOOD_AFTER = timedelta(seconds=90)
KNOWN_TO_HOME_FOR = timedelta(days=180)


def mint_code(
    *,
    certificate: bytes,
    show_key: SigningKey,
    made_at: datetime,
    kind: CodeKind,
    nonce: bytes,
    posture: Posture,
    answer: Asked | None = None,
) -> bytes:
    """Sign a code with a show key: shown, or, with `answer`, over a terminal's challenge, amount, payee and item."""
    parts: list[object] = [certificate, seconds_of(made_at), int(kind), nonce, int(posture)]
    if answer is not None:
        parts += [answer.nonce, answer.amount_fen, answer.payee_id.bytes, answer.item_number]
    return trust.sign_sign1(trust.encode(parts), show_key)


def write_code(code: bytes) -> str:
    """The text that stands in the QR picture."""
    return PREFIX + trust.encode_base45(code)


def decide_age(made_at: datetime, *, now: datetime) -> Reason | None:
    """Say why a code or a chip's presentation is not of now; None when it is.

    CODE_IS_FROM_THE_FUTURE more than 30 s before `made_at`, CODE_IS_TOO_OLD from 90 s after it.
    """
    if now < made_at - GOOD_BEFORE:
        return Reason.CODE_IS_FROM_THE_FUTURE
    if now >= made_at + GOOD_AFTER:
        return Reason.CODE_IS_TOO_OLD
    return None


def decide_presented(
    read: ReadCode, stored: StoredCertificate | None, *, now: datetime, expected: Asked | None
) -> Presented | Reason:
    """Say what an own-region code presents, given the certificate as stored and what the terminal asked to be signed.

    Refuses in this order: CERTIFICATE_IS_UNKNOWN, SHOW_KEY_IS_NOT_THE_STORED_ONE, CERTIFICATE_IS_REVOKED,
    CERTIFICATE_IS_TOO_OLD (180 days after it was made), then those of `decide_answer`. A shown code is SHOWN whatever
    the terminal asked. A suspended certificate is presented as it is: its card is known here, and cards says in words
    that help why it may not be used; offline and elsewhere the status list refuses it.
    """
    if stored is None or read.resident_id is None or read.bucket is None or read.serial is None:
        return Reason.CERTIFICATE_IS_UNKNOWN
    if stored.region != read.region or stored.serial != read.serial or stored.resident_id.int != read.resident_id.int:
        return Reason.CERTIFICATE_IS_UNKNOWN
    if stored.show_key != read.show_key.data or stored.algorithm != read.show_key.algorithm:
        return Reason.SHOW_KEY_IS_NOT_THE_STORED_ONE
    if stored.state == CertificateState.REVOKED:
        return Reason.CERTIFICATE_IS_REVOKED
    if now >= stored.made_at + KNOWN_TO_HOME_FOR:
        return Reason.CERTIFICATE_IS_TOO_OLD
    difference = decide_answer(read.answer, expected)
    if difference is not None:
        return difference
    return Presented(
        form=Form.E_CARD_CODE,
        strength=Strength.SHOWN if read.answer is None else Strength.ANSWERED,
        kind=read.kind,
        region=read.region,
        resident_id=read.resident_id,
        bucket=read.bucket,
        card_id=None,
        e_card_id=stored.e_card_id,
        device_id=stored.device_id,
        operator_id=None,
        serial=read.serial,
        nonce=read.nonce,
        signed_at=read.made_at,
        posture=read.posture,
        evidence=read.evidence,
    )


def decide_answer(answer: Asked | None, expected: Asked | None) -> Reason | None:
    """Say in what a signed answer differs from what was asked; None when in nothing, or when nothing was answered.

    Differences in this order: CODE_ANSWERS_ANOTHER_CHALLENGE (also when none was asked), …_AMOUNT, …_PAYEE, …_ITEM.
    """
    if answer is None:
        return None
    if expected is None or answer.nonce != expected.nonce:
        return Reason.CODE_ANSWERS_ANOTHER_CHALLENGE
    if answer.amount_fen != expected.amount_fen:
        return Reason.CODE_ANSWERS_ANOTHER_AMOUNT
    if answer.payee_id.int != expected.payee_id.int:
        return Reason.CODE_ANSWERS_ANOTHER_PAYEE
    if answer.item_number != expected.item_number:
        return Reason.CODE_ANSWERS_ANOTHER_ITEM
    return None


def read_asked(values: list[object]) -> Asked:
    """What was asked: challenge, amount, payee, item; raises ValueError."""
    return Asked(
        nonce=read_bytes(values[0], NONCE_BYTES),
        amount_fen=read_amount(values[1]),
        payee_id=ProviderId(read_uuid(values[2])),
        item_number=read_number(values[3], ITEM_NUMBER_MAX),
    )
