"""Replaying a kept decision: recomputed from what it keeps, under the rule and the knowledge of that day."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from yikatong.kernel.outcomes import Refused
from yikatong.programmes.model import Check, Decision, PublishedFormula, Reason, Sheet, Step
from yikatong.programmes.rules.deciding import decide_case


class Difference(NamedTuple):
    """Where a kept decision and its replay differ: a field, or within it a step or check by name; both as text."""

    field: str
    kept: str
    replayed: str


def recompute_decision(kept: Decision, published: PublishedFormula, sheet: Sheet) -> Decision:
    """What a kept decision's inputs give under the formula and sheet of its digests.

    Refuses RULE_IS_NOT_HELD when formula or sheet have other digests; then what `decide_case` refuses, which inputs
    that were decided once cannot bring about.
    """
    if (published.digest, sheet.digest) != (kept.formula_digest, kept.sheet_digest):
        raise Refused(Reason.RULE_IS_NOT_HELD, formula=kept.formula, sheet=kept.sheet)
    return decide_case(
        published,
        sheet,
        place=kept.place,
        on=kept.on,
        known_on=kept.known_on,
        given=kept.inputs,
        asking=kept.asking,
    )


def list_differences(kept: Decision, replayed: Decision) -> tuple[Difference, ...]:
    """Everything in which two decisions differ, in the order of their fields; a step or a check is named by itself."""
    return tuple(
        difference
        for field in Decision.__struct_fields__
        for difference in _differences_of(field, getattr(kept, field), getattr(replayed, field))
    )


def _differences_of(field: str, kept: Any, replayed: Any) -> Iterator[Difference]:
    if kept == replayed:
        return
    named = list(_differences_by_name(field, kept, replayed)) if field in ("steps", "checks") else []
    yield from named or (Difference(field, _show(kept), _show(replayed)),)


def _differences_by_name(
    field: str, kept: Sequence[Step | Check], replayed: Sequence[Step | Check]
) -> Iterator[Difference]:
    one, other = ({_name_of(part): part for part in parts} for parts in (kept, replayed))
    for name in dict.fromkeys((*one, *other)):
        if one.get(name) != other.get(name):
            yield Difference(f"{field}.{name}", _show(one.get(name)), _show(other.get(name)))


def _name_of(part: Step | Check) -> str:
    return part.name if isinstance(part, Step) else f"{part.reason} {part.fact}".strip()


def _show(value: Any) -> str:
    if isinstance(value, Step):
        return f"{value.value} ({value.clause})"
    if isinstance(value, Check):
        return f"{value.found.value} {value.given} {value.least} {value.most} {value.wants} ({value.clause})"
    return "" if value is None else str(value)


def replay_decision(kept: Decision, published: PublishedFormula, sheet: Sheet) -> Decision:
    """Recompute a kept decision and find it equal; returns it.

    Refuses, in this order:
        RULE_IS_NOT_HELD            formula or sheet are not those of its digests
        DECISION_DOES_NOT_REPLAY    its inputs' digest, a step, a check or the amount differs; `field` names the first
    """
    replayed = recompute_decision(kept, published, sheet)
    for difference in list_differences(kept, replayed):
        raise Refused(Reason.DECISION_DOES_NOT_REPLAY, field=difference.field.partition(".")[0])
    return replayed
