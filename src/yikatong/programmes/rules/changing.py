"""What would have changed the answer: every single fact with which a refused case would have been admitted.

One fact is varied at a time over the edges that sheet, case and day give it, all facts together in one column; where
the answer differs between two neighbouring edges, the place between them is searched by halves. What the formula does
with a fact need not be known here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import numpy as np

from yikatong.programmes.model import (
    NOT_GIVEN,
    Asking,
    Column,
    Decision,
    Edge,
    Fact,
    FactKind,
    Formula,
    Found,
    Fund,
    Hundredths,
    PublishedFormula,
    Sheet,
    SingleChange,
    Span,
    Yuan,
)
from yikatong.programmes.rules.deciding import decide_case, decide_columns, work_on
from yikatong.programmes.rules.facts import day_of_number, day_of_second, first_second_of, show_fact
from yikatong.programmes.rules.values import values_in

_WORDS = (FactKind.FLAG, FactKind.CHOICE)
_REFUSED = -1
_KIND_OF = {Yuan: FactKind.YUAN, Fund: FactKind.YUAN, Hundredths: FactKind.HUNDREDTHS, int: FactKind.COUNT}

Edges = dict[FactKind, set[int]]


class Speaking(NamedTuple):
    """From which day until which, in days since 1970, a sheet speaks for the place of a case."""

    first: int
    until: int
    sheet: Sheet
    published: PublishedFormula


class Case(NamedTuple):
    """A case that was refused: how it was asked, its facts as numbers, and the sheets that speak for its place."""

    formula: Formula
    place: str
    known_on: date
    asking: Asking
    numbers: Mapping[str, int]
    speaking: Sequence[Speaking]

    def speaking_on(self, day: int) -> Speaking | None:
        """The sheet that speaks on a day."""
        return next((one for one in self.speaking if one.first <= day < one.until), None)


class _Point(NamedTuple):
    """One fact with another value, and the number of the sheet that admits the case with it, or -1."""

    value: int
    admitted_by: int


def find_single_changes(case: Case) -> tuple[SingleChange, ...]:
    """Every fact that admits the case if it alone is changed, in the formula's order; none for an admitted case."""
    if _try(case, [(case.formula.effective, case.numbers[case.formula.effective])])[0] != _REFUSED:
        return ()
    edges, bounds = _edges_of(case), _bounds_of(case)
    values = {
        fact: _values_of(fact, edges[fact.kind] | bounds[fact.name])
        for fact in case.formula.facts
        if fact.kind is not FactKind.CHOICES
    }
    points = _points_of(case, values)
    found = []
    for fact in case.formula.facts:
        spans = _papers(case, fact) if fact.kind is FactKind.CHOICES else _spans(fact, points[fact.name])
        if spans:
            told = tuple(_tell(case, fact, *span) for span in spans)
            found.append(SingleChange(fact=fact.name, given=show_fact(fact, case.numbers[fact.name]), spans=told))
    return tuple(found)


def _try(case: Case, variants: Sequence[tuple[str, int]]) -> list[int]:
    """Decide the case once for each variant, a fact's name and value: which sheet admits it, or -1."""
    rows = len(variants)
    varied = {name for name, _ in variants}
    facts = {
        name: np.full(rows, number, np.int64)
        for name, number in case.numbers.items()
        if number != NOT_GIVEN or name in varied
    }
    for row, (name, value) in enumerate(variants):
        facts[name][row] = value
    days = facts[case.formula.effective]
    admitted_by: Column = np.full(rows, _REFUSED, np.int64)
    for number, one in enumerate(case.speaking):
        inside = np.flatnonzero((days >= one.first) & (days < one.until))
        if len(inside):
            given = {name: column[inside] for name, column in facts.items()}
            worked = decide_columns(one.published.formula, one.sheet, given, rows=len(inside), asking=case.asking)
            admitted_by[inside] = np.where(worked.failed == 0, number, _REFUSED)
    return [int(number) for number in admitted_by]


def _edges_of(case: Case) -> Edges:
    """Where an answer may turn, by kind of fact: what sheets name, where one sheet follows another, and the case's
    own facts."""
    edges: Edges = defaultdict(set)
    for one in case.speaking:
        edges[FactKind.DAY] |= {one.first, one.until}
        for kind, number in _named(one.sheet.terms):
            edges[kind].add(number)
    for fact in case.formula.facts:
        number = case.numbers[fact.name]
        if number != NOT_GIVEN:
            edges[fact.kind].add(number)
    days, seconds = set(edges[FactKind.DAY]), set(edges[FactKind.MOMENT])
    edges[FactKind.MOMENT] |= {first_second_of(day) for day in days}
    edges[FactKind.DAY] |= {day_of_second(second) for second in seconds}
    return edges


def _named(terms: Any) -> Iterator[tuple[FactKind, int]]:
    """Every number that terms name, with the kind of fact that it is compared with."""
    for value in values_in(terms):
        if isinstance(value, Edge) and value.first is not None and value.last is not None:
            yield FactKind.MOMENT, value.first
            yield FactKind.MOMENT, value.last
        elif type(value) in _KIND_OF:
            yield _KIND_OF[type(value)], value


def _bounds_of(case: Case) -> dict[str, set[int]]:
    """The bounds of the checks that are made of each fact, also those that were reckoned."""
    bounds: dict[str, set[int]] = defaultdict(set)
    one = case.speaking_on(case.numbers[case.formula.effective])
    if one is None:
        return bounds
    columns = {name: np.array([number], np.int64) for name, number in case.numbers.items() if number != NOT_GIVEN}
    work = work_on(one.published.formula, one.sheet, columns, rows=1, asking=case.asking)
    for condition in work.conditions:
        for bound in (condition.least, condition.most):
            if bound is not None:
                numbers: Any = work.bound(bound)
                bounds[condition.fact].add(int(numbers if isinstance(numbers, int) else numbers[0]))
    return bounds


def _values_of(fact: Fact, edges: set[int]) -> list[int]:
    """The values of a fact that are tried first: both its ends, and each edge with its neighbours."""
    if fact.kind in _WORDS:
        return list(range(fact.least, fact.most + 1))
    near = {edge + step for edge in (fact.least, fact.most, *edges) for step in (-1, 0, 1)}
    return sorted(value for value in near if fact.least <= value <= fact.most)


def _points_of(case: Case, values: Mapping[Fact, list[int]]) -> dict[str, list[_Point]]:
    """Every fact's tried values, so many that where the answer differs between two of them, they are neighbours."""
    points: dict[str, list[_Point]] = {fact.name: [] for fact in values}
    open_ends = {fact.name for fact in values if fact.kind not in _WORDS}
    asked = [(fact.name, value) for fact, some in values.items() for value in some]
    while asked:
        for (name, value), admitted_by in zip(asked, _try(case, asked), strict=True):
            points[name].append(_Point(value, admitted_by))
        asked = [(name, value) for name in open_ends for value in _between(points[name])]
    return points


def _between(points: list[_Point]) -> Iterator[int]:
    points.sort()
    for one, other in pairwise(points):
        if one.admitted_by != other.admitted_by and other.value - one.value > 1:
            yield (one.value + other.value) // 2


def _spans(fact: Fact, points: list[_Point]) -> list[tuple[int, int]]:
    """First and last value of each run that one sheet admits; words stand each for itself."""
    if fact.kind in _WORDS:
        return [(point.value, point.value) for point in points if point.admitted_by != _REFUSED]
    runs = [(number, list(run)) for number, run in groupby(points, key=lambda point: point.admitted_by)]
    return [(run[0].value, run[-1].value) for number, run in runs if number != _REFUSED]


def _papers(case: Case, fact: Fact) -> list[tuple[int, int]]:
    """The least that must be added to what was given, if anything; of papers that would do alike, the first."""
    given = max(case.numbers[fact.name], 0)
    enough = fact.most
    if _try(case, [(fact.name, enough)])[0] == _REFUSED:
        return []
    for place in reversed(range(len(fact.choices))):
        fewer = enough & ~(1 << place) | given
        if _try(case, [(fact.name, fewer)])[0] != _REFUSED:
            enough = fewer
    return [(enough, enough)]


def _tell(case: Case, fact: Fact, least: int, most: int) -> Span:
    """A span with the clauses at its ends and what its nearest value gives."""
    given = case.numbers[fact.name]
    is_of_words = fact.kind in (*_WORDS, FactKind.CHOICES)
    ends = [end for end, own in ((least, fact.least), (most, fact.most)) if is_of_words or end != own]
    nearest = min(ends or [least], key=lambda end: abs(end - given)) if given != NOT_GIVEN else (ends or [least])[0]
    decided = _decide(case, fact, nearest)
    before, behind = (given, given) if is_of_words else (least - 1, most + 1)
    return Span(
        least=show_fact(fact, least) if least in ends else "",
        most=show_fact(fact, most) if most in ends else "",
        least_clause=_refusing_clause(case, fact, before) if least in ends else "",
        most_clause=_refusing_clause(case, fact, behind) if most in ends else "",
        nearest=show_fact(fact, nearest),
        amount_fen=0 if decided is None else decided.amount_fen,
        sheet="" if decided is None else decided.sheet,
    )


def _refusing_clause(case: Case, fact: Fact, value: int) -> str:
    """The clause behind the first reason with this value; empty where no sheet speaks."""
    decided = _decide(case, fact, value)
    return "" if decided is None else next(_refusing_clauses(decided), "")


def _refusing_clauses(decided: Decision) -> Iterator[str]:
    for check in decided.checks:
        if check.found is Found.FAILED and check.reason == decided.reason:
            yield check.clause
    for check in decided.checks:
        if check.found is Found.NOT_GIVEN:
            yield check.clause


def _decide(case: Case, fact: Fact, value: int) -> Decision | None:
    """The case with one fact changed; None where no sheet speaks for it."""
    numbers = {**case.numbers, fact.name: value}
    day = numbers[case.formula.effective]
    one = case.speaking_on(day)
    if one is None:
        return None
    formula = one.published.formula
    return decide_case(
        one.published,
        one.sheet,
        place=case.place,
        on=day_of_number(day),
        known_on=case.known_on,
        given={
            each.name: show_fact(each, numbers[each.name])
            for each in formula.facts
            if numbers.get(each.name, NOT_GIVEN) != NOT_GIVEN
        },
        asking=case.asking,
    )
