"""Marks: a keyed digest by which an exact text is found without being stored (RFC 2104)."""

import hmac
from typing import Literal

from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

MARK_BYTES = 32
MarkDigest = Literal["sha256", "sm3"]


def mark(key: bytes, text: bytes, digest: MarkDigest = "sha256") -> bytes:
    """The 32-byte mark of a text under a key, with SHA-256 or SM3."""
    if digest == "sha256":
        return hmac.digest(key, text, "sha256")
    keyed = HMAC(key, SM3())
    keyed.update(text)
    return keyed.finalize()
