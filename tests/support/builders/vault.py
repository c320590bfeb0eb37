"""A vault for tests: real sealing and marks, with keys of its own and a password hash that costs little."""

import hashlib
import hmac
import os
from collections.abc import Sequence
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Reason


def _opened(key: AESGCM, sealed: bytes, context: bytes) -> bytes:
    """What was sealed with a key in a context. Refuses SEAL_DOES_NOT_OPEN, as the real vault does."""
    try:
        return key.decrypt(sealed[:12], sealed[12:], context)
    except InvalidTag:
        raise Refused(Reason.SEAL_DOES_NOT_OPEN) from None


class TestDataKey:
    """A data key of one owner."""

    __test__ = False

    def __init__(self, key: bytes, *, wrapped: bytes, owner: UUID) -> None:
        self._key = AESGCM(key)
        self._owner = owner
        self.wrapped = wrapped

    def seal(self, plain: bytes, *, field: str) -> bytes:
        """Seal under the field's name and the owner."""
        nonce = os.urandom(12)
        return nonce + self._key.encrypt(nonce, plain, self._owner.bytes + field.encode())

    def open(self, sealed: bytes, *, field: str) -> bytes:
        """Open what was sealed so."""
        return _opened(self._key, sealed, self._owner.bytes + field.encode())


class TestVault:
    """Master key, mark key and pepper of one test run."""

    __test__ = False

    def __init__(self, secret: bytes | None = None) -> None:
        """Two vaults of one secret, in two processes perhaps, hold the same keys."""
        secret = secret or os.urandom(32)
        master, self._mark_key, self._pepper = (
            hashlib.sha256(bytes((number,)) + secret).digest() for number in range(3)
        )
        self._master = AESGCM(master)
        self._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

    def new_data_key(self, *, owner: UUID) -> TestDataKey:
        """Make a data key."""
        key, nonce = os.urandom(32), os.urandom(12)
        return TestDataKey(key, wrapped=nonce + self._master.encrypt(nonce, key, owner.bytes), owner=owner)

    def seal_each(
        self, people: Sequence[tuple[UUID, Sequence[bytes]]], *, fields: Sequence[str]
    ) -> list[tuple[bytes, list[bytes]]]:
        """Seal the fields of several owners one by one."""
        sealed = []
        for owner, texts in people:
            key = self.new_data_key(owner=owner)
            sealed.append(
                (key.wrapped, [key.seal(text, field=field) for field, text in zip(fields, texts, strict=True)])
            )
        return sealed

    def open_data_key(self, wrapped: bytes, *, owner: UUID) -> TestDataKey:
        """Unwrap a data key."""
        key = _opened(self._master, wrapped, owner.bytes)
        return TestDataKey(key, wrapped=wrapped, owner=owner)

    def open_each(
        self, people: Sequence[tuple[UUID, bytes, Sequence[bytes]]], *, fields: Sequence[str]
    ) -> list[list[bytes]]:
        """Open the fields of several owners one by one."""
        opened = []
        for owner, wrapped, seals in people:
            key = self.open_data_key(wrapped, owner=owner)
            opened.append([key.open(sealed, field=field) for field, sealed in zip(fields, seals, strict=True)])
        return opened

    def mark_id_number(self, id_number: str) -> bytes:
        """The mark of an ID number."""
        return hmac.digest(self._mark_key, id_number.encode(), hashlib.sha256)

    def mark_id_numbers(self, id_numbers: Sequence[str]) -> list[bytes]:
        """The marks of several ID numbers."""
        return [self.mark_id_number(id_number) for id_number in id_numbers]

    async def hash_password(self, password: str) -> str:
        """Hash with pepper and salt."""
        return self._hasher.hash(hmac.digest(self._pepper, password.encode(), hashlib.sha256))

    async def is_password(self, password: str, *, password_hash: str) -> bool:
        """Whether the password was hashed so."""
        try:
            return self._hasher.verify(password_hash, hmac.digest(self._pepper, password.encode(), hashlib.sha256))
        except VerifyMismatchError:
            return False
