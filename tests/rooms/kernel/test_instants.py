"""Instants are exact; a day is a day in Shanghai; age counts birthdays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yikatong.kernel.instants import age_on, day_of, epoch_ms, from_epoch_ms, show_moment, start_of

days = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1))
instants = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))


def test_a_shanghai_day_begins_at_sixteen_hours_utc_of_the_day_before() -> None:
    assert datetime(2026, 11, 24, 16, tzinfo=UTC) == start_of(date(2026, 11, 25))
    assert date(2026, 11, 25) == day_of(datetime(2026, 11, 24, 16, tzinfo=UTC))
    assert date(2026, 11, 24) == day_of(datetime(2026, 11, 24, 15, 59, 59, 999_999, tzinfo=UTC))


@given(day=days)
def test_a_day_holds_its_first_instant_and_not_the_one_before(day: date) -> None:
    assert day == day_of(start_of(day))
    assert day - timedelta(days=1) == day_of(start_of(day) - timedelta(microseconds=1))


@given(milliseconds=st.integers(-60_000_000_000_000, 200_000_000_000_000))
def test_milliseconds_read_back_exactly(milliseconds: int) -> None:
    assert milliseconds == epoch_ms(from_epoch_ms(milliseconds))


@given(instant=instants)
def test_milliseconds_never_lie_after_the_instant_they_were_taken_from(instant: datetime) -> None:
    assert timedelta(0) <= instant - from_epoch_ms(epoch_ms(instant)) < timedelta(milliseconds=1)


@pytest.mark.parametrize("milliseconds", [2**63 - 1, -(2**63), 2**100])
def test_milliseconds_far_outside_all_years_are_a_value_error(milliseconds: int) -> None:
    with pytest.raises(ValueError, match="years"):
        from_epoch_ms(milliseconds)


def test_an_instant_is_shown_in_shanghai_to_the_second() -> None:
    assert "2026-11-26 00:59:59" == show_moment(datetime(2026, 11, 25, 16, 59, 59, 999_999, tzinfo=UTC))


def test_a_datetime_without_a_zone_is_no_instant() -> None:
    without_zone = datetime(2026, 11, 25, 8)

    with pytest.raises(ValueError, match="zone"):
        day_of(without_zone)
    with pytest.raises(ValueError, match="zone"):
        show_moment(without_zone)
    with pytest.raises(TypeError):
        epoch_ms(without_zone)


@pytest.mark.parametrize(
    ("born_on", "day", "age"),
    [
        (date(2000, 5, 17), date(2026, 5, 16), 25),
        (date(2000, 5, 17), date(2026, 5, 17), 26),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2024, 2, 29), 16),
        (date(2026, 11, 25), date(2026, 11, 25), 0),
    ],
)
def test_a_year_of_age_is_completed_on_the_birthday(born_on: date, day: date, age: int) -> None:
    assert age == age_on(day, born_on=born_on)


def test_nobody_has_an_age_before_birth() -> None:
    with pytest.raises(ValueError, match="before birth"):
        age_on(date(2026, 11, 24), born_on=date(2026, 11, 25))


@given(born_on=days, waited=st.integers(0, 60_000))
def test_age_grows_by_at_most_one_from_a_day_to_the_next(born_on: date, waited: int) -> None:
    day = born_on + timedelta(days=waited)
    grown = age_on(day + timedelta(days=1), born_on=born_on) - age_on(day, born_on=born_on)

    assert grown in (0, 1)
