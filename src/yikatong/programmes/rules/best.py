"""Deciding a case of which something is still open: the best that may become of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import product

import numpy as np

from yikatong.kernel.money import show_yuan
from yikatong.programmes.model import NOT_GIVEN, Asking, Decision, Formula, PublishedFormula, Sheet, Yuan
from yikatong.programmes.model.facts import FactKind
from yikatong.programmes.rules.deciding import decide_case, decide_columns
from yikatong.programmes.rules.facts import read_facts, words_of
from yikatong.programmes.rules.values import values_in


def decide_best(
    published: PublishedFormula,
    sheet: Sheet,
    *,
    place: str,
    on: date,
    known_on: date,
    given: Mapping[str, str],
    open_facts: Sequence[str],
) -> Decision:
    """Decide an estimate under the values of its open facts that give most; the decision's inputs name them.

    An open choice may become any of its words, an open flag either, an open amount any that the sheet names, or the
    largest there is. Where every one is refused, that which fails least, then would give most. Refuses what
    `read_facts` refuses.
    """
    formula = published.formula
    names = tuple(name for name in open_facts if name not in given)
    tried = [dict(zip(names, values, strict=True)) for values in product(*(_values(formula, sheet, n) for n in names))]
    numbers = [read_facts(formula, {**given, **one, formula.effective: on.isoformat()}) for one in tried]
    columns = {
        fact.name: np.array([one[fact.name] for one in numbers], np.int64)
        for fact in formula.facts
        if numbers[0][fact.name] != NOT_GIVEN
    }
    worked = decide_columns(formula, sheet, columns, rows=len(tried))
    failures = [int(failed).bit_count() for failed in worked.failed]
    amounts = [int(amount) for amount in worked.steps[formula.steps[-1]]]
    best = min(range(len(tried)), key=lambda row: (failures[row], -amounts[row]))
    return decide_case(
        published,
        sheet,
        place=place,
        on=on,
        known_on=known_on,
        given={**given, **tried[best]},
        asking=Asking.ESTIMATE,
    )


def _values(formula: Formula, sheet: Sheet, name: str) -> list[str]:
    fact = formula.find_fact(name)
    assert fact is not None
    if fact.kind in (FactKind.CHOICE, FactKind.FLAG):
        return list(words_of(fact))
    assert fact.kind is FactKind.YUAN, "only choices, flags and amounts may be left open"
    edges = {int(fen) for fen in values_in(sheet.terms) if isinstance(fen, Yuan) and fact.least <= fen <= fact.most}
    return [show_yuan(fen) for fen in sorted(edges | {fact.most})]
