"""Builders of programmes: sheets as text, shelves of them, and trade-ins in which nothing stands in the way."""

from collections.abc import Mapping
from datetime import date

from yikatong.programmes import service
from yikatong.programmes.model import Asking, Decision, Sheet

KNOWN_BY_ALL = date(2100, 1, 1)
TRADE_IN = service.read_shelf().formulas["trade_in/1"].formula
"""The formula of the sheets that are made here, unless they name another."""

_TEXT = """programme: trade_in
formula: 1
place: "{place}"
scheme: "2024"
title: {{zh: 试验, en: trial}}
valid_from: {valid_from}
valid_until: {valid_until}
known_from: {known_from}
{more}sources:
  notice: {{title: A notice, kind: news}}
terms:
{terms}
"""
_TERMS = {
    "base": "{kind: flat, amount: 500, clause: notice}",
    "battery": "none",
    "minimum_price": "none",
    "bonuses": "none",
    "other_benefits": "none",
    "rounding": "{rule: fen_floor, clause: notice}",
    "per_person": "none",
    "order": "{rule: any, clause: notice}",
    "mode": "{kind: deduct_at_sale, clause: notice}",
    "ownership": "{proof: plate, same_person: true, clause: notice}",
    "old_bike": "{battery: required, clause: notice}",
    "age": "none",
    "evidence": "none",
    "price_pledge": "none",
    "budget": "none",
    "returns": "unknown",
}
PAID_LATER = {"mode": "{kind: claim_later, paid_by: treasury, clause: notice}"}
"""Terms of a place that pays a claim once everything was checked, and takes nothing off at the till."""
WINDOWS = ("old_registered", "old_cancelled", "handed_in", "bought", "new_registered", "claimed")


def a_sheet_text(
    terms: Mapping[str, str] | None = None,
    *,
    place: str = "320000",
    valid_from: str = "2024-09-01",
    valid_until: str = "2025-01-01",
    known_from: str = "2024-09-01",
    more: str = "",
    windows: Mapping[str, str] | None = None,
    **more_terms: str,
) -> str:
    """A sheet of the trade-in that asks for nothing and pays 500, but for what is given."""
    within = dict.fromkeys(WINDOWS, "none") | dict(windows or {})
    said = (
        _TERMS
        | dict(terms or {})
        | more_terms
        | {"windows": "{" + ", ".join(f"{name}: {window}" for name, window in within.items()) + "}"}
    )
    return _TEXT.format(
        place=place,
        valid_from=valid_from,
        valid_until=valid_until,
        known_from=known_from,
        more=more,
        terms="\n".join(f"  {name}: {value}" for name, value in said.items()),
    )


def a_sheet_text_3(terms: Mapping[str, str] | None = None, *, quota: str = "none", **head: str) -> str:
    """A sheet of version 3 that asks for nothing and pays 500, but for what is given."""
    said = {"ownership": "{proof: plate, new_owner: applicant, clause: notice}", "quota": quota} | dict(terms or {})
    text = a_sheet_text(said, windows={"new_registered_within": "none"}, **head)
    return text.replace("formula: 1", "formula: 3")


def a_sheet(text: str | None = None, *, name: str = "320000-2024-09-01") -> Sheet:
    """A sheet as it is read."""
    formulas = service.read_shelf().formulas
    return service.read_sheet(a_sheet_text() if text is None else text, file=f"trade_in/{name}.yaml", formulas=formulas)


def a_shelf(*sheets: Sheet) -> service.Shelf:
    """A shelf with these sheets alone."""
    return service.make_shelf(service.read_shelf().formulas, sheets)


def a_decision(
    shelf: service.Shelf,
    facts: Mapping[str, str] | None = None,
    *,
    on: date = date(2024, 10, 20),
    place: str = "320000",
    known_on: date = KNOWN_BY_ALL,
    asking: Asking = Asking.ESTIMATE,
    price: str = "2000",
    old_battery: str = "lead_acid",
    new_battery: str = "lead_acid",
    **more_facts: str,
) -> Decision:
    """A trade-in decided."""
    given = {"price": price, "old_battery": old_battery, "new_battery": new_battery, **(facts or {}), **more_facts}
    return service.decide(
        shelf, programme="trade_in", place=place, on=on, known_on=known_on, given=given, asking=asking
    )
