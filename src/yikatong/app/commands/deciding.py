"""What the commands of programmes do and say: one case decided, sheets listed and published; no server, no database."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from simulator.stories.telling import Both, Column, a_table, show_table, tell
from yikatong.app.commands.command_line import errors, out
from yikatong.app.commands.decision_words import (
    option_of,
    print_changes,
    print_decision,
    show_form,
    show_option,
)
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.places.model import enclosing_codes, is_division_code
from yikatong.plumbing.clock import SystemClock
from yikatong.programmes import service as programmes
from yikatong.programmes.model import Decision, Fact, Formula, Reason, Sheet, SingleChange

_OPTION = re.compile(r"--([a-z][a-z0-9-]*)(?:=(.*))?", re.DOTALL)


def decide_now(
    programme: str,
    words: list[str],
    *,
    place: str,
    on: str,
    known_on: str | None,
    json: bool,
    sheet_file: Path | None = None,
) -> None:
    """Decide the case that some words give, by the sheet in force or by one in a file, and say what came out."""
    name = programme.replace("-", "_")
    shelf = programmes.read_shelf()
    formula = _formula_of(shelf, name, json=json)
    asked: dict[str, Any] = {
        "place": read_place(place),
        "on": read_day(on, "--on"),
        "known_on": today() if known_on is None else read_day(known_on, "--known-on"),
        "given": read_options(formula, words),
    }
    try:
        if sheet_file is None:
            decision = programmes.decide(shelf, programme=name, **asked)
            changes = programmes.find_single_changes(shelf, decision)
        else:
            sheet = read_sheet_file(shelf, name, sheet_file)
            decision, changes = programmes.decide_by_sheet(shelf, sheet, **asked), ()
    except Refused as refused:
        _say_undecided(refused, shelf, formula, asked, json=json)
    if json:
        sys.stdout.write(encode_decision(decision, changes) + "\n")
    else:
        print_decision(formula, decision, changes if sheet_file is None else None)


def _formula_of(shelf: programmes.Shelf, name: str, *, json: bool) -> Formula:
    try:
        return shelf.newest_formula(name)
    except Refused as refused:
        names = ", ".join(one.replace("_", "-") for one in shelf.programmes())
        say_refused(refused, more=(f"现有 there is: {names}",), json=json)


def _say_undecided(
    refused: Refused, shelf: programmes.Shelf, formula: Formula, asked: dict[str, Any], *, json: bool
) -> NoReturn:
    """Say why nothing was decided: how what is missing is given, or on which days a rule would have been in force."""
    if refused.reason is Reason.FACT_IS_NOT_GIVEN:
        missing = [fact for fact in formula.facts if fact.required and fact.name not in asked["given"]]
        say_refused(refused, more=tuple(f"  {show_option(fact)}  {fact.zh} {fact.en}" for fact in missing), json=json)
    if refused.reason is not Reason.PROGRAMME_IS_NOT_IN_FORCE or "sheet" in refused.about:
        fact = formula.find_fact(str(refused.about.get("fact")))
        say_refused(refused, more=() if fact is None else (f"  {show_option(fact)}  {fact.zh} {fact.en}",), json=json)
    try:
        days = programmes.find_days_in_force(shelf, programme=formula.programme, **asked)
    except Refused:
        # The case itself cannot be read, so of no other day it can be said what it would get.
        days = ()
    say_refused(refused, days, json=json)


def read_sheet_file(shelf: programmes.Shelf, programme: str, file: Path) -> Sheet:
    """A sheet from a file. Raises SheetError, which says file, line and reason, and typer.BadParameter."""
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(programmes.SHEET_BYTES_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file}: {error}") from None
    return programmes.read_sheet(text, file=f"{programme}/{file.name}", formulas=shelf.formulas)


def read_options(formula: Formula, words: list[str]) -> dict[str, str]:
    """Facts from options: `--price 1999.99`, `--battery-is-checked=yes`. Raises typer.BadParameter for other words."""
    by_option = {option_of(fact): fact for fact in formula.facts}
    by_option |= {fact.name.replace("_", "-"): fact for fact in formula.facts}
    given: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        found = _OPTION.fullmatch(word)
        if found is None or found[1] not in by_option:
            raise typer.BadParameter(_say_no_fact(formula, word, by_option))
        if found[2] is None and not rest:
            raise typer.BadParameter(f"--{found[1]} needs a value 缺少内容: {show_option(by_option[found[1]])}")
        fact = by_option[found[1]]
        if fact.name in given:
            raise typer.BadParameter(f"--{found[1]} stands twice 重复")
        given[fact.name] = found[2] if found[2] is not None else rest.pop(0)
    return given


def _say_no_fact(formula: Formula, word: str, by_option: dict[str, Fact]) -> str:
    name = formula.programme.replace("_", "-")
    close = get_close_matches(word.partition("=")[0].removeprefix("--"), by_option, n=1)
    meant = f"; did you mean 是否指 --{close[0]}?" if close else ""
    return (
        f"{word[:60]}: {name} has no such fact 没有这项事实{meant} "
        f"`yikatong programmes facts {name}` lists them 可列出全部"
    )


def list_facts(programme: str, *, json: bool) -> None:
    """Say which facts a programme asks for: how each is given, what it means, how its value is written."""
    formula = _formula_of(programmes.read_shelf(), programme.replace("-", "_"), json=json)
    if json:
        sys.stdout.write(msgspec.json.encode([_told_of(fact) for fact in formula.facts]).decode() + "\n")
        return
    table = a_table(Column("选项", "option"), Column("事实", "fact"), Column("写法", "written"))
    for fact in formula.facts:
        must = " *" if fact.required else ""
        table.add_row(
            f"--{option_of(fact)}{must}", escape(f"{fact.zh}\n{fact.en}"), escape(show_form(fact, between=" | "))
        )
    show_table(out, Both(formula.title_zh, formula.title_en), table)
    tell(out, Both("*为必填；其余不填则按符合计。", "* must be given; what else is left out is taken as good."))


def _told_of(fact: Fact) -> dict[str, Any]:
    return {
        "fact": fact.name,
        "option": f"--{option_of(fact)}",
        "zh": fact.zh,
        "en": fact.en,
        "required": fact.required,
        "form": show_form(fact),
        "choices": fact.choices,
    }


def encode_decision(decision: Decision, changes: tuple[SingleChange, ...]) -> str:
    """A decision as one JSON object, with what would have changed the answer: all together, or one alone."""
    said: dict[str, Any] = msgspec.to_builtins(decision)
    first = {"amount_fen": said.pop("amount_fen"), "reason": said.pop("reason")}
    last = {"would_change": decision.would_change, "single_changes": changes}
    return msgspec.json.encode({**first, **said, **last}).decode()


@contextmanager
def sheets_as_read() -> Iterator[None]:
    """Whatever is wrong with a sheet is said in a line, with file, line and reason; the command ends with 2."""
    try:
        yield
    except programmes.SheetError as error:
        errors.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        raise typer.Exit(2) from None


def say_refused(
    refused: Refused, changes: tuple[SingleChange, ...] = (), *, json: bool, more: tuple[str, ...] = ()
) -> NoReturn:
    """Say a refusal as a command does, in JSON or in both languages, with what would have changed it; end with 1.

    `more` are lines that help a person on.
    """
    reason, text = refused.reason.name, refused.reason.text
    if json:
        said = {"amount_fen": 0, "reason": reason, "about": refused.about, "steps": [], "single_changes": changes}
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")
    else:
        about = ", ".join(f"{name} {value}" for name, value in refused.about.items())
        named = f"{reason}: {about}" if about else reason
        for line in (f"{text.zh}{text.remedy_zh}", f"{text.en} {text.remedy_en}", named, *more):
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


def list_sheets(*, place: str, json: bool) -> None:
    """Say which programmes there are, with every sheet, or those that may count at a place."""
    shelf = programmes.read_shelf()
    codes = enclosing_codes(read_place(place)) if place else ()
    listed = {
        programme: [sheet for sheet in shelf.sheets_of(programme) if not place or sheet.head.place in codes]
        for programme in shelf.programmes()
    }
    if json:
        told = [_facts_of(sheet) for sheets in listed.values() for sheet in sheets]
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return
    for programme, sheets in listed.items():
        if sheets:
            formula = shelf.newest_formula(programme)
            title = Both(formula.title_zh, f"{formula.title_en}: {programme.replace('_', '-')}")
            show_table(out, title, _table_of_sheets(sheets))
    if place and not any(listed.values()):
        out.print("没有可用于该地区的规则表 no sheet counts at this place")


def _table_of_sheets(sheets: list[Sheet]) -> Table:
    """A correction stands below what it corrects, which counts on for whoever asks what was known before it."""
    table = a_table(Column("规则表", "sheet"), Column("起", "from"), Column("止", "until"), Column("名称", "title"))
    corrected = {sheet.head.replaces for sheet in sheets}
    for sheet in sheets:
        until = sheet.valid_until.isoformat() if sheet.valid_until else "–"
        name = sheet.name.partition("/")[2]
        now = "已更正 corrected: " if name in corrected else ""
        title = escape(f"{now}{sheet.head.title.zh} {sheet.head.title.en}")
        table.add_row(name, sheet.valid_from.isoformat(), until, title)
    return table


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
