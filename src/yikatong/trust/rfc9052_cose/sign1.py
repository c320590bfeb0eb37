"""COSE_Sign1 (RFC 9052 §4.2, §4.4): one signer, payload inside, written untagged.

The signed bytes (Sig_structure) are put together by hand: every verification pays for them, and their form is fixed.
"""

from functools import lru_cache
from typing import Any

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Algorithm, Reason, Sign1, SigningKey, VerifyingKey
from yikatong.trust.rfc8949_cbor.strict import bytes_header, decode_strict, encode

_TAG = b"\xd2"
_ALGORITHM, _CRITICAL, _KEY_ID, _TYPE = 1, 2, 4, 16
_ARRAY_OF_FOUR, _EMPTY_MAP = 0x84, 0xA0
_SIG_STRUCTURE = b"\x84\x6aSignature1"


def sign_sign1(
    payload: bytes,
    key: SigningKey,
    *,
    key_id: bytes | None = None,
    message_type: str | None = None,
    external_aad: bytes = b"",
) -> bytes:
    """Sign a payload and write the envelope; key id and message type (RFC 9596) go into the protected header."""
    protected = _protected_of(key.public_key.algorithm, key_id, message_type)
    signature = key.sign(signed_bytes(protected, payload, external_aad))
    return b"".join(
        (
            b"\x84",
            bytes_header(len(protected)),
            protected,
            b"\xa0",
            bytes_header(len(payload)),
            payload,
            bytes_header(len(signature)),
            signature,
        )
    )


def decode_sign1(data: bytes, bytes_max: int) -> Sign1:
    """Take an envelope apart without verifying it.

    Refuses, in this order: ENVELOPE_IS_TOO_LARGE before anything is read; ENVELOPE_IS_MALFORMED for what is not
    a strict COSE_Sign1 with its payload inside, its algorithm in the protected header, no parameter in both headers,
    and no critical parameter (none is known here, RFC 9052 §3.1).
    """
    if len(data) > bytes_max:
        raise Refused(Reason.ENVELOPE_IS_TOO_LARGE)
    try:
        protected, unprotected, payload, signature = _split(data[1:] if data[:1] == _TAG else data)
        algorithm, key_id, message_type = _read_protected(protected)
    except (ValueError, IndexError):
        raise Refused(Reason.ENVELOPE_IS_MALFORMED) from None
    if unprotected:
        key_id = _key_id_beside(unprotected, protected, key_id)
    return Sign1(
        protected=protected,
        algorithm=algorithm,
        key_id=key_id,
        payload=payload,
        signature=signature,
        type=message_type,
    )


def verify_sign1(sign1: Sign1, key: VerifyingKey, external_aad: bytes = b"") -> bytes:
    """Verify an envelope with the key pinned to it and return its payload.

    Refuses, in this order: ALGORITHM_IS_NOT_THE_PINNED_ONE, SIGNATURE_DOES_NOT_MATCH.
    """
    if sign1.algorithm != key.public_key.algorithm:
        raise Refused(Reason.ALGORITHM_IS_NOT_THE_PINNED_ONE)
    key.verify(sign1.signature, signed_bytes(sign1.protected, sign1.payload, external_aad))
    return sign1.payload


def signed_bytes(protected: bytes, payload: bytes, external_aad: bytes = b"") -> bytes:
    """The Sig_structure of RFC 9052 §4.4: ["Signature1", protected, external_aad, payload]."""
    return b"".join(
        (
            _SIG_STRUCTURE,
            bytes_header(len(protected)),
            protected,
            bytes_header(len(external_aad)),
            external_aad,
            bytes_header(len(payload)),
            payload,
        )
    )


@lru_cache(maxsize=256)
def _protected_of(algorithm: Algorithm, key_id: bytes | None, message_type: str | None) -> bytes:
    header = {_ALGORITHM: int(algorithm), _KEY_ID: key_id, _TYPE: message_type}
    return encode({label: value for label, value in header.items() if value is not None})


def _split(data: bytes) -> tuple[bytes, dict[Any, Any], bytes, bytes]:
    """The four parts of the array; raises ValueError or IndexError for what is none.

    With nothing in the unprotected header, as we write it, the three byte strings are cut out by hand: every
    verification pays for this, and the general reader takes three times as long.
    """
    if data[0] != _ARRAY_OF_FOUR:
        raise ValueError("not an array of four")
    protected, at = _bytes_at(data, 1)
    if data[at] != _EMPTY_MAP:
        return _four(decode_strict(data))
    payload, at = _bytes_at(data, at + 1)
    signature, at = _bytes_at(data, at)
    if at != len(data):
        raise ValueError("the array does not end with the data")
    return protected, {}, payload, signature


def _bytes_at(data: bytes, at: int) -> tuple[bytes, int]:
    """The byte string that begins at a place, its length in the shortest form, and the place after it."""
    head = data[at]
    start = at + 1
    if 0x40 <= head < 0x58:
        size = head - 0x40
    elif head == 0x58:
        size, start = data[start], at + 2
        if size < 0x18:
            raise ValueError("a length longer than needed")
    elif head == 0x59:
        size, start = data[start] << 8 | data[at + 2], at + 3
        if size < 0x100:
            raise ValueError("a length longer than needed")
    elif head == 0x5A:
        size, start = int.from_bytes(data[start : at + 5]), at + 5
        if size < 0x10000:
            raise ValueError("a length longer than needed")
    else:
        raise ValueError("not a byte string below four gigabytes")
    end = start + size
    if end > len(data):
        raise ValueError("cut off")
    return data[start:end], end


def _four(parts: Any) -> tuple[bytes, dict[Any, Any], bytes, bytes]:
    protected, unprotected, payload, signature = parts
    if type(protected) is not bytes or type(unprotected) is not dict:
        raise ValueError("headers of a wrong type")
    if type(payload) is not bytes or type(signature) is not bytes:
        raise ValueError("payload or signature of a wrong type")
    return protected, unprotected, payload, signature


@lru_cache(maxsize=1024)
def _read_protected(protected: bytes) -> tuple[int, bytes | None, str | int | None]:
    """Algorithm, key id and type of a protected header; few headers occur, so they are read once."""
    header = decode_strict(protected)
    if type(header) is not dict or _CRITICAL in header:
        raise ValueError("not a header map without critical parameters")
    algorithm, key_id, message_type = header.get(_ALGORITHM), header.get(_KEY_ID), header.get(_TYPE)
    if type(algorithm) is not int or not (key_id is None or type(key_id) is bytes):
        raise ValueError("algorithm or key id of a wrong type")
    if message_type is not None and type(message_type) not in (str, int):
        raise ValueError("a type is text or a number (RFC 9596 §2)")
    return algorithm, key_id, message_type


def _key_id_beside(unprotected: dict[Any, Any], protected: bytes, key_id: bytes | None) -> bytes | None:
    """The key id when it stands outside the protected header, as in the examples of RFC 8392."""
    beside = unprotected.get(_KEY_ID)
    repeated = unprotected.keys() & decode_strict(protected).keys()
    if repeated or _CRITICAL in unprotected or _ALGORITHM in unprotected:
        raise Refused(Reason.ENVELOPE_IS_MALFORMED)
    if beside is not None and type(beside) is not bytes:
        raise Refused(Reason.ENVELOPE_IS_MALFORMED)
    return key_id if beside is None else beside
