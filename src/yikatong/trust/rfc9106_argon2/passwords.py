"""Passwords: Argon2id (RFC 9106) over a mark of the password, so that a stolen table alone cannot be searched.

A six-digit password has a million values: the pepper, kept outside the database, is what protects it; Argon2id only
makes each guess dear for who has both. So 19 MiB and two passes are enough, and a dozen callers at once do not fill the
memory of a small machine.
"""

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Reason

MEMORY_KIB, PASSES, LANES, HASH_BYTES, SALT_BYTES = 19 * 1024, 2, 1, 32, 16
_HASHER = argon2.PasswordHasher(
    time_cost=PASSES,
    memory_cost=MEMORY_KIB,
    parallelism=LANES,
    hash_len=HASH_BYTES,
    salt_len=SALT_BYTES,
    type=Type.ID,
)


def hash_password(peppered: bytes, salt: bytes) -> str:
    """What is kept of a password: the PHC string of Argon2id over its mark, with a fresh 16-byte salt."""
    return _HASHER.hash(peppered, salt=salt)


def verify_password(peppered: bytes, kept: str) -> None:
    """Return when the mark is of the password that was kept; raise Refused PASSWORD_DOES_NOT_MATCH otherwise."""
    try:
        _HASHER.verify(kept, peppered)
    except (VerificationError, InvalidHashError):
        raise Refused(Reason.PASSWORD_DOES_NOT_MATCH) from None
