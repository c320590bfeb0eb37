"""SM3 digests of files that are written or read piece by piece."""

from cryptography.hazmat.primitives.hashes import SM3, Hash


class Sm3:
    """A digest under way."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        """Of nothing so far."""
        self._hash = Hash(SM3())

    def update(self, data: bytes) -> None:
        """Take more bytes in."""
        self._hash.update(data)

    def digest(self) -> bytes:
        """The 32 bytes of what was taken in so far; more may follow."""
        return self._hash.copy().finalize()


def digest_sm3(data: bytes) -> bytes:
    """The 32-byte SM3 digest of bytes."""
    digest = Sm3()
    digest.update(data)
    return digest.digest()
