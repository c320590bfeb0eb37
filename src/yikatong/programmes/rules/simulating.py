"""A population under the sheets of many places: the same formula, a column for each sheet's cases."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from yikatong.programmes.model import Column, PublishedFormula, Sheet
from yikatong.programmes.rules.deciding import decide_columns
from yikatong.programmes.rules.facts import day_number
from yikatong.programmes.rules.versions import find_sheet

SLICE_ROWS = 16_384
"""So many cases at a time, because their columns then stay in a processor's cache."""


class Rules(NamedTuple):
    """Formulas by name and the sheets of one programme; `changed` sheets count before the others."""

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


def choose_sheets(rules: Rules, *, places: Column, days: Column, known_on: date) -> Column:
    """The number of each case's sheet among `rules.every`, -1 where none is in force."""
    numbers = {sheet.name: number for number, sheet in enumerate(rules.every)}
    chosen = np.full(len(places), -1, np.int64)
    starts = _starts(places)
    for start, end in zip(starts, (*starts[1:], len(places)), strict=True):
        place = f"{places[start]:06d}"
        for first, last, sheet in _periods(rules, place, known_on=known_on):
            inside = slice(start, end)
            in_force = (days[inside] >= first) & (days[inside] < last)
            chosen[inside][in_force] = numbers[sheet.name]
    return chosen


def _periods(rules: Rules, place: str, *, known_on: date) -> Iterator[tuple[int, int, Sheet]]:
    """From which day until which each sheet counts for a place."""
    edges = {sheet.valid_from for sheet in rules.every}
    edges |= {sheet.valid_until for sheet in rules.every if sheet.valid_until is not None}
    begins = sorted(edges)
    for begin, end in zip(begins, (*begins[1:], date.max), strict=True):
        found = find_sheet(rules.changed, place=place, on=begin, known_on=date.max) or find_sheet(
            rules.sheets, place=place, on=begin, known_on=known_on
        )
        if found is not None:
            yield day_number(begin), day_number(end), found


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
        formula = rules.formulas[f"{sheet.head.programme}/{sheet.head.formula}"].formula
        given = {name: column[inside] for name, column in facts.items()}
        worked = decide_columns(formula, sheet, given, rows=end - start)
        out.amount_fen[inside], out.reason[inside], out.failed[inside] = worked.amount_fen, worked.reason, worked.failed
        for name, column in worked.steps.items():
            if name in out.steps:
                out.steps[name][inside] = column
    return out


def _starts(column: Column) -> Column:
    return np.flatnonzero(np.diff(column, prepend=column[:1] - 1)) if len(column) else np.zeros(0, np.int64)


def _slices(sheets: Column) -> Iterator[tuple[int, int]]:
    starts = _starts(sheets)
    for start, end in zip(starts, (*starts[1:], len(sheets)), strict=True):
        for begin in range(int(start), int(end), SLICE_ROWS):
            yield begin, min(begin + SLICE_ROWS, int(end))
