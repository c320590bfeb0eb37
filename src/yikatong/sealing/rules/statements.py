"""What is signed: a series' certificate, a batch's root, a head, a witness's word; each a COSE_Sign1 (RFC 9052).

Payloads are CBOR arrays in the deterministic form; instants are whole microseconds since 1970 (`docs/formats/seal.md`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from yikatong.kernel.outcomes import Refused
from yikatong.sealing.model import (
    BATCH_BYTES_MAX,
    HASH_BYTES,
    HEAD_BYTES_MAX,
    BatchRoot,
    Head,
    Leaf,
    Reason,
    WitnessedHead,
)
from yikatong.trust import service as trust
from yikatong.trust.model import HeldSigner, PublicKey, Sign1, SigningKey, VerifyingKey

_SERIES, _BATCH, _HEAD, _WITNESSED = "yk-log-series", "yk-log-batch", "yk-log-head", "yk-log-witnessed"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def certify_series(series: UUID, key: PublicKey, *, began_at: datetime, signer: HeldSigner) -> bytes:
    """The log's word that a series' batches are signed by this key."""
    payload = trust.encode([series.bytes, _micros(began_at), trust.encode_cose_key(key)])
    return trust.sign_sign1(payload, signer.key, key_id=signer.key_id, message_type=_SERIES)


def verify_series(certificate: bytes, *, log_keys: dict[bytes, VerifyingKey]) -> tuple[UUID, VerifyingKey]:
    """Read a series' certificate: its id, and the key of its batches. Refuses SEAL_DOES_NOT_MATCH."""
    series, _, key = _verify(certificate, _SERIES, (bytes, int, bytes), keys=log_keys)
    try:
        return UUID(bytes=series), trust.parse_verifying_key(trust.decode_cose_key(key))
    except (ValueError, Refused):
        raise Refused(Reason.SEAL_DOES_NOT_MATCH) from None


def digest_labels(leaves: Sequence[Leaf]) -> bytes:
    """The digest of what the leaves of a batch stand for: every kind as one byte, then every id as 16.

    Without it whoever holds the rows could call a leaf another kind's, whose rows may be forgotten earlier.
    """
    return sha256(bytes([leaf.kind for leaf in leaves]) + b"".join([leaf.id.bytes for leaf in leaves])).digest()


def sign_batch(batch: BatchRoot, key: SigningKey) -> bytes:
    """Sign a batch's root with the key of its series."""
    payload = [batch.series.bytes, batch.number, batch.size, batch.root, _micros(batch.made_at), batch.labels]
    return trust.sign_sign1(trust.encode(payload), key, message_type=_BATCH)


def series_of(signed: bytes) -> UUID:
    """The series that a signed batch says it belongs to, before it is verified. Refuses SEAL_DOES_NOT_MATCH."""
    return _batch_of(_open(signed, _BATCH, BATCH_BYTES_MAX).payload).series


def verify_batch(signed: bytes, *, key: VerifyingKey) -> BatchRoot:
    """Read a signed batch root. Refuses SEAL_DOES_NOT_MATCH."""
    return _batch_of(_verified(_open(signed, _BATCH, BATCH_BYTES_MAX), key))


def sign_head(*, size: int, root: bytes, made_at: datetime, signer: HeldSigner) -> Head:
    """Sign the log at a length."""
    payload = trust.encode([size, root, _micros(made_at)])
    signed = trust.sign_sign1(payload, signer.key, key_id=signer.key_id, message_type=_HEAD)
    return Head(size=size, root=root, made_at=made_at, signed=signed)


def verify_head(signed: bytes, *, log_keys: dict[bytes, VerifyingKey]) -> Head:
    """Read a signed head. Refuses SEAL_DOES_NOT_MATCH."""
    size, root, made_at = _verify(signed, _HEAD, (int, bytes, int), keys=log_keys)
    if len(root) != HASH_BYTES or size < 0:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)
    return Head(size=size, root=root, made_at=_EPOCH + made_at * _MICROSECOND, signed=signed)


def witness_head(head: Head, key: SigningKey) -> WitnessedHead:
    """A witness's word that it saw this head after all that it signed before."""
    signed = trust.sign_sign1(trust.encode([head.size, head.root]), key, message_type=_WITNESSED)
    return WitnessedHead(size=head.size, root=head.root, signed=signed)


def verify_witnessed(signed: bytes, *, key: VerifyingKey) -> WitnessedHead:
    """Read a witness's word. Refuses SEAL_DOES_NOT_MATCH."""
    size, root = _fields(_verified(_open(signed, _WITNESSED, HEAD_BYTES_MAX), key), (int, bytes))
    return WitnessedHead(size=size, root=root, signed=signed)


def _batch_of(payload: bytes) -> BatchRoot:
    series, number, size, root, made_at, labels = _fields(payload, (bytes, int, int, bytes, int, bytes))
    if len(series) != 16 or {len(root), len(labels)} != {HASH_BYTES} or number < 1 or size < 1:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)
    made = _EPOCH + made_at * _MICROSECOND
    return BatchRoot(series=UUID(bytes=series), number=number, size=size, root=root, made_at=made, labels=labels)


def _verify(signed: bytes, type_: str, shape: tuple[type, ...], *, keys: dict[bytes, VerifyingKey]) -> list[Any]:
    sign1 = _open(signed, type_, HEAD_BYTES_MAX)
    key = keys.get(sign1.key_id or b"")
    if key is None:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)
    return _fields(_verified(sign1, key), shape)


def _verified(sign1: Sign1, key: VerifyingKey) -> bytes:
    """The payload of an envelope that the key signed."""
    try:
        return trust.verify_sign1(sign1, key)
    except Refused:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH) from None


def _open(signed: bytes, type_: str, bytes_max: int) -> Sign1:
    try:
        sign1 = trust.decode_sign1(signed, bytes_max)
    except Refused:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH) from None
    if sign1.type != type_:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)
    return sign1


def _fields(payload: bytes, shape: tuple[type, ...]) -> list[Any]:
    try:
        fields = trust.decode_strict(payload)
    except ValueError:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH) from None
    if type(fields) is not list or [type(field) for field in fields] != list(shape):
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)
    return fields


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND
