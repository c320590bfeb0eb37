"""How a story comes to happen on another day."""

from datetime import UTC, date, datetime, time, timedelta

from yikatong.kernel.instants import SHANGHAI

OPENING = time(9, 30)
"""When a story of another day begins, in Shanghai."""


def shift_to(day: date) -> timedelta:
    """How far clocks are shifted for it to be the morning of a day now, in whole seconds."""
    opening = datetime.combine(day, OPENING, tzinfo=SHANGHAI)
    return timedelta(seconds=round((opening - datetime.now(UTC)).total_seconds()))
