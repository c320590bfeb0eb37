"""Periods: from a day until another, which no longer counts; one without an end counts on."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import Protocol, TypeVar


class Period(Protocol):
    """What counts between two days; `valid_until` is exclusive, None while no end is known."""

    @property
    def valid_from(self) -> date:
        """The first day."""
        ...

    @property
    def valid_until(self) -> date | None:
        """The first day on which it no longer counts."""
        ...


_Row = TypeVar("_Row", bound=Period)
_Key = TypeVar("_Key")


def is_in_force(period: Period, on: date) -> bool:
    """Whether a period counts on a day."""
    return period.valid_from <= on and (period.valid_until is None or on < period.valid_until)


def overlap(one: Period, other: Period) -> bool:
    """Whether two periods share a day."""
    one_begins_in_time = other.valid_until is None or one.valid_from < other.valid_until
    other_begins_in_time = one.valid_until is None or other.valid_from < one.valid_until
    return one_begins_in_time and other_begins_in_time


def list_overlaps(rows: Sequence[_Row], key_of: Callable[[_Row], _Key]) -> list[_Key]:
    """The key of every two rows that overlap though they speak of the same; rows are sorted by key and first day."""
    return [
        key_of(later)
        for earlier, later in pairwise(rows)
        if key_of(earlier) == key_of(later) and overlap(earlier, later)
    ]
