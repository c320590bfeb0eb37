"""Advisory locks of the database, by name."""

import hashlib


def advisory_key(name: str) -> int:
    """The 64-bit key of a lock, from its name."""
    return int.from_bytes(hashlib.sha256(f"yikatong {name}".encode()).digest()[:8], signed=True)
