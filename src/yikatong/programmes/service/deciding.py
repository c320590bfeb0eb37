"""Deciding a case from the shelf, and replaying a kept decision; neither needs a database."""

from collections.abc import Mapping, Sequence
from datetime import date

from yikatong.kernel.outcomes import Refused
from yikatong.kernel.periods import is_in_force
from yikatong.places.model import enclosing_codes
from yikatong.programmes.model import Asking, Decision, PublishedFormula, Reason, Sheet
from yikatong.programmes.rules.best import decide_best
from yikatong.programmes.rules.deciding import decide_case
from yikatong.programmes.rules.facts import get_fact, read_fact
from yikatong.programmes.rules.replaying import Difference, list_differences, recompute_decision, replay_decision
from yikatong.programmes.rules.versions import find_sheet
from yikatong.programmes.service.shelf import Shelf


def get_sheet(shelf: Shelf, *, programme: str, place: str, on: date, known_on: date) -> Sheet:
    """The sheet that counts for a place and an effective day, as known on a day.

    Refuses, in this order:
        PROGRAMME_IS_UNKNOWN       no programme of this name
        PROGRAMME_IS_NOT_IN_FORCE  no sheet of the place, its city or its province was in force and known
    """
    sheet = find_sheet(shelf.sheets_of(programme), place=place, on=on, known_on=known_on)
    if sheet is None:
        raise Refused(Reason.PROGRAMME_IS_NOT_IN_FORCE, programme=programme, place=place, on=on.isoformat())
    return sheet


def verify_readable(shelf: Shelf, *, programme: str, given: Mapping[str, str]) -> Mapping[str, str]:
    """Facts that somebody states, if the programme's newest formula knows and can read each of them.

    Refuses, in this order: PROGRAMME_IS_UNKNOWN, FACT_IS_UNKNOWN, then as `read_fact`.
    """
    formula = shelf.newest_formula(programme)
    for name, text in given.items():
        read_fact(get_fact(formula, name), text)
    return given


def decide(
    shelf: Shelf,
    *,
    programme: str,
    place: str,
    on: date,
    known_on: date,
    given: Mapping[str, str],
    asking: Asking = Asking.ESTIMATE,
) -> Decision:
    """Decide one case under the sheet of its place and effective day, as known on a day.

    Refuses what `get_sheet` refuses, then what `read_facts` refuses; every other reason is in the decision.
    """
    sheet = get_sheet(shelf, programme=programme, place=place, on=on, known_on=known_on)
    return decide_case(
        shelf.formula_of(sheet), sheet, place=place, on=on, known_on=known_on, given=given, asking=asking
    )


def decide_by_sheet(
    shelf: Shelf,
    sheet: Sheet,
    *,
    place: str,
    on: date,
    known_on: date,
    given: Mapping[str, str],
    asking: Asking = Asking.ESTIMATE,
) -> Decision:
    """Decide one case by a sheet that need not stand on the shelf: one that is being written.

    Refuses PROGRAMME_IS_NOT_IN_FORCE where the sheet does not speak for that place or day, then what `read_facts`
    refuses.
    """
    if sheet.head.place not in enclosing_codes(place) or not is_in_force(sheet, on):
        raise Refused(Reason.PROGRAMME_IS_NOT_IN_FORCE, sheet=sheet.name, place=place, on=on.isoformat())
    return decide_case(
        shelf.formula_of(sheet), sheet, place=place, on=on, known_on=known_on, given=given, asking=asking
    )


def decide_most(
    shelf: Shelf,
    *,
    programme: str,
    place: str,
    on: date,
    known_on: date,
    given: Mapping[str, str],
    open_facts: Sequence[str],
) -> Decision:
    """Decide an estimate under those values of its open facts (amounts, choices, flags) that give most.

    Refuses as `decide`.
    """
    sheet = get_sheet(shelf, programme=programme, place=place, on=on, known_on=known_on)
    published = shelf.formula_of(sheet)
    return decide_best(published, sheet, place=place, on=on, known_on=known_on, given=given, open_facts=open_facts)


def replay(shelf: Shelf, kept: Decision) -> Decision:
    """Recompute a kept decision under the rule and the knowledge of that day.

    Refuses, in this order:
        PROGRAMME_IS_UNKNOWN        no programme of this name
        RULE_IS_NOT_HELD            no formula or sheet of those names, or with other digests
        DECISION_DOES_NOT_REPLAY    what comes out differs from what was kept; `field` names the first difference
    """
    return replay_decision(kept, *_rule_of(shelf, kept))


def find_differences(shelf: Shelf, kept: Decision) -> tuple[Difference, ...]:
    """Everything in which a kept decision differs from its replay; empty when it replays.

    Refuses PROGRAMME_IS_UNKNOWN, then RULE_IS_NOT_HELD, as `replay` does.
    """
    return list_differences(kept, recompute_decision(kept, *_rule_of(shelf, kept)))


def _rule_of(shelf: Shelf, kept: Decision) -> tuple[PublishedFormula, Sheet]:
    sheets = {sheet.name: sheet for sheet in shelf.sheets_of(kept.programme)}
    published, sheet = shelf.formulas.get(kept.formula), sheets.get(kept.sheet)
    if published is None or sheet is None:
        raise Refused(Reason.RULE_IS_NOT_HELD, formula=kept.formula, sheet=kept.sheet)
    return published, sheet
