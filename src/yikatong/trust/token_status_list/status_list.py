"""Status lists (Token Status List §4.1, §5.2): packing, the signed CWT, and the rules of age.

Who holds a list that never changes can keep a revoked certificate alive, so a list is refused when it expired, when it
is older than its use allows, and when a newer one was already held.
"""

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import CborMap, Reason, SigningKey, StatusList, VerifyingKey
from yikatong.trust.rfc8949_cbor.strict import decode_strict, encode
from yikatong.trust.rfc9052_cose.sign1 import decode_sign1, sign_sign1, verify_sign1

MESSAGE_TYPE = "application/statuslist+cwt"
ENVELOPE_BYTES_MAX = 2 * 1024 * 1024
DATA_BYTES_MAX = 8 * 1024 * 1024
"""Bounds of what is read: 64 million places of one bit, far above what one list of ours holds."""
CLOCK_SKEW = timedelta(seconds=60)
_SUBJECT, _EXPIRES, _ISSUED, _STATUS_LIST, _TIME_TO_LIVE = 2, 4, 6, 65533, 65534
_SECONDS_MAX = 2**32 - 1
_BITS_ALLOWED = (1, 2, 4, 8)

VALID, INVALID, SUSPENDED = 0, 1, 2
"""The status values of Token Status List §7.1."""


class StatusListBuilder:
    """Packs statuses into a list: place 0 in the least significant bits of the first byte."""

    def __init__(self, *, places: int, bits: int = 1) -> None:
        """Begin with every place VALID; the list is filled up to a whole byte."""
        if bits not in _BITS_ALLOWED or places < 1:
            raise ValueError("a list has 1, 2, 4 or 8 bits for each of its places")
        self._bits = bits
        self._places = places
        self._data = bytearray((places * bits + 7) // 8)

    def set(self, index: int, status: int) -> None:
        """Write the status of a place."""
        if not 0 <= index < self._places or not 0 <= status < 1 << self._bits:
            raise ValueError("no such place, or the status does not fit its bits")
        at, shift = divmod(index * self._bits, 8)
        mask = (1 << self._bits) - 1
        self._data[at] = self._data[at] & ~(mask << shift) | status << shift

    def packed(self) -> bytes:
        """The list as bytes."""
        return bytes(self._data)


def status_at(status_list: StatusList, index: int) -> int:
    """The status of a place; refuses with STATUS_INDEX_IS_NOT_ON_THE_LIST beyond the end (§8.3)."""
    at, shift = divmod(index * status_list.bits, 8)
    if not 0 <= at < len(status_list.data):
        raise Refused(Reason.STATUS_INDEX_IS_NOT_ON_THE_LIST, index=index)
    return status_list.data[at] >> shift & (1 << status_list.bits) - 1


def sign_status_list(status_list: StatusList, key: SigningKey, key_id: bytes) -> bytes:
    """Write and sign the CWT form, with the list compressed by zlib at its best level (§4.1)."""
    lifetime = {
        _EXPIRES: None if status_list.expires_at is None else int(status_list.expires_at.timestamp()),
        _ISSUED: int(status_list.issued_at.timestamp()),
    }
    rest = {_STATUS_LIST: to_list_map(status_list.bits, status_list.data), _TIME_TO_LIVE: status_list.ttl_seconds}
    claims = {_SUBJECT: status_list.subject, **lifetime, **rest}
    payload = encode({number: value for number, value in claims.items() if value is not None})
    return sign_sign1(payload, key, key_id=key_id, message_type=MESSAGE_TYPE)


def read_status_list(envelope: bytes, key: VerifyingKey, *, subject: str, now: datetime) -> StatusList:
    """Verify a signed list and read it.

    Refuses, in this order: what `decode_sign1` and `verify_sign1` refuse; STATUS_LIST_IS_MALFORMED (also for another
    message type); STATUS_LIST_IS_OF_ANOTHER_SUBJECT; STATUS_LIST_IS_FROM_THE_FUTURE, 60 seconds apart at most;
    STATUS_LIST_IS_EXPIRED.
    """
    sign1 = decode_sign1(envelope, ENVELOPE_BYTES_MAX)
    payload = verify_sign1(sign1, key)
    if sign1.type != MESSAGE_TYPE:
        raise Refused(Reason.STATUS_LIST_IS_MALFORMED)
    try:
        status_list = _read_claims(decode_strict(payload))
    except (ValueError, zlib.error):
        raise Refused(Reason.STATUS_LIST_IS_MALFORMED) from None
    if status_list.subject != subject:
        raise Refused(Reason.STATUS_LIST_IS_OF_ANOTHER_SUBJECT)
    if status_list.issued_at > now + CLOCK_SKEW:
        raise Refused(Reason.STATUS_LIST_IS_FROM_THE_FUTURE)
    if status_list.expires_at is not None and status_list.expires_at <= now:
        raise Refused(Reason.STATUS_LIST_IS_EXPIRED)
    return status_list


def accept_status_list(new: StatusList, held: StatusList | None) -> StatusList:
    """The list to hold from now on; refuses with STATUS_LIST_IS_ROLLED_BACK one issued before the held one."""
    if held is not None and new.issued_at < held.issued_at:
        raise Refused(Reason.STATUS_LIST_IS_ROLLED_BACK)
    return new


def verify_fresh(status_list: StatusList, *, now: datetime, age_max: timedelta) -> StatusList:
    """The list, when it may be used now; refuses with STATUS_LIST_IS_EXPIRED, then STATUS_LIST_IS_TOO_OLD."""
    if status_list.expires_at is not None and status_list.expires_at <= now:
        raise Refused(Reason.STATUS_LIST_IS_EXPIRED)
    if now - status_list.issued_at > age_max:
        raise Refused(Reason.STATUS_LIST_IS_TOO_OLD)
    return status_list


def to_list_map(bits: int, data: bytes) -> CborMap:
    """The StatusList map of §4.3, its list compressed."""
    return {"bits": bits, "lst": zlib.compress(data, 9)}


def from_list_map(value: Any) -> tuple[int, bytes]:
    """Bits and packed list of a StatusList map; raises ValueError or zlib.error for what is none, or is too large."""
    if type(value) is not dict:
        raise ValueError("a status list is a map")
    bits, compressed = value.get("bits"), value.get("lst")
    if type(bits) is not int or bits not in _BITS_ALLOWED or type(compressed) is not bytes:
        raise ValueError("bits are 1, 2, 4 or 8, and the list is bytes")
    stream = zlib.decompressobj()
    data = stream.decompress(compressed, DATA_BYTES_MAX)
    if not stream.eof or stream.unused_data:
        raise ValueError("the list is cut off, too large, or followed by something")
    return bits, data


def _read_claims(claims: Any) -> StatusList:
    if type(claims) is not dict or type(claims.get(_SUBJECT)) is not str:
        raise ValueError("claims are a map that names its subject")
    expires, ttl_seconds = claims.get(_EXPIRES), claims.get(_TIME_TO_LIVE)
    bits, data = from_list_map(claims.get(_STATUS_LIST))
    return StatusList(
        subject=claims[_SUBJECT],
        issued_at=_instant(claims.get(_ISSUED)),
        expires_at=None if expires is None else _instant(expires),
        ttl_seconds=None if ttl_seconds is None else _seconds(ttl_seconds),
        bits=bits,
        data=data,
    )


def _instant(value: Any) -> datetime:
    return datetime.fromtimestamp(_seconds(value), UTC)


def _seconds(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _SECONDS_MAX:
        raise ValueError("times are whole seconds")
    return value
