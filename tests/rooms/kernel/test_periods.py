"""A period counts from its first day until the day it ends; two overlap when they share a day."""

from datetime import date, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from yikatong.kernel.periods import is_in_force, list_overlaps, overlap

FIRST = date(2026, 1, 1)
CALENDAR = [FIRST + timedelta(days=offset) for offset in range(12)]


class Listed(msgspec.Struct, frozen=True):
    """Something named that counts for a time."""

    name: str
    valid_from: date
    valid_until: date | None


def name_of(listed: Listed) -> str:
    return listed.name


days = st.sampled_from(CALENDAR[:10])
rows = st.builds(Listed, st.sampled_from("ab"), days, days | st.none()).filter(
    lambda row: row.valid_until is None or row.valid_from < row.valid_until
)


def test_a_period_counts_on_its_first_day_and_no_longer_on_the_day_it_ends() -> None:
    period = Listed("a", FIRST, date(2026, 1, 3))

    assert [True, True, False] == [is_in_force(period, day) for day in CALENDAR[:3]]
    assert not is_in_force(period, date(2025, 12, 31))
    assert is_in_force(Listed("a", FIRST, None), date(2099, 1, 1))


@given(one=rows, other=rows)
def test_two_periods_overlap_when_both_count_on_some_day(one: Listed, other: Listed) -> None:
    expected = any(is_in_force(one, day) and is_in_force(other, day) for day in CALENDAR)

    assert expected == overlap(one, other) == overlap(other, one)


@given(st.lists(rows, max_size=5))
def test_a_key_is_listed_exactly_when_two_of_its_rows_overlap(listed: list[Listed]) -> None:
    in_order = sorted(listed, key=lambda row: (row.name, row.valid_from))
    expected = {
        one.name
        for at, one in enumerate(in_order)
        for other in in_order[at + 1 :]
        if one.name == other.name and overlap(one, other)
    }

    assert expected == set(list_overlaps(in_order, name_of))
