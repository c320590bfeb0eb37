"""The card code: minted by a wallet, read at the counter, decided on with the stored certificate.

Layout, sizes and the order of refusals: docs/formats/card-code.md.
"""

import re
from datetime import datetime, timedelta
from hashlib import sha256

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
from yikatong.codes.rules.certificate import open_certificate
from yikatong.codes.rules.envelope import open_envelope, verify_envelope
from yikatong.codes.rules.regions import RegionView
from yikatong.codes.rules.wire import (
    ITEM_NUMBER_MAX,
    NONCE_BYTES,
    read_amount,
    read_bytes,
    read_number,
    read_seconds,
    read_uuid,
    seconds_of,
)
from yikatong.kernel.ids import ProviderId, bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Sign1, SigningKey

PREFIX = "YK1:"
SHOWN_BYTES_MAX = 300
ANSWERED_BYTES_MAX = 340
TEXT_CHARS_MAX = len(PREFIX) + ANSWERED_BYTES_MAX * 3 // 2
GOOD_BEFORE = timedelta(seconds=30)
GOOD_AFTER = timedelta(seconds=90)
KNOWN_TO_HOME_FOR = timedelta(days=180)

_SHOWN_PARTS, _ANSWERED_PARTS = 5, 9
_OTHER_VERSION = re.compile(r"YK[0-9]{1,4}:")
_KINDS = {int(kind): kind for kind in CodeKind}
_POSTURES = {int(posture): posture for posture in Posture}


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


def read_code(text: str, *, regions: RegionView, now: datetime) -> ReadCode:
    """Read a card code of this minute: all that can be said of it without the database.

    Refuses in the order of `read_code_of_any_age`, then that of `decide_age`.
    """
    read = read_code_of_any_age(text, regions=regions)
    reason = decide_age(read.made_at, now=now)
    if reason is not None:
        raise Refused(reason)
    return read


def decide_age(made_at: datetime, *, now: datetime) -> Reason | None:
    """Say why a code or a chip's presentation is not of now; None when it is.

    CODE_IS_FROM_THE_FUTURE more than 30 s before `made_at`, CODE_IS_TOO_OLD from 90 s after it.
    """
    if now < made_at - GOOD_BEFORE:
        return Reason.CODE_IS_FROM_THE_FUTURE
    if now >= made_at + GOOD_AFTER:
        return Reason.CODE_IS_TOO_OLD
    return None


def read_code_of_any_age(text: str, *, regions: RegionView) -> ReadCode:
    """Read a card code whenever it was made; a reversal carries the code of its tap, and an old code may be evidence.

    Refuses in this order: CODE_IS_TOO_LONG, CODE_VERSION_IS_UNKNOWN, CODE_IS_NOT_READABLE; the refusals of
    `open_certificate`; CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE, CODE_SIGNATURE_IS_FALSE (the key in the certificate pins
    the algorithm).
    """
    code = _decode_text(text)
    envelope, parts = _take_apart(code)
    opened = open_certificate(parts.certificate, regions)
    verify_envelope(
        envelope,
        opened.verifying_key,
        other_algorithm=Reason.CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE,
        false_signature=Reason.CODE_SIGNATURE_IS_FALSE,
    )
    resident_id = opened.resident_id
    return ReadCode(
        region=opened.region,
        alias=opened.alias,
        resident_id=resident_id,
        bucket=None if resident_id is None else bucket_of(resident_id, regions.bucket_count),
        serial=opened.serial,
        claims=opened.claims,
        show_key=opened.public_key,
        made_at=parts.made_at,
        kind=parts.kind,
        nonce=parts.nonce,
        posture=parts.posture,
        answer=parts.answer,
        evidence=code,
        digest=sha256(code).digest(),
    )


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
    if stored.region != read.region or (stored.resident_id, stored.serial) != (read.resident_id, read.serial):
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
        digest=read.digest,
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
    if answer.payee_id != expected.payee_id:
        return Reason.CODE_ANSWERS_ANOTHER_PAYEE
    if answer.item_number != expected.item_number:
        return Reason.CODE_ANSWERS_ANOTHER_ITEM
    return None


class _Parts:
    """The payload of a code, read."""

    __slots__ = ("answer", "certificate", "kind", "made_at", "nonce", "posture")

    def __init__(self, values: list[object]) -> None:
        """Read 5 or 9 elements; raises ValueError."""
        certificate = values[0]
        if type(certificate) is not bytes:
            raise ValueError("a certificate is bytes")
        self.certificate = certificate
        self.made_at = read_seconds(values[1])
        self.kind = _KINDS[read_number(values[2], max(_KINDS))]
        self.nonce = read_bytes(values[3], NONCE_BYTES)
        self.posture = _POSTURES[read_number(values[4], max(_POSTURES))]
        self.answer = None if len(values) == _SHOWN_PARTS else read_asked(values[5:])


def read_asked(values: list[object]) -> Asked:
    """What was asked: challenge, amount, payee, item; raises ValueError."""
    return Asked(
        nonce=read_bytes(values[0], NONCE_BYTES),
        amount_fen=read_amount(values[1]),
        payee_id=ProviderId(read_uuid(values[2])),
        item_number=read_number(values[3], ITEM_NUMBER_MAX),
    )


def _decode_text(text: str) -> bytes:
    if len(text) > TEXT_CHARS_MAX:
        raise Refused(Reason.CODE_IS_TOO_LONG)
    if not text.startswith(PREFIX):
        other = _OTHER_VERSION.match(text) is not None
        raise Refused(Reason.CODE_VERSION_IS_UNKNOWN if other else Reason.CODE_IS_NOT_READABLE)
    try:
        return trust.decode_base45(text[len(PREFIX) :], TEXT_CHARS_MAX)
    except Refused:
        raise Refused(Reason.CODE_IS_NOT_READABLE) from None


def _take_apart(code: bytes) -> tuple[Sign1, _Parts]:
    try:
        envelope, values = open_envelope(code, ANSWERED_BYTES_MAX, _SHOWN_PARTS, _ANSWERED_PARTS)
        parts = _Parts(values)
    except (ValueError, KeyError):
        raise Refused(Reason.CODE_IS_NOT_READABLE) from None
    if parts.answer is None and len(code) > SHOWN_BYTES_MAX:
        raise Refused(Reason.CODE_IS_TOO_LONG)
    return envelope, parts
