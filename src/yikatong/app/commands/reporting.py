"""What `yikatong report` does and says: a report as a table, as files for others' tables, or as a picture."""

import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.markup import escape

from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.app.commands.bar_chart import Bar, draw_chart
from yikatong.app.commands.command_line import ask_database, out
from yikatong.app.commands.deciding import read_day, read_place, say_refused, today
from yikatong.app.commands.decision_words import name_of
from yikatong.app.reference import all_reasons
from yikatong.kernel.money import show_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.places.model import NATIONAL
from yikatong.plumbing.database import Connection
from yikatong.plumbing.settings import Settings
from yikatong.programmes import service as programmes
from yikatong.reports import service as reports
from yikatong.reports.model import BudgetLine, Line, RefusedFor, TradeInReport

BARS_MOST = 62
"""A picture has a bar for each day while there are no more; else for each month."""


class Format(StrEnum):
    """How a report is given."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    CHART = "chart"


class Asked(NamedTuple):
    """What the command line asked for."""

    place: str
    first_on: str | None
    until_on: str | None
    format: Format
    into: Path


def report_now(asked: Asked, settings: Settings) -> None:
    """Read a report out of the database and give it in the form that was asked for."""
    until_on = today() + timedelta(days=1) if asked.until_on is None else read_day(asked.until_on, "--until")
    first_on = reports.begin_before(until_on) if asked.first_on is None else read_day(asked.first_on, "--from")
    place = read_place(asked.place)
    shelf = programmes.read_shelf()

    async def read(conn: Connection) -> TradeInReport:
        return await reports.report_trade_in(
            conn,
            shelf=shelf,
            place=place,
            first_on=first_on,
            until_on=until_on,
            bucket_count=settings.bucket_count,
        )

    try:
        give(ask_database(settings, read), asked)
    except Refused as refused:
        say_refused(refused, json=asked.format is Format.JSON)


def give(report: TradeInReport, asked: Asked) -> None:
    """A report in the form that was asked for; files are named as they are written."""
    match asked.format:
        case Format.TABLE:
            print_report(report)
        case Format.JSON:
            sys.stdout.write(encode_report(report) + "\n")
        case Format.CSV | Format.PARQUET | Format.CHART:
            asked.into.mkdir(parents=True, exist_ok=True)
            for file in write_report(report, asked.format, asked.into):
                out.print(f"已写入 written: {file}", soft_wrap=True)


def encode_report(report: TradeInReport) -> str:
    """A report as one JSON object, with its total."""
    said: dict[str, Any] = {"total": reports.total_of(report), **msgspec.structs.asdict(report)}
    return msgspec.json.encode(said).decode()


def write_report(report: TradeInReport, format: Format, folder: Path) -> list[Path]:
    """Write a report's files; returns where they lie."""
    if format is Format.CHART:
        file = folder / "chart.svg"
        file.write_text(draw_report(report), encoding="utf-8")
        return [file]
    tables: dict[str, Sequence[msgspec.Struct]] = {
        "by_day": report.lines,
        "refusals": report.refusals,
        "budgets": report.budgets,
    }
    write = _write_csv if format is Format.CSV else _write_parquet
    return [write(rows, _FIELDS[name], folder / name) for name, rows in tables.items()]


_FIELDS: dict[str, tuple[str, ...]] = {
    "by_day": Line.__struct_fields__,
    "refusals": RefusedFor.__struct_fields__,
    "budgets": BudgetLine.__struct_fields__,
}


def _write_csv(rows: Sequence[msgspec.Struct], fields: Sequence[str], file: Path) -> Path:
    named = file.with_suffix(".csv")
    with named.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(fields)
        writer.writerows([getattr(row, field) for field in fields] for row in rows)
    return named


def _write_parquet(rows: Sequence[msgspec.Struct], fields: Sequence[str], file: Path) -> Path:
    # Arrow is large and nobody else needs it, so only who asks for Parquet loads it.
    import pyarrow
    from pyarrow import parquet

    kinds = {"day": pyarrow.date32()} | dict.fromkeys(("place", "reason", "budget"), pyarrow.string())
    schema = pyarrow.schema([(field, kinds.get(field, pyarrow.int64())) for field in fields])
    named = file.with_suffix(".parquet")
    columns = {field: [getattr(row, field) for row in rows] for field in fields}
    parquet.write_table(pyarrow.table(columns, schema=schema), named)
    return named


def draw_report(report: TradeInReport) -> str:
    """The subsidy as bars: by place where there are several, else by day, or month where the days are many."""
    title = f"电动自行车以旧换新补贴 Trade-in subsidy: {_where(report)}, {report.first_on} – {_last(report)}"
    return draw_chart(title, _bars(report), compared=False, words=("补贴 subsidy", ""), show=_show)


def _bars(report: TradeInReport) -> list[Bar]:
    places = reports.by_place(report)
    if len(places) > 1:
        return [Bar(name_of(line.place), line.subsidy_fen, 0) for line in places]
    days = reports.by_day(report)
    if len(days) <= BARS_MOST:
        return [Bar(line.day.isoformat(), line.subsidy_fen, 0) for line in days]
    months = dict.fromkeys(line.day.isoformat()[:7] for line in days)
    return [
        Bar(month, sum(line.subsidy_fen for line in days if line.day.isoformat().startswith(month)), 0)
        for month in months
    ]


def _where(report: TradeInReport) -> str:
    return "全部地区 every place" if report.place == NATIONAL else name_of(report.place)


def _show(fen: int) -> str:
    return f"¥{show_yuan(fen)}"


def _last(report: TradeInReport) -> date:
    return report.until_on - timedelta(days=1)


def print_report(report: TradeInReport) -> None:
    """A report as a person reads it: days and places, refusals by reason, budgets."""
    table = a_table(
        Column("日期", "day"),
        Column("地区", "place"),
        Column("资格", "admitted", "right"),
        Column("不予", "refused", "right"),
        Column("交旧", "in", "right"),
        Column("购新", "out", "right"),
        Column("销售额", "sales", "right"),
        Column("补贴", "subsidy", "right"),
        Column("件均", "average", "right"),
    )
    for line in report.lines:
        table.add_row(line.day.isoformat(), line.place, *_cells(line))
    table.add_row("合计 total", "", *_cells(reports.total_of(report)))
    days = f"{report.first_on} – {_last(report)}"
    show_table(out, Both(f"电动自行车以旧换新 {days}", f"e-bike trade-in: {_where(report)}"), table)
    _print_refusals(reports.refusals_by_reason(report))
    _print_budgets(report)


def _cells(line: Line) -> tuple[str, ...]:
    average = line.average_fen
    counts = (line.qualified, line.refused, line.bikes_in, line.bikes_out)
    return (
        *(f"{count:,}" for count in counts),
        show_yuan(line.sales_fen),
        show_yuan(line.subsidy_fen),
        "–" if average is None else show_yuan(average),
    )


def _print_refusals(counts: Iterable[tuple[str, int]]) -> None:
    table = a_table(Column("件数", "claims", "right"), Column("原因", "reason"))
    texts = {reason.name: reason.text for reasons in all_reasons().values() for reason in reasons}
    for name, count in counts:
        said = f"\n{texts[name].zh}\n{texts[name].en}" if name in texts else ""
        table.add_row(f"{count:,}", escape(name + said))
    if table.row_count:
        show_table(out, Both("不予补贴", "refused"), table)


def _print_budgets(report: TradeInReport) -> None:
    table = a_table(
        Column("资金", "budget"), Column("拨入", "funded", "right"), Column("剩余", "left", "right"),
        Column("收回", "reclaimed", "right"),
    )  # fmt: skip
    for one in report.budgets:
        table.add_row(one.budget, show_yuan(one.funded_fen), show_yuan(one.left_fen), show_yuan(one.reclaimed_fen))
    if table.row_count:
        show_table(out, Both("资金", "budgets"), table)
