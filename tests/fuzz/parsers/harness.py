"""A harness: one parser, what may be said of it for any bytes, and genuine inputs to begin from."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.fips186_es256.keys import Es256SigningKey
from yikatong.trust.model import Algorithm, SigningKey


class Harness(NamedTuple):
    """`take` says whether its parser read the bytes, and raises for a fault alone.

    `seeds` are genuine inputs, `words` what a mutation may insert.

    The same bytes give the same end in every process: keys are fixed, times too.
    """

    name: str
    take: Callable[[bytes], bool]
    seeds: Callable[[], Sequence[bytes]]
    words: Sequence[bytes] = ()
    bytes_max: int = 4_096


class Said(NamedTuple):
    """What a parser said: a value, or the name of the reason for which it refused."""

    value: Any
    refused: str | None


def said(read: Callable[..., Any], *given: Any, errors: tuple[type[Exception], ...] = ()) -> Said:
    """What a reader says of what it is given; whatever it raises besides refusals and declared errors is a fault."""
    try:
        return Said(read(*given), None)
    except Refused as refused:
        return Said(None, refused.reason.name)
    except errors as error:
        return Said(None, type(error).__name__)


class RepeatingKey(Es256SigningKey):
    """An ES256 key whose signature of a message is the same each time (RFC 6979), so that seeds are the same too."""

    def __init__(self, private_bytes: bytes) -> None:
        super().__init__(private_bytes)
        self._repeating = ec.derive_private_key(int.from_bytes(private_bytes), ec.SECP256R1())

    def sign(self, message: bytes) -> bytes:
        """Sign a message."""
        r, s = decode_dss_signature(self._repeating.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
        return r.to_bytes(32) + s.to_bytes(32)


def a_fixed_key(number: int, algorithm: Algorithm = Algorithm.ES256) -> SigningKey:
    """The same key in every run, so that a finding can be replayed."""
    secret = number.to_bytes(32)
    return RepeatingKey(secret) if algorithm is Algorithm.ES256 else trust.signing_key(algorithm, secret)
