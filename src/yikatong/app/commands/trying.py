"""What `yikatong simulate` does and says: a rule tried on a made-up population before it is made."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import typer
from rich.table import Table

from simulator.claimants.trade_in import shape_of
from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.app.commands.bar_chart import Bar, draw_chart
from yikatong.app.commands.command_line import errors, out
from yikatong.app.commands.deciding import read_day, read_sheet_file, say_refused, today
from yikatong.app.commands.decision_words import name_of
from yikatong.app.simulating import MAKERS, PlaceSums, Simulation, add_all, simulate, write_sums
from yikatong.kernel.money import show_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service as programmes
from yikatong.programmes.model import Reason, Sheet


class Trial(NamedTuple):
    """What the command line asked for."""

    programme: str
    rows: int
    seed: int
    first_on: str
    last_on: str
    places: list[str]
    changed: list[Path]
    sets: list[str]
    known_on: str | None
    into: Path


def try_rules(trial: Trial, *, json: bool) -> None:
    """Simulate, keep sums and picture beside the steps, and say what came out."""
    simulation = _simulation_of(trial, json=json)
    began = time.perf_counter()
    sums = simulate(simulation)
    seconds = time.perf_counter() - began
    _keep(simulation, sums)
    if json:
        sys.stdout.write(encode_sums(simulation, sums, seconds) + "\n")
    else:
        print_sums(simulation, sums, seconds)


def _simulation_of(trial: Trial, *, json: bool) -> Simulation:
    name = trial.programme.replace("-", "_")
    shelf = programmes.read_shelf()
    try:
        formula = shelf.newest_formula(name)
        if name not in MAKERS:
            raise Refused(Reason.PROGRAMME_IS_UNKNOWN, programme=name, simulated=" ".join(MAKERS))
        present = programmes.present_rules(shelf, name)
    except Refused as refused:
        say_refused(refused, json=json)
    sheets = _changed_sheets(shelf, name, files=trial.changed, sets=trial.sets)
    first, last = read_day(trial.first_on, "--from"), read_day(trial.last_on, "--through")
    if last < first:
        raise typer.BadParameter("--through lies before --from")
    shape = shape_of(_places(present, sheets, trial.places), first_on=first, last_on=last)
    return Simulation(
        formula=formula,
        present=present,
        changed=programmes.changed_rules(present, sheets) if sheets else None,
        shape=shape,
        known_on=today() if trial.known_on is None else read_day(trial.known_on, "--known-on"),
        seed=trial.seed,
        rows=trial.rows,
        folder=trial.into,
    )


def _places(present: programmes.Rules, changed: Sequence[Sheet], only: Sequence[str]) -> list[str]:
    places = sorted({sheet.head.place for sheet in (*present.sheets, *changed)})
    unknown = sorted(set(only) - set(places))
    if unknown:
        raise typer.BadParameter(f"--place: no sheet for {' '.join(unknown)}")
    return list(only) or places


def _changed_sheets(
    shelf: programmes.Shelf, programme: str, *, files: Sequence[Path], sets: Sequence[str]
) -> tuple[Sheet, ...]:
    """Changed sheets from files and from single values. Raises SheetError, which says file, line and reason."""
    changes: dict[str, dict[str, str]] = {}
    for word in sets:
        where, _, value = word.partition("=")
        key, _, path = where.partition(":")
        if not (key and path and value):
            raise typer.BadParameter("--set: as 320000:battery.0.amount=200")
        changes.setdefault(key, {})[path] = value
    read = [read_sheet_file(shelf, programme, file) for file in files]
    return (*read, *programmes.change_sheets(shelf, programme, changes))


def _keep(simulation: Simulation, sums: list[PlaceSums]) -> None:
    write_sums(sums, simulation.folder / "by_place.csv")
    bars = [Bar(name_of(one.place), one.paid_fen, one.changed_fen) for one in sums]
    formula = simulation.formula
    title = (
        f"{formula.title_zh} {formula.title_en}, {simulation.rows:,}件虚构申领 made-up claims, m = 百万元 million yuan"
    )
    picture = draw_chart(title, bars, compared=simulation.changed is not None)
    (simulation.folder / "chart.svg").write_text(picture, encoding="utf-8")


def encode_sums(simulation: Simulation, sums: list[PlaceSums], seconds: float) -> str:
    """A simulation as one JSON object."""
    said: dict[str, Any] = {
        "programme": simulation.formula.programme,
        "rows": simulation.rows,
        "seed": simulation.seed,
        "seconds": round(seconds, 3),
        "folder": str(simulation.folder),
        "total": add_all(sums)._asdict(),
        "places": [one._asdict() for one in sums],
    }
    return msgspec.json.encode(said).decode()


def print_sums(simulation: Simulation, sums: list[PlaceSums], seconds: float) -> None:
    """A simulation as a table by place, and refusals by reason."""
    compared = simulation.changed is not None
    total = add_all(sums)
    table = table_of_sums(sums, compared=compared)
    show_table(out, Both(simulation.formula.title_zh, simulation.formula.title_en), table)
    refusals = a_table(Column("原因", "reason"), Column("件数", "claims", "right"))
    for name, count in sorted(total.refusals.items(), key=lambda item: -item[1]):
        refusals.add_row(name, f"{count:,}")
    show_table(out, Both("不予补贴", "refused"), refusals)
    out.print()
    out.print(f"{simulation.rows:,}件，用时{seconds:.2f}秒。 {simulation.rows:,} claims in {seconds:.2f} s.")
    out.print(
        f"每一步、汇总、图 every step, sums, picture: {simulation.folder}/steps/*.parquet, by_place.csv, chart.svg",
        soft_wrap=True,
    )
    if not compared:
        errors.print("比较用 compare with: --set 320000:battery.0.amount=200, --changed FILE")


def table_of_sums(sums: list[PlaceSums], *, compared: bool) -> Table:
    """Sums by place with their total; averages yield to a comparison, so that no sum breaks over lines."""
    table = a_table(*_columns(compared=compared))
    for one in (*sums, add_all(sums)):
        table.add_row(*_cells(one, compared=compared))
    return table


def _columns(*, compared: bool) -> list[Column]:
    columns = [
        Column("地区", "place"),
        Column("件数", "claims", "right"),
        Column("补贴件数", "paid", "right"),
        Column("金额", "yuan", "right"),
    ]
    if compared:
        return [*columns, Column("修改后", "changed", "right"), Column("差额", "difference", "right")]
    return [*columns, Column("件均", "average", "right")]


def _cells(one: PlaceSums, *, compared: bool) -> list[str]:
    name = name_of(one.place) if one.place else "合计 total"
    cells = [name, f"{one.claims:,}", f"{one.paid:,}", show_yuan(one.paid_fen)]
    if compared:
        return [*cells, show_yuan(one.changed_fen), show_yuan(one.changed_fen - one.paid_fen)]
    return [*cells, show_yuan(one.paid_fen // one.paid) if one.paid else "–"]
