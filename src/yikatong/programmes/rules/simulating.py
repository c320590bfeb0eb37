"""A population under the sheets of many places: the same formula, a column for each sheet's cases."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from yikatong.places.model import enclosing_codes
from yikatong.programmes.model import Column, PublishedFormula, Sheet
from yikatong.programmes.rules.deciding import decide_columns
from yikatong.programmes.rules.facts import day_number
from yikatong.programmes.rules.versions import find_sheet

SLICE_ROWS = 16_384
"""So many cases at a time, because their columns then stay in a processor's cache."""


class Rules(NamedTuple):
    """Formulas by name and the sheets of one programme; `changed` sheets count before the others of their places."""

    formulas: Mapping[str, PublishedFormula]
    sheets: tuple[Sheet, ...]
    changed: tuple[Sheet, ...] = ()

    @property
    def every(self) -> tuple[Sheet, ...]:
        """All sheets, in the order in which columns number them."""
        return (*self.sheets, *self.changed)


class Outcome(NamedTuple):
    """What became of a population: which sheet each case fell under (-1 none), amounts, the first reason's place
    counted from 1 (0 none), failed checks as bits, and every step by name."""

    sheet: Column
    amount_fen: Column
    reason: Column
    failed: Column
    steps: dict[str, Column]


class Calendar:
    """Which sheet counts when, place by place; made once for a population, and kept."""

    def __init__(self, rules: Rules, *, known_on: date) -> None:
        self.rules = rules
        self.known_on = known_on
        self._numbers = {sheet.name: number for number, sheet in enumerate(rules.sheets)}
        self._changed = {sheet.name: len(rules.sheets) + number for number, sheet in enumerate(rules.changed)}
        self._periods: dict[int, list[tuple[int, int, int]]] = {}

    def periods_of(self, place: int) -> list[tuple[int, int, int]]:
        """From which day until which, in days since 1970, a place falls under which sheet of `rules.every`."""
        if place not in self._periods:
            self._periods[place] = list(self._find_periods(f"{place:06d}"))
        return self._periods[place]

    def _find_periods(self, place: str) -> Iterator[tuple[int, int, int]]:
        codes = enclosing_codes(place)
        sheets, changed = (
            [sheet for sheet in some if sheet.head.place in codes] for some in (self.rules.sheets, self.rules.changed)
        )
        edges = {sheet.valid_from for sheet in (*sheets, *changed)}
        edges |= {sheet.valid_until for sheet in (*sheets, *changed) if sheet.valid_until is not None}
        begins = sorted(edges)
        for begin, end in zip(begins, (*begins[1:], date.max), strict=False):
            first, last = day_number(begin), day_number(end)
            then = find_sheet(changed, place=place, on=begin, known_on=date.max)
            now = find_sheet(sheets, place=place, on=begin, known_on=self.known_on)
            if then is not None and (now is None or codes.index(then.head.place) <= codes.index(now.head.place)):
                yield first, last, self._changed[then.name]
            elif now is not None:
                yield first, last, self._numbers[now.name]


def choose_sheets(calendar: Calendar, *, places: Column, days: Column) -> Column:
    """The number of each case's sheet among the rules' `every`, -1 where none is in force."""
    chosen = np.full(len(places), -1, np.int64)
    for start, end in runs_of(places):
        inside = slice(start, end)
        for first, last, number in calendar.periods_of(int(places[start])):
            chosen[inside][(days[inside] >= first) & (days[inside] < last)] = number
    return chosen


def decide_population(rules: Rules, facts: Mapping[str, Column], *, sheets: Column, steps: Sequence[str]) -> Outcome:
    """Decide a population, each case under its sheet; `steps` are the names to keep.

    Cases of one sheet should lie together; scattered ones come out the same and take longer.
    """
    rows = len(sheets)
    out = Outcome(
        sheets,
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
        {name: np.zeros(rows, np.int64) for name in steps},
    )
    every = rules.every
    for start, end in _slices(sheets):
        number = int(sheets[start])
        if number < 0:
            continue
        inside, sheet = slice(start, end), every[number]
        formula = rules.formulas[sheet.head.formula_name].formula
        given = {name: column[inside] for name, column in facts.items()}
        worked = decide_columns(formula, sheet, given, rows=end - start)
        out.amount_fen[inside], out.reason[inside], out.failed[inside] = worked.amount_fen, worked.reason, worked.failed
        for name, column in worked.steps.items():
            if name in out.steps:
                out.steps[name][inside] = column
    return out


def runs_of(column: Column) -> Iterator[tuple[int, int]]:
    """Where the same number stands in a row: the first row of each run, and the row after its last."""
    starts = np.flatnonzero(np.diff(column, prepend=column[:1] - 1)).tolist()
    return pairwise((*starts, len(column)))


def _slices(sheets: Column) -> Iterator[tuple[int, int]]:
    for start, end in runs_of(sheets):
        for begin in range(start, end, SLICE_ROWS):
            yield begin, min(begin + SLICE_ROWS, end)
