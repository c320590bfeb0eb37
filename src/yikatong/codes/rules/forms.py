"""The forms in which nearly every code and certificate is written, taken apart in one step.

An ES256 code and an ES256 certificate for an ES256 show key have the same bytes around their values each time. What has
exactly this form is read here; all else gives None and is read by the strict reader, which is several times slower and
gives the same for these forms too.
"""

import re
from datetime import UTC, datetime

from yikatong.trust.model import Algorithm, Claims, PublicKey, Sign1, Standing

_CODE_HEAD = b"\x84\x43\xa1\x01\x26\xa0"
_CODE_PROTECTED = b"\xa1\x01\x26"
_SIGNATURE_HEAD = b"\x58\x40"
_SIGNATURE_BYTES = 64
_SHORTEST = 100
"""Of anything that can be a code: less than its signature and the least payload."""
_LONGEST_SHORTER = 0xFFFF

_UINT = rb"(?:[\x00-\x17]|\x18[\x18-\xff]|\x19(?!\x00)..|\x1a(?!\x00\x00)....)"
_CERTIFICATE = re.compile(
    rb"\x84\x49(\xa2\x01\x26\x04\x44(.{4}))\xa0\x58(.)"  # array, protected header with key id, no other, payload's size
    rb"(\xa5\x01\x66(.{6})\x04\x1a(.{4})\x07\x58\x26(.{38})"  # issuer, expiry, alias
    rb"\x08\xa1\x01\xa4\x01\x02\x20\x01\x21\x58\x20(.{32})\x22([\xf4\xf5])"  # show key: P-256, x, sign of y
    rb"\x3a\x00\x01\x01\x7d\x83(" + _UINT + rb")(" + _UINT + rb")(" + _UINT + rb"))"  # standing
    rb"\x58\x40(.{64})",
    re.DOTALL,
)
_SHOWN_VALUES = rb"\x1a(?!\x00\x00)(.{4})([\x00-\x17])\x48(.{8})([\x00-\x17])"  # time, kind, nonce, posture
_SHOWN = re.compile(_SHOWN_VALUES, re.DOTALL)
_ANSWERED = re.compile(
    _SHOWN_VALUES + rb"\x48(.{8})(" + _UINT + rb")\x50(.{16})(" + _UINT + rb")",  # challenge, amount, payee, item
    re.DOTALL,
)


_FORMS = {b"\x85\x58": _SHOWN, b"\x89\x58": _ANSWERED}
"""By how a payload begins: five or nine elements, the first of them bytes."""


def read_code_form(code: bytes) -> tuple[Sign1, list[object]] | None:
    """An ES256 code: its envelope, and certificate, time, kind, nonce and posture; None for another form.

    An answered code's challenge, amount, payee and item stand behind them.
    """
    envelope = _read_frame(code)
    form = None if envelope is None else _FORMS.get(envelope.payload[:2])
    return None if envelope is None or form is None else _read_values(envelope, form)


def _read_frame(code: bytes) -> Sign1 | None:
    """The envelope around a code's payload of 24 bytes and more, with ES256 and nothing else in its headers."""
    if code[:6] != _CODE_HEAD or len(code) < _SHORTEST:
        return None
    start = 8 if code[6] == 0x58 else 9
    size = code[7] if start == 8 else int.from_bytes(code[7:9])
    end = start + size
    if size < (24 if start == 8 else 256) or code[6] not in (0x58, 0x59):
        return None
    if len(code) != end + 2 + _SIGNATURE_BYTES or code[end : end + 2] != _SIGNATURE_HEAD:
        return None
    return Sign1(
        protected=_CODE_PROTECTED,
        algorithm=Algorithm.ES256,
        key_id=None,
        payload=code[start:end],
        signature=code[end + 2 :],
    )


def _read_values(envelope: Sign1, form: re.Pattern[bytes]) -> tuple[Sign1, list[object]] | None:
    """The certificate that a payload begins with, and what stands behind it."""
    payload = envelope.payload
    end = 3 + payload[2]
    match = form.fullmatch(payload, end)
    if match is None or payload[2] < 24:
        return None
    seconds, kind, nonce, posture, *answer = match.groups()
    shown = [payload[3:end], int.from_bytes(seconds), kind[0], nonce, posture[0]]
    if not answer:
        return envelope, shown
    challenge, amount, payee, item = answer
    return envelope, [*shown, challenge, _number(amount), payee, _number(item)]


def read_certificate_form(certificate: bytes) -> tuple[Sign1, Claims] | None:
    """An ES256 certificate for an ES256 show key: its envelope and claims; None for another form."""
    match = _CERTIFICATE.fullmatch(certificate)
    if match is None:
        return None
    protected, key_id, size, payload, issuer, expires, alias, x, sign, level, concession, index, signature = (
        match.groups()
    )
    seconds = int.from_bytes(expires)
    standing = (_number(level), _number(concession), _number(index))
    if size[0] != len(payload) or seconds <= _LONGEST_SHORTER or not issuer.isdigit():
        return None
    if standing[0] > 0xFF or standing[1] > 0xFFFF or size[0] < 24:
        return None
    envelope = Sign1(
        protected=protected, algorithm=Algorithm.ES256, key_id=key_id, payload=payload, signature=signature
    )
    claims = Claims(
        issuer=issuer.decode("ascii"),
        expires_at=datetime.fromtimestamp(seconds, UTC),
        cwt_id=alias,
        confirmation=PublicKey(algorithm=Algorithm.ES256, data=(b"\x03" if sign == b"\xf5" else b"\x02") + x),
        standing=Standing(level=standing[0], concession=standing[1], status_index=standing[2]),
    )
    return envelope, claims


def _number(encoded: bytes) -> int:
    """A CBOR whole number in its shortest form."""
    return encoded[0] if len(encoded) == 1 else int.from_bytes(encoded[1:])
