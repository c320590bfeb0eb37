"""Instants are aware datetimes in UTC; a day is a calendar day in Asia/Shanghai."""

from datetime import UTC, date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has kept UTC+8 without daylight saving since 1991; the platform stores no earlier instants."""


def day_of(instant: datetime) -> date:
    """The day in Shanghai on which an instant falls."""
    return instant.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """The instant at which a Shanghai day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def from_epoch_ms(milliseconds: int) -> datetime:
    """Milliseconds since 1970 as an instant."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def epoch_ms(instant: datetime) -> int:
    """An instant as whole milliseconds since 1970."""
    return round(instant.timestamp() * 1000)


def age_on(day: date, *, born_on: date) -> int:
    """Completed years of age on a day; a birthday of 29 February is reached on 1 March of common years."""
    before_birthday = (day.month, day.day) < (born_on.month, born_on.day)
    return day.year - born_on.year - before_birthday
