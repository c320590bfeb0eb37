"""A report as a table, as JSON, as CSV, as Parquet, as a picture: the same figures in each."""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pyarrow.parquet as parquet
import pytest

from yikatong.app.commands.reporting import Asked, Format, draw_report, give, write_report
from yikatong.reports.model import BudgetLine, Line, RefusedFor, TradeInReport

FIRST = date(2026, 11, 1)


def a_report(*, days: int = 3, places: tuple[str, ...] = ("320100",)) -> TradeInReport:
    """A report in which each day of each place pays 400 yuan more than the day before."""
    return TradeInReport(
        place="320000",
        first_on=FIRST,
        until_on=FIRST + timedelta(days=days),
        lines=tuple(
            Line(
                place=place,
                day=FIRST + timedelta(days=number),
                qualified=2,
                refused=1,
                bikes_out=1,
                sales_fen=200_000,
                paid=1,
                subsidy_fen=40_000 * (number + 1),
            )
            for place in places
            for number in range(days)
        ),
        refusals=(RefusedFor(place="320100", day=FIRST, reason="BUDGET_IS_USED_UP", refused=1),),
        budgets=(BudgetLine(budget="trade_in:320000:2026", funded_fen=10**9, left_fen=10**8, reclaimed_fen=0),),
    )


def asked(format: Format, into: Path) -> Asked:
    """What the command line asked for."""
    return Asked("320000", None, None, format, into)


def test_a_table_says_every_day_the_total_reasons_and_budgets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    give(a_report(), asked(Format.TABLE, tmp_path))
    said = capsys.readouterr().out

    assert all(part in said for part in ("2026-11-03", "BUDGET_IS_USED_UP", "2400.00", "800.00"))
    assert "trade_in:320000:2026" in said.replace("\n", "")


def test_json_has_the_lines_and_their_total(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give(a_report(), asked(Format.JSON, tmp_path))
    said: dict[str, Any] = msgspec.json.decode(capsys.readouterr().out)

    assert 240_000 == said["total"]["subsidy_fen"] == sum(line["subsidy_fen"] for line in said["lines"])
    assert ["BUDGET_IS_USED_UP"] == [one["reason"] for one in said["refusals"]]


def test_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    report = a_report()
    for name, file in zip(("by_day", "refusals", "budgets"), write_report(report, Format.CSV, tmp_path), strict=True):
        table = parquet.read_table(write_report(report, Format.PARQUET, tmp_path)[0].with_name(f"{name}.parquet"))
        with file.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))

        assert rows == [{field: str(value) for field, value in row.items()} for row in table.to_pylist()]
    assert date(2026, 11, 1) == parquet.read_table(tmp_path / "by_day.parquet")["day"][0].as_py()


def test_an_empty_report_has_its_columns_in_every_file(tmp_path: Path) -> None:
    empty = msgspec.structs.replace(a_report(), lines=(), refusals=(), budgets=())

    for format in (Format.CSV, Format.PARQUET, Format.CHART):
        assert all(file.exists() for file in write_report(empty, format, tmp_path))
    assert set(Line.__struct_fields__) == set(parquet.read_table(tmp_path / "by_day.parquet").column_names)


@pytest.mark.parametrize(
    ("report", "bars"),
    [
        (a_report(), ["2026-11-01", "2026-11-02", "2026-11-03"]),
        (a_report(places=("320100", "330100")), ["320100", "330100"]),
        (a_report(days=100), ["2026-11", "2026-12", "2027-01", "2027-02"]),
    ],
    ids=["days", "places", "months"],
)
def test_a_picture_has_bars_by_day_by_place_or_by_month(report: TradeInReport, bars: list[str]) -> None:
    picture = ElementTree.fromstring(draw_report(report))  # noqa: S314  our own picture
    texts = list(picture.iter("{http://www.w3.org/2000/svg}text"))
    named = [str(text.text) for text in texts if text.get("text-anchor") == "end"]

    assert bars == [name[-len(bar) :] for name, bar in zip(named, bars, strict=True)]
    assert "补贴 subsidy" in {text.text for text in texts}


def test_files_are_named_as_they_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give(a_report(), asked(Format.CHART, tmp_path / "new"))

    assert "chart.svg" in capsys.readouterr().out.replace("\n", "")
    assert (tmp_path / "new" / "chart.svg").exists()
