"""The alias of a card: sealed with AES-SIV (RFC 5297), so that no table is needed to open it.

The seal is deterministic: the same plain bytes give the same alias, and freshness is a matter of what is put in.
An alias is 16 bytes longer than its plain bytes. A key has 32, 48 or 64 bytes (half for the tag, half for the cipher).
"""

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Reason

ALIAS_OVERHEAD = 16


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESSIV:
    return AESSIV(key)


def seal_alias(key: bytes, plaintext: bytes, context: bytes = b"yikatong alias") -> bytes:
    """Seal the plain bytes of an alias; the context keeps one use of a key apart from another."""
    return _cipher(key).encrypt(plaintext, [context])


def open_alias(key: bytes, alias: bytes, context: bytes = b"yikatong alias") -> bytes:
    """Open an alias; refuses with ALIAS_DOES_NOT_OPEN what this key did not seal under this context."""
    if len(alias) <= ALIAS_OVERHEAD:
        raise Refused(Reason.ALIAS_DOES_NOT_OPEN)
    try:
        return _cipher(key).decrypt(alias, [context])
    except InvalidTag:
        raise Refused(Reason.ALIAS_DOES_NOT_OPEN) from None
