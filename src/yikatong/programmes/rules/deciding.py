"""Deciding by a formula and a sheet: one case with every word of why, or columns of millions."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import numpy as np

from yikatong.kernel.outcomes import Refused
from yikatong.programmes.model import (
    AMOUNT,
    NOT_GIVEN,
    Asking,
    Check,
    Column,
    Decision,
    Formula,
    Found,
    PublishedFormula,
    Reason,
    Sheet,
    Step,
    Worked,
)
from yikatong.programmes.rules.facts import read_facts, show_fact
from yikatong.programmes.rules.work import Bound, Condition, Stated, Work


def work_on(formula: Formula, sheet: Sheet, facts: Mapping[str, Column], *, rows: int, asking: Asking) -> Work:
    """Run a formula over columns of cases.

    Raises ValueError when the formula states other steps than it names, which a test of each formula would see.
    """
    work = Work(facts, rows=rows, order=formula.order, asking=asking)
    formula.decide(work, sheet.terms)
    if tuple(work.steps) != formula.steps:
        raise ValueError(f"{formula.name} states other steps than {formula.steps}")
    return work


def decide_columns(
    formula: Formula, sheet: Sheet, facts: Mapping[str, Column], *, rows: int, asking: Asking = Asking.ESTIMATE
) -> Worked:
    """Decide columns of cases under one sheet, with every step kept. A fact that no case gives may be left out."""
    work = work_on(formula, sheet, facts, rows=rows, asking=asking)
    steps = {name: stated.column for name, stated in work.steps.items()}
    amount = steps[AMOUNT] * (work.failed == 0)
    return Worked(amount, work.first_reasons(), work.failed, steps)


def decide_case(
    published: PublishedFormula,
    sheet: Sheet,
    *,
    place: str,
    on: date,
    known_on: date,
    given: Mapping[str, str],
    asking: Asking,
) -> Decision:
    """Decide one case: a column of length one, by the same text as millions.

    Refuses what `read_facts` refuses; everything else is in the decision's `reason`. The effective day is a fact like
    others; given besides, it must be the same day (FACT_IS_NOT_READABLE).
    """
    formula = published.formula
    if given.get(formula.effective, on.isoformat()) != on.isoformat():
        raise Refused(Reason.FACT_IS_NOT_READABLE, fact=formula.effective, on=on.isoformat())
    numbers = read_facts(formula, {**given, formula.effective: on.isoformat()})
    columns = {name: np.array([number], np.int64) for name, number in numbers.items() if number != NOT_GIVEN}
    work = work_on(formula, sheet, columns, rows=1, asking=asking)
    failed = tuple(reason.name for place, reason in enumerate(work.order) if int(work.failed[0]) >> place & 1)
    amount_if_met = int(work.steps[AMOUNT].column[0])
    inputs = {fact.name: show_fact(fact, numbers[fact.name]) for fact in formula.facts if fact.name in columns}
    return Decision(
        programme=formula.programme,
        place=place,
        on=on,
        known_on=known_on,
        asking=asking,
        formula=formula.name,
        formula_digest=published.digest,
        sheet=sheet.name,
        sheet_digest=sheet.digest,
        inputs=inputs,
        inputs_digest=digest_inputs(inputs, place=place, on=on, known_on=known_on, asking=asking),
        amount_fen=0 if failed else amount_if_met,
        reason=failed[0] if failed else None,
        failed=failed,
        amount_if_met_fen=None if formula.unpublished.name in failed else amount_if_met,
        notes=tuple(work.notes),
        checks=tuple(_check(work, formula, sheet, one) for one in work.conditions if _concerns(one)),
        steps=tuple(_step(sheet, name, stated) for name, stated in work.steps.items()),
    )


def digest_inputs(inputs: Mapping[str, str], *, place: str, on: date, known_on: date, asking: Asking) -> str:
    """SHA-256 over the frozen inputs and the two days, as JSON with sorted keys."""
    frozen = {
        "asking": asking.value,
        "inputs": dict(sorted(inputs.items())),
        "known_on": known_on.isoformat(),
        "on": on.isoformat(),
        "place": place,
    }
    return hashlib.sha256(msgspec.json.encode(frozen, order="sorted")).hexdigest()


def _concerns(condition: Condition) -> bool:
    """Whether a condition is about this one case: a refusal that was not made is not told."""
    applies = condition.where is None or bool(condition.where[0])
    made = bool(condition.fact) or bool(condition.fails is not None and condition.fails[0])
    return applies and made


def _check(work: Work, formula: Formula, sheet: Sheet, condition: Condition) -> Check:
    missing = tuple(name for name in condition.asks if work.fact(name)[0] == NOT_GIVEN)
    return Check(
        reason=condition.reason.name,
        fact=condition.fact,
        found=_found(condition, missing),
        given=_show(formula, condition.fact, int(work.fact(condition.fact)[0])),
        missing=missing,
        least=_show_bound(work, formula, condition.fact, condition.least),
        most=_show_bound(work, formula, condition.fact, condition.most),
        wants=condition.wants,
        clause=sheet.cite(condition.clause),
    )


def _found(condition: Condition, missing: tuple[str, ...]) -> Found:
    """What a condition found of one case; a fact or a bound that was not given is no failure of it."""
    if condition.fails is not None and condition.fails[0]:
        return Found.FAILED
    return Found.NOT_GIVEN if missing else Found.PASSED


def _show(formula: Formula, name: str, number: int) -> str:
    fact = formula.find_fact(name)
    return "" if fact is None else show_fact(fact, number)


def _show_bound(work: Work, formula: Formula, name: str, bound: Bound | None) -> str:
    if bound is None:
        return ""
    numbers: Any = work.bound(bound)
    return _show(formula, name, int(numbers if isinstance(numbers, int) else numbers[0]))


def _step(sheet: Sheet, name: str, stated: Stated) -> Step:
    clause = next(clause for mask, clause in stated.clauses if mask is None or mask[0])
    return Step(name=name, value=int(stated.column[0]), clause=sheet.cite(clause))
