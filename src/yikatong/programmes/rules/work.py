"""The work on a column of cases: what a formula writes its checks and steps with."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.programmes.model import NOT_GIVEN, Asking, Column, Note, NoteName, Reason

Mask = npt.NDArray[np.bool_]
Bound = int | str | Column
"""A number, the name of another fact, or a number for each case."""


class Condition(NamedTuple):
    """A check as it was made: enough to tell of one case what was found and wanted."""

    reason: AnyReason
    fact: str
    fails: Mask | None
    where: Mask | None
    least: Bound | None
    most: Bound | None
    wants: str
    clause: str

    @property
    def asks(self) -> tuple[str, ...]:
        """The facts that it needs, a bound that is a fact among them."""
        named = (name for name in (self.fact, self.least, self.most) if isinstance(name, str) and name)
        return tuple(dict.fromkeys(named))


class Stated(NamedTuple):
    """A step as it was made; of several clauses the first whose mask holds is a case's own."""

    column: Column
    clauses: tuple[tuple[Mask | None, str], ...]


class Work:
    """A column of cases under decision. A formula asks for facts, requires, and states steps; nothing else.

    Checks do not stop the work: every case gets all its steps, so that an estimate can say what would have come out.
    """

    def __init__(self, facts: Mapping[str, Column], *, rows: int, order: Sequence[AnyReason], asking: Asking) -> None:
        self.rows = rows
        self.asking = asking
        self.order = order
        self.failed: Column = np.zeros(rows, np.int64)
        self.conditions: list[Condition] = []
        self.steps: dict[str, Stated] = {}
        self.notes: list[Note] = []
        self._facts = facts
        self._bits = {reason: 1 << place for place, reason in enumerate(self.order)}

    def fact(self, name: str) -> Column:
        """A fact of each case; NOT_GIVEN where a case does not say it."""
        column = self._facts.get(name)
        return np.full(self.rows, NOT_GIVEN, np.int64) if column is None else column

    def note(self, name: NoteName, about: str) -> None:
        """Say that a term was not published and did not stand in the way."""
        self.notes.append(Note(name, about))

    def require(
        self,
        reason: AnyReason,
        fact: str,
        *,
        clause: str,
        least: Bound | None = None,
        most: Bound | None = None,
        where: Mask | None = None,
    ) -> None:
        """Require a fact to lie between bounds, both in; a bound that is a fact and not given binds nobody.

        Who does not give the fact passes in an estimate and lacks it in a claim.
        """
        column = self._facts.get(fact)
        fails: Mask | None = None
        if column is not None:
            fails = self._below(column, least)
            above = self._above(column, most)
            fails = above if fails is None else fails if above is None else fails | above
            fails = fails if where is None or fails is None else fails & where
        self._keep(Condition(reason, fact, fails, where, least, most, "", clause))

    def require_bits(self, reason: AnyReason, fact: str, *, any_of: Sequence[int], clause: str, wants: str) -> None:
        """Require of each mask in `any_of` one bit at least of a fact."""
        column = self._facts.get(fact)
        fails: Mask | None = None
        if column is not None:
            fails = np.zeros(self.rows, np.bool_)
            for bits in any_of:
                fails |= (column & bits) == 0
            fails &= column != NOT_GIVEN
        self._keep(Condition(reason, fact, fails, None, None, None, wants, clause))

    def refuse(self, reason: AnyReason, *, where: Mask | None = None, clause: str, wants: str = "") -> None:
        """Refuse some cases, or all, for what no fact could mend or what `wants` says."""
        fails = np.ones(self.rows, np.bool_) if where is None else where
        self._keep(Condition(reason, "", fails, None, None, None, wants, clause))

    def step(self, name: str, column: Column, clause: str, *, of: Sequence[tuple[Mask, str]] = ()) -> Column:
        """State a named number; `of` gives cases that follow another clause. Returns the column."""
        if name in self.steps:
            raise ValueError(f"the step {name} is stated twice")
        self.steps[name] = Stated(column, (*of, (None, clause)))
        return column

    def first_reasons(self) -> Column:
        """The place of each case's first reason in the order, counted from 1; 0 is none."""
        # Up to the lowest bit that is set, all bits: as many as its place. Where none is set, nothing.
        up_to_first = self.failed ^ (self.failed - 1)
        reasons: Column = np.bitwise_count(up_to_first) * (self.failed != 0).astype(np.int64)
        return reasons

    def bound(self, bound: Bound) -> Column | int:
        """A bound as numbers."""
        return self.fact(bound) if isinstance(bound, str) else bound

    def _below(self, column: Column, least: Bound | None) -> Mask | None:
        if least is None:
            return None
        bound = self.bound(least)
        below: Mask = (column < bound) & (column != NOT_GIVEN)
        return below

    def _above(self, column: Column, most: Bound | None) -> Mask | None:
        if most is None:
            return None
        bound = self.bound(most)
        above: Mask = column > bound
        return above & (bound != NOT_GIVEN) if isinstance(most, str) else above

    def _keep(self, condition: Condition) -> None:
        """Keep a condition and fail the cases that it fails; a claim fails also where it lacks a fact that is asked."""
        self.conditions.append(condition)
        self._fail(condition.reason, condition.fails)
        if self.asking is Asking.CLAIM:
            for name in condition.asks:
                missing = self.fact(name) == NOT_GIVEN
                self._fail(Reason.FACT_IS_NOT_GIVEN, missing if condition.where is None else missing & condition.where)

    def _fail(self, reason: AnyReason, fails: Mask | None) -> None:
        if fails is not None and fails.any():
            np.bitwise_or(self.failed, self._bits[reason], out=self.failed, where=fails)
