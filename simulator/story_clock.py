"""The clock of a story that happens on another day, and goes on to a later one."""

from datetime import UTC, date, datetime, time, timedelta

from yikatong.kernel.instants import SHANGHAI

OPENING = time(9, 30)
"""When a story of another day begins, in Shanghai."""


class StoryClock:
    """The machine's clock, shifted; all who play have the same."""

    def __init__(self, *, shift: timedelta = timedelta()) -> None:
        """`shift` is added to the machine's time."""
        self.shift = shift

    def now(self) -> datetime:
        """The instant in the story, in UTC."""
        return datetime.now(UTC) + self.shift


def shift_to(day: date) -> timedelta:
    """How far clocks are shifted for it to be the morning of a day now, in whole seconds."""
    opening = datetime.combine(day, OPENING, tzinfo=SHANGHAI)
    return timedelta(seconds=round((opening - datetime.now(UTC)).total_seconds()))
