"""Passwords: Argon2id (RFC 9106) over a mark of the password, so that a stolen table alone cannot be searched.

A six-digit password has a million values: the pepper, kept outside the database, is what protects it; Argon2id only
makes each guess dear for who has both. The parameters are the second choice of RFC 9106 §4 (64 MiB, three passes), with
one lane, because a server's cores serve many callers.
"""

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Reason

_HASHER = argon2.PasswordHasher(
    time_cost=3, memory_cost=64 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
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
