"""What happened, line by line: the same for the same seed, byte for byte."""

from hashlib import sha256
from typing import Protocol


class Clock(Protocol):
    """Says how late it is in the week."""

    def seconds(self) -> float:
        """Since it began."""
        ...


class History:
    """Every message, statement and answer in order; names in it are given by the week, so no id and no key is in it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_kept = False
        self.lines: list[str] = []

    def begin(self) -> None:
        """Keep what comes from here on."""
        self._is_kept = True

    def write(self, what: str) -> None:
        """Add a line."""
        if self._is_kept:
            self.lines.append(f"{self._clock.seconds():.6f} {what}")

    def digest(self) -> str:
        """A short name of all of it."""
        return sha256("\n".join(self.lines).encode()).hexdigest()
