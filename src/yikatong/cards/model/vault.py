"""What cards asks of the keys that are held outside the database."""

from collections.abc import Awaitable, Mapping
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

    def seal_fields(self, plain: Mapping[str, bytes]) -> dict[str, bytes]:
        """Seal several fields by name, each as `seal` would."""
        ...

    def open(self, sealed: bytes, *, field: str) -> bytes:
        """Open a sealed field; raises Refused when it was not sealed so."""
        ...


class Vault(Protocol):
    """Master key, mark key and pepper."""

    def new_data_key(self, *, owner: UUID) -> DataKey:
        """Make a data key for an owner."""
        ...

    def open_data_key(self, wrapped: bytes, *, owner: UUID) -> DataKey:
        """Unwrap an owner's data key."""
        ...

    def mark_id_number(self, id_number: str) -> bytes:
        """The mark of an ID number: 32 bytes, the same each time, meaningless without the key."""
        ...

    def hash_password(self, password: str) -> Awaitable[str]:
        """Hash a password with pepper and salt, off the event loop."""
        ...

    def is_password(self, password: str, *, password_hash: str) -> Awaitable[bool]:
        """Whether a password is the one that was hashed; the caller counts attempts."""
        ...
