"""What cards asks of the keys that are held outside the database."""

from collections.abc import Awaitable, Sequence
from typing import Protocol
from uuid import UUID


class DataKey(Protocol):
    """One resident's data key, open in memory."""

    @property
    def wrapped(self) -> bytes:
        """The key, wrapped by the master key: the form in which it is stored."""
        ...

    def seal(self, plain: bytes, *, field: str) -> bytes:
        """Seal a field; what is sealed opens only under the same name and owner."""
        ...

    def open(self, sealed: bytes, *, field: str) -> bytes:
        """Open a sealed field; raises Refused when it was not sealed so."""
        ...


class Vault(Protocol):
    """Master key, mark key and pepper."""

    def new_data_key(self, *, owner: UUID) -> DataKey:
        """Make a data key for an owner."""
        ...

    def seal_each(
        self, people: Sequence[tuple[UUID, Sequence[bytes]]], *, fields: Sequence[str]
    ) -> list[tuple[bytes, list[bytes]]]:
        """Seal the same fields of many owners, each under a new data key of their own.

        Gives for each the wrapped key and the seals in the order of `fields`: what `new_data_key` and its `seal` would
        give one by one.
        """
        ...

    def open_data_key(self, wrapped: bytes, *, owner: UUID) -> DataKey:
        """Unwrap an owner's data key."""
        ...

    def open_each(
        self, people: Sequence[tuple[UUID, bytes, Sequence[bytes]]], *, fields: Sequence[str]
    ) -> list[list[bytes]]:
        """Open the same fields of many owners, each with a wrapped key and the seals in the order of `fields`.

        Gives what `open_data_key` and its `open` would give one by one; raises Refused when one does not open.
        """
        ...

    def mark_id_number(self, id_number: str) -> bytes:
        """The mark of an ID number: 32 bytes, the same each time, meaningless without the key."""
        ...

    def mark_id_numbers(self, id_numbers: Sequence[str]) -> list[bytes]:
        """The marks of several ID numbers, in their order."""
        ...

    def hash_password(self, password: str) -> Awaitable[str]:
        """Hash a password with pepper and salt, off the event loop."""
        ...

    def is_password(self, password: str, *, password_hash: str) -> Awaitable[bool]:
        """Whether a password is the one that was hashed; the caller counts attempts."""
        ...
