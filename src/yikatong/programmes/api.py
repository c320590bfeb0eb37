"""HTTP routes of programmes: a calculator open to anyone. It stores nothing, and no person stands in what it says."""

from datetime import date
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.kernel.instants import day_of
from yikatong.places.model import DivisionCodeText
from yikatong.plumbing.http import Call, Route, RouteKind, open_query
from yikatong.programmes import service
from yikatong.programmes.model import (
    Asking,
    Check,
    Decision,
    Fact,
    FactKind,
    Formula,
    Reason,
    Sheet,
    SingleChange,
    Step,
)
from yikatong.programmes.rules.facts import show_fact

_BODY_BYTES_MAX = 8_192
_FactName = Annotated[str, Meta(max_length=40, examples=["price"])]
_FactText = Annotated[str, Meta(max_length=400, examples=["1999.99"])]
_TURNS_OF_CHANGES = 10
"""What single changes cost beside the decision, in turns: as they take processor time."""


class FactAnswer(Struct, frozen=True, kw_only=True):
    """A fact that a programme asks for: how its text is written, and between what it lies."""

    name: str
    kind: FactKind
    zh: str
    en: str
    required: bool
    least: str
    most: str
    choices: tuple[str, ...]


class ProgrammeAnswer(Struct, frozen=True, kw_only=True):
    """A programme: `effective` names the fact that is the day `on` of a decision."""

    programme: str
    formula: str
    title_zh: str
    title_en: str
    effective: str
    facts: tuple[FactAnswer, ...]


class ProgrammesAnswer(Struct, frozen=True):
    """Every programme, by name."""

    programmes: tuple[ProgrammeAnswer, ...]


class SheetAnswer(Struct, frozen=True, kw_only=True):
    """A sheet: for which place and days it speaks, since when it is known, and what the documents are."""

    sheet: str
    digest: str
    place: str
    title_zh: str
    title_en: str
    valid_from: date
    valid_until: date | None
    known_from: date
    sources: tuple[str, ...]


class SheetsAnswer(Struct, frozen=True):
    """Sheets, by name."""

    sheets: tuple[SheetAnswer, ...]


class SheetsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which sheets to list."""

    place: Annotated[str, Meta(pattern="^([0-9]{6})?$", description="only this place's own sheets")] = ""


class DecideBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case. What is not given is taken as good by an `estimate`; a `claim` asks for all its rule needs."""

    place: DivisionCodeText
    on: Annotated[date, Meta(description="the effective day; of a trade-in the day of the invoice")]
    known_on: Annotated[date | None, Meta(description="the day of knowledge; today when left out")] = None
    asking: Asking = Asking.ESTIMATE
    facts: Annotated[dict[_FactName, _FactText], Meta(max_length=60, description="facts by name, each as text")]
    changes: Annotated[bool, Meta(description="of a refusal also which single fact would have changed it")] = False


class DecideAnswer(Struct, frozen=True, kw_only=True):
    """What came out, by which rule, step by step; a refusal of the programme is an answer here and names its reason.

    `would_change` are the conditions that were not met, `single_changes` each fact that alone would have been enough;
    `assumed` are the facts that were not given and taken as good.
    """

    amount_fen: int
    reason: str | None
    failed: tuple[str, ...]
    amount_if_met_fen: int | None
    steps: tuple[Step, ...]
    would_change: tuple[Check, ...]
    single_changes: tuple[SingleChange, ...]
    assumed: tuple[str, ...]
    not_published: tuple[str, ...]
    place: str
    on: date
    known_on: date
    formula: str
    formula_digest: str
    sheet: str
    sheet_digest: str
    inputs_digest: str


async def _list_programmes(shelf: service.Shelf, call: Call, body: None, query: None) -> ProgrammesAnswer:
    formulas = [shelf.newest_formula(name) for name in shelf.programmes()]
    return ProgrammesAnswer(tuple(_show_programme(formula) for formula in formulas))


async def _list_sheets(shelf: service.Shelf, call: Call, body: None, query: SheetsQuery) -> SheetsAnswer:
    sheets = shelf.sheets_of(call.path["programme"])
    return SheetsAnswer(tuple(_show_sheet(sheet) for sheet in sheets if query.place in ("", sheet.head.place)))


class _Calculator:
    """Decides for anyone, so many cases a second."""

    def __init__(self, shelf: service.Shelf, turns: service.Turns) -> None:
        self._shelf = shelf
        self._turns = turns

    async def decide_case(self, call: Call, body: DecideBody, query: None) -> DecideAnswer:
        self._turns.take(_TURNS_OF_CHANGES if body.changes else 1, now=call.now)
        decision = service.decide(
            self._shelf,
            programme=call.path["programme"],
            place=body.place,
            on=body.on,
            known_on=day_of(call.now) if body.known_on is None else body.known_on,
            given=body.facts,
            asking=body.asking,
        )
        return show_decision(decision, service.find_single_changes(self._shelf, decision) if body.changes else ())


def show_decision(decision: Decision, changes: tuple[SingleChange, ...]) -> DecideAnswer:
    """A decision as the calculator answers it."""
    return DecideAnswer(
        amount_fen=decision.amount_fen,
        reason=decision.reason,
        failed=decision.failed,
        amount_if_met_fen=decision.amount_if_met_fen,
        steps=decision.steps,
        would_change=decision.would_change,
        single_changes=changes,
        assumed=decision.lacking if decision.asking is Asking.ESTIMATE else (),
        not_published=tuple(note.about for note in decision.notes),
        place=decision.place,
        on=decision.on,
        known_on=decision.known_on,
        formula=decision.formula,
        formula_digest=decision.formula_digest,
        sheet=decision.sheet,
        sheet_digest=decision.sheet_digest,
        inputs_digest=decision.inputs_digest,
    )


def _show_programme(formula: Formula) -> ProgrammeAnswer:
    return ProgrammeAnswer(
        programme=formula.programme,
        formula=formula.name,
        title_zh=formula.title_zh,
        title_en=formula.title_en,
        effective=formula.effective,
        facts=tuple(_show_fact(fact) for fact in formula.facts),
    )


def _show_fact(fact: Fact) -> FactAnswer:
    is_of_words = fact.kind in (FactKind.CHOICE, FactKind.CHOICES, FactKind.FLAG)
    return FactAnswer(
        name=fact.name,
        kind=fact.kind,
        zh=fact.zh,
        en=fact.en,
        required=fact.required,
        least="" if is_of_words else show_fact(fact, fact.least),
        most="" if is_of_words else show_fact(fact, fact.most),
        choices=("yes", "no") if fact.kind is FactKind.FLAG else fact.choices,
    )


def _show_sheet(sheet: Sheet) -> SheetAnswer:
    return SheetAnswer(
        sheet=sheet.name,
        digest=sheet.digest,
        place=sheet.head.place,
        title_zh=sheet.head.title.zh,
        title_en=sheet.head.title.en,
        valid_from=sheet.valid_from,
        valid_until=sheet.valid_until,
        known_from=sheet.head.known_from,
        sources=tuple(source.title for source in sheet.head.sources.values()),
    )


def routes(shelf: service.Shelf) -> tuple[Route, ...]:
    """The calculator and what a page needs to offer it."""
    return (
        open_query(
            "/v1/programmes",
            "list_programmes",
            "List the programmes and the facts each asks for",
            "查询补贴项目及其所需事实",
            tag="programmes",
            handle=partial(_list_programmes, shelf),
            answer=ProgrammesAnswer,
        ),
        open_query(
            "/v1/programmes/{programme}/sheets",
            "list_sheets",
            "List a programme's sheets: places, days, documents",
            "查询补贴项目的规则表：地区、日期、文件",
            tag="programmes",
            handle=partial(_list_sheets, shelf),
            query=SheetsQuery,
            answer=SheetsAnswer,
            reasons=(Reason.PROGRAMME_IS_UNKNOWN,),
        ),
        Route(
            method="POST",
            path="/v1/programmes/{programme}/decide",
            name="decide_case",
            tag="programmes",
            summary_en="Decide one case without storing anything",
            summary_zh="试算一笔补贴（不保存任何内容）",
            kind=RouteKind.QUERY,
            callers=(),
            handle=_Calculator(shelf, service.Turns()).decide_case,
            body=DecideBody,
            answer=DecideAnswer,
            reasons=(
                Reason.CALCULATOR_IS_BUSY,
                Reason.PROGRAMME_IS_UNKNOWN,
                Reason.PROGRAMME_IS_NOT_IN_FORCE,
                Reason.FACT_IS_UNKNOWN,
                Reason.FACT_IS_NOT_GIVEN,
                Reason.FACT_IS_NOT_READABLE,
                Reason.FACT_IS_OUT_OF_BOUNDS,
            ),
            body_bytes_max=_BODY_BYTES_MAX,
        ),
    )
