"""What a witness must answer: somebody outside, who remembers the heads that they signed."""

from collections.abc import Sequence
from typing import Protocol

from yikatong.sealing.model import Head, WitnessedHead
from yikatong.trust.model import VerifyingKey


class WitnessIsSilent(Exception):  # noqa: N818  what a witness does not do
    """No answer came, or none that can be read; nothing is known of what the witness did."""


class Witness(Protocol):
    """Signs a head only if the log of that head begins with the log of the last head that it signed."""

    @property
    def key(self) -> VerifyingKey:
        """The key by which its word is known."""
        ...

    async def find_last(self) -> WitnessedHead | None:
        """The longest head that it signed, None before the first. Raises WitnessIsSilent."""
        ...

    async def co_sign(self, head: Head, *, old: int, path: Sequence[bytes]) -> WitnessedHead:
        """Sign a head; `path` proves that it begins with the log of length `old`, the last one signed.

        Refuses SEAL_DOES_NOT_MATCH for a log that did not only grow. Raises WitnessIsSilent.
        """
        ...
