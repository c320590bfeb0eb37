"""The calculator: which programmes there are, by which sheets, and what one case would get. Open to anyone."""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from yikatong.client.calls import Calls


class Fact(Struct, frozen=True, kw_only=True):
    """A fact that a programme asks for: how its text is written, and between what it lies."""

    name: str
    kind: str
    zh: str
    en: str
    required: bool
    least: str
    most: str
    choices: tuple[str, ...]


class Programme(Struct, frozen=True, kw_only=True):
    """A programme; `effective` names the fact that is the day `on` of a decision."""

    programme: str
    formula: str
    title_zh: str
    title_en: str
    effective: str
    facts: tuple[Fact, ...]


class ProgrammeList(Struct, frozen=True, kw_only=True):
    """Every programme, by name."""

    programmes: tuple[Programme, ...]


class Sheet(Struct, frozen=True, kw_only=True):
    """A sheet: for which place and days it speaks, since when it is known, and what its documents are."""

    sheet: str
    digest: str
    place: str
    title_zh: str
    title_en: str
    valid_from: date
    valid_until: date | None
    known_from: date
    sources: tuple[str, ...]


class SheetList(Struct, frozen=True, kw_only=True):
    """Sheets, by name."""

    sheets: tuple[Sheet, ...]


class Step(Struct, frozen=True, kw_only=True):
    """One named number on the way to the amount, with its clause."""

    name: str
    value: int
    clause: str


class Check(Struct, frozen=True, kw_only=True):
    """One condition: the reason behind it, of which fact, what was found, and what it wants."""

    reason: str
    fact: str
    found: str
    given: str
    missing: tuple[str, ...]
    least: str
    most: str
    wants: str
    clause: str


class Span(Struct, frozen=True, kw_only=True):
    """Values in a row with which the case is admitted, both ends in; what bounds them, and what the nearest gives."""

    least: str
    most: str
    least_clause: str
    most_clause: str
    nearest: str
    amount_fen: int
    sheet: str


class SingleChange(Struct, frozen=True, kw_only=True):
    """A fact that, changed alone, would have admitted a refused case."""

    fact: str
    given: str
    spans: tuple[Span, ...]


class Decision(Struct, frozen=True, kw_only=True):
    """What came out, by which rule, step by step; `reason` is None where there is an amount."""

    amount_fen: int
    reason: str | None
    failed: tuple[str, ...]
    steps: tuple[Step, ...]
    would_change: tuple[Check, ...]
    single_changes: tuple[SingleChange, ...]
    assumed: tuple[str, ...]
    not_published: tuple[str, ...]
    on: date
    known_on: date
    formula: str
    formula_digest: str
    sheet: str
    sheet_digest: str
    inputs_digest: str


class Decided(Decision, frozen=True, kw_only=True):
    """A decision of the calculator; `amount_if_met_fen` is the amount if no reason stood in the way."""

    place: str
    amount_if_met_fen: int | None


class Programmes:
    """What anybody asks about programmes. Nothing that is said here is stored."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Partner`."""
        self._calls = calls

    def list(self) -> ProgrammeList:
        """The programmes, and the facts that each asks for."""
        return self._calls.ask("/v1/programmes", ProgrammeList)

    def list_sheets(self, programme: str, *, place: str = "") -> SheetList:
        """A programme's sheets, of one place or of all."""
        return self._calls.ask(f"/v1/programmes/{programme}/sheets", SheetList, place=place)

    def decide(
        self,
        programme: str,
        *,
        place: str,
        on: date,
        facts: Mapping[str, str],
        known_on: date | None = None,
        asking: str = "estimate",
        changes: bool = False,
    ) -> Decided:
        """Decide one case: an `estimate` takes what is not given as good, a `claim` asks for all its rule needs.

        A refusal of the programme is an answer with its `reason`; with `changes` also which single fact would have
        changed it. Raises Problem for facts that cannot be read.
        """
        body = {"place": place, "on": on, "known_on": known_on, "asking": asking, "facts": facts, "changes": changes}
        path = f"/v1/programmes/{programme}/decide"
        return self._calls.connection.ask(path, Decided, method="POST", body=body)
