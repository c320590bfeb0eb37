"""The list of trusted regions as bytes: a COSE_Sign1 by a root key (docs/formats/trust-list).

payload = [version, sequence, issued, expires, [root COSE_Key…], [[region, key id, COSE_Key, from, until, revoked]…]]
"""

import re
from datetime import UTC, datetime
from typing import Any

from yikatong.kernel.outcomes import Refused
from yikatong.trust.algorithms import key_id_of, verifying_key
from yikatong.trust.model import PublicKey, Reason, RegionKey, Sign1, SigningKey, TrustList
from yikatong.trust.rfc8949_cbor.strict import decode_strict, encode
from yikatong.trust.rfc9052_cose.keys import from_cose_map, to_cose_map
from yikatong.trust.rfc9052_cose.sign1 import decode_sign1, sign_sign1, verify_sign1

MESSAGE_TYPE = "application/vnd.yikatong.trust-list"
ENVELOPE_BYTES_MAX = 1024 * 1024
ROOTS_MAX = 4
KEYS_MAX = 4096
_VERSION = 1
_SEQUENCE_MAX = 2**53 - 1
_SECONDS_MAX = 2**32 - 1
_REGION = re.compile(r"[0-9]{6}")


def sign_trust_list(trust_list: TrustList, root: SigningKey) -> bytes:
    """Write a list and sign it with a root key, whose id goes into the header."""
    payload = encode(
        [
            _VERSION,
            trust_list.sequence,
            _seconds(trust_list.issued_at),
            _seconds(trust_list.expires_at),
            [to_cose_map(key) for key in trust_list.roots],
            [_row(key) for key in trust_list.keys],
        ]
    )
    return sign_sign1(payload, root, key_id=key_id_of(root.public_key), message_type=MESSAGE_TYPE)


def verify_trust_list(envelope: bytes, roots: tuple[PublicKey, ...]) -> TrustList:
    """Verify a list by one of the roots and read it; its time and sequence are judged by `accept_trust_list`.

    Refuses, in this order: ENVELOPE_IS_TOO_LARGE, ENVELOPE_IS_MALFORMED, TRUST_LIST_IS_BY_ANOTHER_SIGNER,
    ALGORITHM_IS_NOT_THE_PINNED_ONE, SIGNATURE_DOES_NOT_MATCH, TRUST_LIST_IS_MALFORMED.
    """
    sign1 = decode_sign1(envelope, ENVELOPE_BYTES_MAX)
    payload = verify_sign1(sign1, verifying_key(_root_of(sign1, roots)))
    if sign1.type != MESSAGE_TYPE:
        raise Refused(Reason.TRUST_LIST_IS_MALFORMED)
    try:
        return _read(decode_strict(payload))
    except ValueError:
        raise Refused(Reason.TRUST_LIST_IS_MALFORMED) from None


def _root_of(sign1: Sign1, roots: tuple[PublicKey, ...]) -> PublicKey:
    for root in roots:
        if sign1.key_id == key_id_of(root):
            return root
    raise Refused(Reason.TRUST_LIST_IS_BY_ANOTHER_SIGNER)


def _row(key: RegionKey) -> list[object]:
    revoked = None if key.revoked_at is None else _seconds(key.revoked_at)
    times = [_seconds(key.valid_from_at), _seconds(key.valid_until), revoked]
    return [key.region, key.key_id, to_cose_map(key.public_key), *times]


def _read(parts: Any) -> TrustList:
    if type(parts) is not list or len(parts) != 6:
        raise ValueError("not a list")
    version, sequence, issued, expires, roots, rows = parts
    if type(version) is not int or version != _VERSION:
        raise ValueError("not a list of version 1")
    if type(sequence) is not int or not 1 <= sequence <= _SEQUENCE_MAX:
        raise ValueError("a sequence number counts from 1")
    if type(roots) is not list or not 1 <= len(roots) <= ROOTS_MAX:
        raise ValueError("one to four roots")
    if type(rows) is not list or len(rows) > KEYS_MAX:
        raise ValueError("too many keys")
    trust_list = TrustList(
        sequence=sequence,
        issued_at=_instant(issued),
        expires_at=_instant(expires),
        roots=tuple(_public_key(root) for root in roots),
        keys=tuple(_read_row(row) for row in rows),
    )
    if trust_list.issued_at >= trust_list.expires_at:
        raise ValueError("a list expires after it was issued")
    if len({(key.region, key.key_id) for key in trust_list.keys}) != len(trust_list.keys):
        raise ValueError("a key id stands twice in one region")
    return trust_list


def _read_row(row: Any) -> RegionKey:
    if type(row) is not list or len(row) != 6:
        raise ValueError("not a key of a region")
    region, key_id, public_key, valid_from, valid_until, revoked = row
    if type(region) is not str or not _REGION.fullmatch(region):
        raise ValueError("a region is six digits")
    if type(key_id) is not bytes or not 4 <= len(key_id) <= 8:
        raise ValueError("a key id has 4 to 8 bytes")
    key = RegionKey(
        region=region,
        key_id=key_id,
        public_key=_public_key(public_key),
        valid_from_at=_instant(valid_from),
        valid_until=_instant(valid_until),
        revoked_at=None if revoked is None else _instant(revoked),
    )
    if key.valid_from_at >= key.valid_until:
        raise ValueError("a key ends after it begins")
    return key


def _public_key(value: Any) -> PublicKey:
    try:
        return from_cose_map(value)
    except Refused:
        raise ValueError("not a COSE_Key") from None


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(value: Any) -> datetime:
    if type(value) is not int or not 0 <= value <= _SECONDS_MAX:
        raise ValueError("an instant is whole seconds")
    return datetime.fromtimestamp(value, UTC)
