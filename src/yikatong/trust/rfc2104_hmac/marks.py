"""Marks: a keyed digest by which an exact text is found without being stored (RFC 2104)."""

from collections.abc import Iterable
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256, SM3
from cryptography.hazmat.primitives.hmac import HMAC

MarkDigest = Literal["sha256", "sm3"]


def mark(key: bytes, text: bytes, digest: MarkDigest = "sha256") -> bytes:
    """The 32-byte mark of a text under a key, with SHA-256 or SM3."""
    return mark_many(key, (text,), digest)[0]


def mark_many(key: bytes, texts: Iterable[bytes], digest: MarkDigest = "sha256") -> list[bytes]:
    """The marks of several texts under a key, which is set up once."""
    keyed = HMAC(key, SHA256() if digest == "sha256" else SM3())
    marks = []
    for text in texts:
        one = keyed.copy()
        one.update(text)
        marks.append(one.finalize())
    return marks
