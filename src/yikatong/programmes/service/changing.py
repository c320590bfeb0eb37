"""What would have changed the answer, from the shelf: which single fact, changed to what, admits a refused case."""

from collections.abc import Mapping
from datetime import date

from yikatong.programmes.model import Asking, Decision, Formula, SingleChange
from yikatong.programmes.rules import changing
from yikatong.programmes.rules.facts import read_facts
from yikatong.programmes.rules.simulating import Calendar
from yikatong.programmes.service.shelf import Shelf
from yikatong.programmes.service.simulating import present_rules


def find_single_changes(shelf: Shelf, refused: Decision) -> tuple[SingleChange, ...]:
    """Every single fact that would have admitted a refused case, under the sheets known on its day of knowledge.

    Empty where only several facts together would have, and for a decision that refuses nothing. Refuses
    PROGRAMME_IS_UNKNOWN.
    """
    if refused.reason is None:
        return ()
    published = shelf.formulas.get(refused.formula)
    return _find(
        shelf,
        shelf.newest_formula(refused.programme) if published is None else published.formula,
        place=refused.place,
        known_on=refused.known_on,
        given=refused.inputs,
        asking=refused.asking,
    )


def find_days_in_force(
    shelf: Shelf,
    *,
    programme: str,
    place: str,
    on: date,
    known_on: date,
    given: Mapping[str, str],
    asking: Asking = Asking.ESTIMATE,
) -> tuple[SingleChange, ...]:
    """The effective days on which a case would be admitted for which no sheet is in force on its own day.

    Refuses PROGRAMME_IS_UNKNOWN, then what `read_facts` refuses.
    """
    formula = shelf.newest_formula(programme)
    dated = {**given, formula.effective: on.isoformat()}
    return _find(shelf, formula, place=place, known_on=known_on, given=dated, asking=asking)


def _find(
    shelf: Shelf, formula: Formula, *, place: str, known_on: date, given: Mapping[str, str], asking: Asking
) -> tuple[SingleChange, ...]:
    rules = present_rules(shelf, formula.programme)
    speaking = [
        changing.Speaking(first, until, rules.every[number], shelf.formula_of(rules.every[number]))
        for first, until, number in Calendar(rules, known_on=known_on).periods_of(int(place))
    ]
    case = changing.Case(
        formula=formula,
        place=place,
        known_on=known_on,
        asking=asking,
        numbers=read_facts(formula, given),
        speaking=speaking,
    )
    return changing.find_single_changes(case)
