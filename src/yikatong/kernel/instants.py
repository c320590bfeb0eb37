"""Instants are aware datetimes in UTC; a day is a calendar day in Asia/Shanghai."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated

from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True)]
"""An instant as a caller gives it, with its zone."""

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has kept UTC+8 without daylight saving since 1991; the platform stores no earlier instants."""

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands where an end is asked for and there is none."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def day_of(instant: datetime) -> date:
    """The day in Shanghai on which an instant falls.

    Raises ValueError for a datetime without a zone, which would be read in the zone of the machine.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs its zone")
    return instant.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """The instant at which a Shanghai day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def show_moment(instant: datetime) -> str:
    """An instant as a person reads it: day and time in Shanghai, to the second.

    Raises ValueError for a datetime without a zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs its zone")
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def from_epoch_ms(milliseconds: int) -> datetime:
    """Milliseconds since 1970 as an instant, exactly.

    Raises ValueError when the instant lies outside the years 1 to 9999.
    """
    try:
        return _EPOCH + milliseconds * _MILLISECOND
    except OverflowError:
        raise ValueError("not an instant of the years 1 to 9999") from None


def epoch_ms(instant: datetime) -> int:
    """Whole milliseconds since 1970, rounded down, so that they never lie after the instant.

    Raises TypeError for a datetime without a zone.
    """
    return (instant - _EPOCH) // _MILLISECOND


def age_on(day: date, *, born_on: date) -> int:
    """Completed years of age on a day; a birthday of 29 February is reached on 1 March of common years.

    Raises ValueError for a day before the birth.
    """
    if day < born_on:
        raise ValueError("nobody has an age before birth")
    before_birthday = (day.month, day.day) < (born_on.month, born_on.day)
    return day.year - born_on.year - before_birthday
