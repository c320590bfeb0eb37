"""The clock, injected: nothing else in the house asks what time it is."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from yikatong.plumbing.settings import Settings


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...


class SystemClock:
    """The machine's clock; a story that happens on another day shifts it."""

    def __init__(self, *, shift: timedelta = timedelta()) -> None:
        """`shift` is added to the machine's time; a story that goes on to a later day changes it."""
        self.shift = shift

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC) + self.shift


def clock_of(settings: Settings) -> Clock:
    """The machine's clock, shifted where the settings say so."""
    return SystemClock(shift=timedelta(seconds=settings.clock_shift_seconds))
