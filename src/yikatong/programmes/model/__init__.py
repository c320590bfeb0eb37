"""Programmes' frozen values: facts, sheets, formulas, decisions."""

from yikatong.programmes.model.changes import SingleChange, Span
from yikatong.programmes.model.decisions import Asking, Check, Decision, Found, Note, NoteName, Step, Worked
from yikatong.programmes.model.facts import NOT_GIVEN, Column, Fact, FactKind
from yikatong.programmes.model.formulas import AMOUNT, Formula, PublishedFormula
from yikatong.programmes.model.sheets import (
    DERIVED,
    Edge,
    Fund,
    Head,
    Hundredths,
    Nothing,
    Percent,
    Range,
    Sheet,
    Source,
    SourceKind,
    Unknown,
    Window,
    Words,
    Yuan,
)
from yikatong.programmes.reasons import Reason

__all__ = [
    "AMOUNT",
    "DERIVED",
    "NOT_GIVEN",
    "Asking",
    "Check",
    "Column",
    "Decision",
    "Edge",
    "Fact",
    "FactKind",
    "Formula",
    "Found",
    "Fund",
    "Head",
    "Hundredths",
    "Note",
    "NoteName",
    "Nothing",
    "Percent",
    "PublishedFormula",
    "Range",
    "Reason",
    "Sheet",
    "SingleChange",
    "Source",
    "SourceKind",
    "Span",
    "Step",
    "Unknown",
    "Window",
    "Words",
    "Worked",
    "Yuan",
]
