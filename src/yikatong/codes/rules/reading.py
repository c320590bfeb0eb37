"""Reading card codes: one, or many that arrived together.

Many are read step by step over all of them, because a signature check and interpreted code drive each other out of the
processor's caches: of 64 codes read together each costs about a quarter less than one read alone.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from yikatong.codes.model import CodeKind, Posture, ReadCode
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.certificate import parse_show_key, recognise_certificate
from yikatong.codes.rules.code import (
    ANSWERED_BYTES_MAX,
    PREFIX,
    SHOWN_BYTES_MAX,
    TEXT_CHARS_MAX,
    decide_age,
    read_asked,
)
from yikatong.codes.rules.envelope import open_envelope, verify_envelope
from yikatong.codes.rules.forms import read_code_form
from yikatong.codes.rules.regions import OpenedCertificate, RecognisedCertificate, RegionView
from yikatong.codes.rules.wire import NONCE_BYTES, read_bytes, read_number, read_seconds
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Sign1

_SHOWN_PARTS, _ANSWERED_PARTS = 5, 9
_OTHER_VERSION = re.compile(r"YK[0-9]{1,4}:")
_KINDS = {int(kind): kind for kind in CodeKind}
_POSTURES = {int(posture): posture for posture in Posture}
_KIND_MAX, _POSTURE_MAX = max(_KINDS), max(_POSTURES)


def read_code(text: str, *, regions: RegionView, now: datetime) -> ReadCode:
    """Read a card code of this minute: all that can be said of it without the database.

    Refuses in the order of `read_code_of_any_age`, then that of `decide_age`.
    """
    read = read_code_of_any_age(text, regions=regions)
    reason = decide_age(read.made_at, now=now)
    if reason is not None:
        raise Refused(reason)
    return read


def read_code_of_any_age(text: str, *, regions: RegionView) -> ReadCode:
    """Read a card code whenever it was made; a reversal carries the code of its tap, and an old code may be evidence.

    Refuses in this order: CODE_IS_TOO_LONG, CODE_VERSION_IS_UNKNOWN, CODE_IS_NOT_READABLE; the refusals of
    `recognise_certificate`; CODE_IS_NOT_READABLE when the show key is no key of its algorithm;
    CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE, CODE_SIGNATURE_IS_FALSE (the key in the certificate pins the algorithm).
    """
    reading = _Reading(text)
    for step in _STEPS:
        step(reading, regions)
    return reading.said(regions)


def read_codes_of_any_age(texts: Sequence[str], *, regions: RegionView) -> list[ReadCode | Refused]:
    """Read codes that arrived together: each as `read_code_of_any_age` would, a refusal in the place of its code."""
    readings = [_begin(text) for text in texts]
    for step in _STEPS:
        for at, reading in enumerate(readings):
            if isinstance(reading, _Reading):
                try:
                    step(reading, regions)
                except Refused as refused:
                    readings[at] = refused
    return [reading if isinstance(reading, Refused) else reading.said(regions) for reading in readings]


class _Reading:
    """A code on its way through the steps."""

    __slots__ = (
        "answer", "certificate", "code", "envelope", "kind", "known", "made_at", "nonce", "opened", "posture",
    )  # fmt: skip

    def __init__(self, text: str) -> None:
        """Take a code apart; nothing is verified yet."""
        self.code = _decode_text(text)
        try:
            self._read(
                *read_code_form(self.code)
                or open_envelope(self.code, ANSWERED_BYTES_MAX, _SHOWN_PARTS, _ANSWERED_PARTS)
            )
        except (ValueError, KeyError):
            raise Refused(Reason.CODE_IS_NOT_READABLE) from None
        if self.answer is None and len(self.code) > SHOWN_BYTES_MAX:
            raise Refused(Reason.CODE_IS_TOO_LONG)
        self.known: RecognisedCertificate | None = None
        self.opened: OpenedCertificate | None = None

    def _read(self, envelope: Sign1, values: list[object]) -> None:
        """Read 5 or 9 elements; raises ValueError, or KeyError for an unknown kind or posture."""
        certificate = values[0]
        if type(certificate) is not bytes:
            raise ValueError("a certificate is bytes")
        self.envelope = envelope
        self.certificate = certificate
        self.made_at = read_seconds(values[1])
        self.kind = _KINDS[read_number(values[2], _KIND_MAX)]
        self.nonce = read_bytes(values[3], NONCE_BYTES)
        self.posture = _POSTURES[read_number(values[4], _POSTURE_MAX)]
        self.answer = None if len(values) == _SHOWN_PARTS else read_asked(values[5:])

    def said(self, regions: RegionView) -> ReadCode:
        """What the code says, after every step."""
        assert self.opened is not None
        known = self.opened.known
        return ReadCode(
            region=known.region,
            alias=known.alias,
            resident_id=known.resident_id,
            bucket=None if known.resident_id is None else bucket_of(known.resident_id, regions.bucket_count),
            serial=known.serial,
            claims=known.claims,
            show_key=known.show_key,
            made_at=self.made_at,
            kind=self.kind,
            nonce=self.nonce,
            posture=self.posture,
            answer=self.answer,
            evidence=self.code,
        )


def _begin(text: str) -> _Reading | Refused:
    try:
        return _Reading(text)
    except Refused as refused:
        return refused


def _recognise(reading: _Reading, regions: RegionView) -> None:
    reading.opened = regions.seen.find(reading.certificate)
    if reading.opened is None:
        reading.known = recognise_certificate(reading.certificate, regions)


def _parse_key(reading: _Reading, regions: RegionView) -> None:
    if reading.opened is None:
        assert reading.known is not None
        reading.opened = OpenedCertificate(reading.known, parse_show_key(reading.known.show_key))
        regions.seen.keep(reading.certificate, reading.opened)


def _verify(reading: _Reading, regions: RegionView) -> None:
    assert reading.opened is not None
    verify_envelope(
        reading.envelope,
        reading.opened.show_key,
        other_algorithm=Reason.CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE,
        false_signature=Reason.CODE_SIGNATURE_IS_FALSE,
    )


_STEPS = (_recognise, _parse_key, _verify)


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
