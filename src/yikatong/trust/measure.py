"""Measures what an envelope costs beside the bare signature check, for `yikatong bench`."""

import time
from collections.abc import Callable

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from yikatong.trust.algorithms import new_signing_key, verifying_key
from yikatong.trust.model import Algorithm, PublicKey
from yikatong.trust.rfc9052_cose.sign1 import decode_sign1, sign_sign1, signed_bytes, verify_sign1

_PAYLOAD_BYTES = 220
_ROUNDS = 20


class VerificationCost(msgspec.Struct, frozen=True, kw_only=True):
    """Verifications per second, bare and through an envelope; `ratio` is the second by the first."""

    algorithm: str
    bare_per_second: float
    envelope_per_second: float
    ratio: float


def measure_verification(algorithm: Algorithm = Algorithm.ES256, *, count: int = 2000) -> VerificationCost:
    """Verify `count` envelopes of a shown code's size, and `count` bare signatures over the same bytes, in turns.

    Each is judged by its cheapest round in CPU time, so that other work on the machine counts little.
    """
    key = new_signing_key(algorithm)
    verifier = verifying_key(key.public_key)
    envelope = sign_sign1(bytes(_PAYLOAD_BYTES), key)
    sign1 = decode_sign1(envelope, len(envelope))
    message = signed_bytes(sign1.protected, sign1.payload)
    each = max(1, count // _ROUNDS)

    def bare() -> None:
        verifier.verify(sign1.signature, message)

    def whole() -> None:
        verify_sign1(decode_sign1(envelope, 300), verifier)

    rounds = [(_seconds_of(bare, each), _seconds_of(whole, each)) for _ in range(_ROUNDS)]
    bare_seconds, whole_seconds = (min(column) for column in zip(*rounds, strict=True))
    return VerificationCost(
        algorithm=algorithm.name,
        bare_per_second=each / bare_seconds,
        envelope_per_second=each / whole_seconds,
        ratio=bare_seconds / whole_seconds,
    )


def bare_check(envelope: bytes, public_key: PublicKey) -> Callable[[], None]:
    """The crypto library's own check of an ES256 envelope: key parsed before, signature in the library's own form."""
    sign1 = decode_sign1(envelope, len(envelope))
    message = signed_bytes(sign1.protected, sign1.payload)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key.data)
    der = encode_dss_signature(int.from_bytes(sign1.signature[:32]), int.from_bytes(sign1.signature[32:]))
    algorithm = ec.ECDSA(SHA256())
    return lambda: key.verify(der, message, algorithm)


def _seconds_of(call: Callable[[], None], count: int) -> float:
    began = time.process_time()
    for _ in range(count):
        call()
    return time.process_time() - began
