"""Signed arrays: every message of this room is a COSE_Sign1 around a CBOR array, read and verified the same way."""

from yikatong.codes.reasons import Reason
from yikatong.codes.rules.wire import read_list
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Reason as TrustReason
from yikatong.trust.model import Sign1, VerifyingKey


def open_envelope(data: bytes, bytes_max: int, *counts: int) -> tuple[Sign1, list[object]]:
    """Take a signed array apart without verifying it; the array has one of the given numbers of elements.

    Raises ValueError for whatever is too large or not well formed, so that callers name their own reason once.
    """
    try:
        envelope = trust.decode_sign1(data, bytes_max)
    except Refused:
        raise ValueError("not a signed envelope") from None
    return envelope, read_list(trust.decode_strict(envelope.payload), *counts)


def verify_envelope(
    envelope: Sign1,
    key: VerifyingKey,
    *,
    other_algorithm: Reason,
    false_signature: Reason,
    context: bytes = b"",
) -> None:
    """Verify an envelope with the key that pins its algorithm, refusing in the caller's words.

    Refuses `other_algorithm`, then `false_signature`; SM2_IS_NOT_AVAILABLE_HERE passes as it is.
    """
    try:
        trust.verify_sign1(envelope, key, context)
    except Refused as refused:
        if refused.reason is TrustReason.ALGORITHM_IS_NOT_THE_PINNED_ONE:
            raise Refused(other_algorithm) from None
        if refused.reason is TrustReason.SIGNATURE_DOES_NOT_MATCH:
            raise Refused(false_signature) from None
        raise
