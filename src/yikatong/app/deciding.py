"""What the commands of programmes do and say: one case decided, sheets listed and published; no server, no database."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.app.command_line import errors, out
from yikatong.kernel.instants import day_of
from yikatong.kernel.money import show_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.places.model import is_division_code
from yikatong.plumbing.clock import SystemClock
from yikatong.programmes import service as programmes
from yikatong.programmes.model import Check, Decision, Formula, Reason, Sheet, SingleChange, Span
from yikatong.programmes.model.facts import Fact, FactKind

_OPTION = re.compile(r"--([a-z][a-z0-9-]*)(?:=(.*))?", re.DOTALL)


def decide_now(programme: str, words: list[str], *, place: str, on: str, known_on: str | None, json: bool) -> None:
    """Decide the case that some words give, and say what came out."""
    name = programme.replace("-", "_")
    shelf = programmes.read_shelf()
    try:
        formula = shelf.newest_formula(name)
    except Refused as refused:
        say_refused(refused, json=json)
    asked: dict[str, Any] = {
        "programme": name,
        "place": read_place(place),
        "on": read_day(on, "--on"),
        "known_on": today() if known_on is None else read_day(known_on, "--known-on"),
        "given": read_options(formula, words),
    }
    try:
        decision = programmes.decide(shelf, **asked)
    except Refused as refused:
        not_in_force = refused.reason is Reason.PROGRAMME_IS_NOT_IN_FORCE
        say_refused(refused, programmes.find_days_in_force(shelf, **asked) if not_in_force else (), json=json)
    changes = programmes.find_single_changes(shelf, decision)
    if json:
        sys.stdout.write(encode_decision(decision, changes) + "\n")
    else:
        print_decision(formula, decision, changes)


def read_options(formula: Formula, words: list[str]) -> dict[str, str]:
    """Facts from options: `--price 1999.99`, `--battery-is-checked=yes`. Raises typer.BadParameter for other words."""
    by_option = {(fact.option or fact.name).replace("_", "-"): fact for fact in formula.facts}
    by_option |= {fact.name.replace("_", "-"): fact for fact in formula.facts}
    given: dict[str, str] = {}
    rest = list(words)
    while rest:
        found = _OPTION.fullmatch(rest.pop(0))
        if found is None or found[1] not in by_option:
            raise typer.BadParameter(
                f"facts of {formula.programme}: " + " ".join(_hint(fact) for fact in formula.facts)
            )
        if found[2] is None and not rest:
            raise typer.BadParameter(f"--{found[1]} needs a value")
        fact = by_option[found[1]]
        if fact.name in given:
            raise typer.BadParameter(f"--{found[1]} stands twice")
        given[fact.name] = found[2] if found[2] is not None else rest.pop(0)
    return given


def _hint(fact: Fact) -> str:
    option = f"--{(fact.option or fact.name).replace('_', '-')}"
    return f"{option} {'|'.join(fact.choices)}" if fact.kind is FactKind.CHOICE else option


def encode_decision(decision: Decision, changes: tuple[SingleChange, ...]) -> str:
    """A decision as one JSON object, with what would have changed the answer: all together, or one alone."""
    said: dict[str, Any] = msgspec.to_builtins(decision)
    first = {"amount_fen": said.pop("amount_fen"), "reason": said.pop("reason")}
    last = {"would_change": decision.would_change, "single_changes": changes}
    return msgspec.json.encode({**first, **said, **last}).decode()


def print_decision(formula: Formula, decision: Decision, changes: tuple[SingleChange, ...]) -> None:
    """A decision as a person reads it: what comes out, each step with its clause, what stands in the way."""
    table = a_table(Column("步骤", "step"), Column("数额", "value", "right"), Column("依据", "clause"))
    for step in decision.steps:
        value = str(step.value) if step.name.endswith("_years") else show_yuan(step.value)
        table.add_row(step.name, value, escape(step.clause))
    show_table(out, Both(formula.title_zh, formula.title_en), table)
    failed = decision.would_change
    if failed:
        _print_failed(failed)
    if decision.reason is not None:
        print_changes(out, changes)
    out.print()
    _print_outcome(decision)
    unpublished = [note.about for note in decision.notes]
    if unpublished:
        out.print(f"未公布，未作条件 not published, and no condition: {', '.join(unpublished)}", soft_wrap=True)
    if decision.lacking:
        out.print(f"未提供，按符合计 not given, taken as good: {', '.join(decision.lacking)}", soft_wrap=True)
    out.print(f"规则表 sheet {decision.sheet}, 公式 formula {decision.formula}", soft_wrap=True)


def _print_failed(failed: tuple[Check, ...]) -> None:
    table = a_table(
        Column("原因", "reason"), Column("事实", "fact"), Column("所需", "wanted"), Column("依据", "clause")
    )
    for check in failed:
        table.add_row(check.reason, f"{check.fact} {check.given}".strip(), show_wanted(check), escape(check.clause))
    show_table(out, Both("未符合的条件", "conditions that were not met"), table)


def print_changes(console: Console, changes: tuple[SingleChange, ...]) -> None:
    """Say which single facts would have changed the answer, or that none would."""
    if not changes:
        console.print(
            "没有哪一项事实单独改变即可符合 no single fact, changed alone, would have been enough", soft_wrap=True
        )
        return
    table = a_table(
        Column("事实", "fact"),
        Column("改为", "changed to"),
        Column("补贴", "subsidy", "right"),
        Column("依据", "clause"),
    )
    for change in changes:
        for span in change.spans:
            clauses = dict.fromkeys(clause for clause in (span.least_clause, span.most_clause) if clause)
            table.add_row(
                f"{change.fact} {change.given}".strip(),
                show_span(span),
                show_yuan(span.amount_fen),
                escape("; ".join(clauses)),
            )
    show_table(console, Both("只改其中一项即可", "any one of these alone would have changed the answer"), table)


def show_span(span: Span) -> str:
    """A span in a few signs; what comes out is said of its value nearest to what was given."""
    if span.least == span.most:
        return f"= {span.least}"
    least = f"≥ {span.least}" if span.least else ""
    most = f"≤ {span.most}" if span.most else ""
    return f"{least} {most}".strip()


def _print_outcome(decision: Decision) -> None:
    if decision.reason is None:
        out.print(f"[bold green]补贴 subsidy ¥{show_yuan(decision.amount_fen)}[/bold green]")
        return
    met = decision.amount_if_met_fen
    more = "" if met is None else f"；都符合则为 if all were met ¥{show_yuan(met)}"
    out.print(f"[bold red]不予补贴 no subsidy: {decision.reason}[/bold red]{more}", soft_wrap=True)


def show_wanted(check: Check) -> str:
    """What a check wanted, in a few signs."""
    if check.wants:
        return check.wants
    if check.least == "yes":
        return "= yes"
    least = f"≥ {check.least}" if check.least else ""
    most = f"≤ {check.most}" if check.most else ""
    return f"{least} {most}".strip()


@contextmanager
def sheets_as_read() -> Iterator[None]:
    """Whatever is wrong with a sheet is said in a line, with file, line and reason; the command ends with 2."""
    try:
        yield
    except programmes.SheetError as error:
        errors.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        raise typer.Exit(2) from None


def say_refused(refused: Refused, changes: tuple[SingleChange, ...] = (), *, json: bool) -> NoReturn:
    """Say a refusal as a command does, in JSON or in both languages, with what would have changed it; end with 1."""
    reason, text = refused.reason.name, refused.reason.text
    if json:
        said = {"amount_fen": 0, "reason": reason, "about": refused.about, "steps": [], "single_changes": changes}
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")
    else:
        about = ", ".join(f"{name} {value}" for name, value in refused.about.items())
        for line in (f"{text.zh}{text.remedy_zh}", f"{text.en} {text.remedy_en}", f"{reason}: {about}"):
            errors.print(f"[red]{escape(line)}[/red]", soft_wrap=True)
        if changes:
            print_changes(errors, changes)
    raise typer.Exit(1)


def read_place(text: str) -> str:
    """Six digits of a place. Raises typer.BadParameter."""
    if not is_division_code(text):
        raise typer.BadParameter("--place: six digits 六位行政区划代码")
    return text


def read_day(text: str, option: str) -> date:
    """A day of an option. Raises typer.BadParameter."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option}: a day as 2024-10-20") from None


def today() -> date:
    """Today in Shanghai."""
    return day_of(SystemClock().now())


def list_sheets(*, json: bool) -> None:
    """Say which programmes there are, with every sheet."""
    shelf = programmes.read_shelf()
    sheets = [sheet for programme in shelf.programmes() for sheet in shelf.sheets_of(programme)]
    if json:
        sys.stdout.write(msgspec.json.encode([_facts_of(sheet) for sheet in sheets]).decode() + "\n")
        return
    for programme in shelf.programmes():
        table = a_table(Column("地区", "place"), Column("起", "from"), Column("止", "until"), Column("名称", "title"))
        for sheet in shelf.sheets_of(programme):
            until = sheet.valid_until.isoformat() if sheet.valid_until else "–"
            title = f"{sheet.head.title.zh} {sheet.head.title.en}"
            table.add_row(sheet.head.place, sheet.valid_from.isoformat(), until, escape(title))
        formula = shelf.newest_formula(programme)
        show_table(out, Both(formula.title_zh, f"{formula.title_en}: {programme.replace('_', '-')}"), table)


def _facts_of(sheet: Sheet) -> dict[str, str | None]:
    return {
        "sheet": sheet.name,
        "digest": sheet.digest,
        "place": sheet.head.place,
        "title_zh": sheet.head.title.zh,
        "title_en": sheet.head.title.en,
        "valid_from": sheet.valid_from.isoformat(),
        "valid_until": sheet.valid_until.isoformat() if sheet.valid_until else None,
        "known_from": sheet.head.known_from.isoformat(),
    }


def publish(*, anew: bool) -> None:
    """Write the digests of new files into the lock file; with `anew` also those of changed ones."""
    programmes.read_shelf()
    locked, there = programmes.read_lock(), programmes.published_digests()
    broken = sorted(name for name, digest in locked.items() if there.get(name) != digest)
    if broken and not anew:
        errors.print(f"[red]已发布的不得更改 published files never change: {escape(', '.join(broken))}[/red]")
        raise typer.Exit(1)
    Path(programmes.LOCK_FILE).write_text(programmes.show_lock(there), encoding="utf-8")
    out.print(f"新发布 newly published: {len(there.keys() - locked.keys())}; 共 in all: {len(there)}")
