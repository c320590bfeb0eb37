"""The commands of programmes: one case decided, a rule tried on many, both without a server or a database."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pyarrow.parquet as parquet
import pytest

from yikatong.app.bar_chart import Bar, draw_chart
from yikatong.app.cli import main


def said_by(*words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """What a command ends with, and says on both streams."""
    monkeypatch.setattr(sys, "argv", ["yikatong", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


JIANGSU = ("decide", "trade-in", "--place", "320000", "--on", "2024-10-20", "--price", "1999.99", "--old", "lithium")


def test_one_case_is_answered_in_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said_by(*JIANGSU, "--new", "lead_acid", "--json", monkeypatch=monkeypatch, capsys=capsys)
    answer: dict[str, Any] = msgspec.json.decode(out)

    assert (0, 40_000, None) == (code, answer["amount_fen"], answer["reason"])
    assert ["base", "rounded", "capped", "battery", "bonus", "amount"] == [step["name"] for step in answer["steps"]]
    assert all(step["clause"] for step in answer["steps"])


def test_one_case_is_answered_in_words_that_fit_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said_by(*JIANGSU, "--new", "lead_acid", "--age-years=5", monkeypatch=monkeypatch, capsys=capsys)

    assert 0 == code
    assert "APPLICANT_IS_TOO_YOUNG" in out
    assert "if all were met ¥400.00" in out
    assert "≥ 8" in out


def test_a_refusal_says_which_single_fact_would_have_changed_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    young = (*JIANGSU, "--new", "lead_acid", "--age-years=5")
    code, out, _ = said_by(*young, "--json", monkeypatch=monkeypatch, capsys=capsys)
    (change,) = msgspec.json.decode(out)["single_changes"]
    (span,) = change["spans"]
    _, words, _ = said_by(*young, monkeypatch=monkeypatch, capsys=capsys)
    _, two, _ = said_by(*young, "--store-is-listed=no", monkeypatch=monkeypatch, capsys=capsys)

    assert (0, "age_years", "5", "8", 40_000) == (
        code,
        change["fact"],
        change["given"],
        span["least"],
        span["amount_fen"],
    )
    assert "any one of these alone would have changed the answer" in words
    assert "no single fact, changed alone, would have been enough" in two


def test_a_day_without_a_rule_is_told_the_days_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("decide", "trade-in", "--place", "320000", "--on", "2024-09-13", "--price", "1", "--old", "lithium")
    code, out, err = said_by(*words, "--new", "lithium", monkeypatch=monkeypatch, capsys=capsys)

    assert (1, "") == (code, out)
    assert "PROGRAMME_IS_NOT_IN_FORCE" in err
    assert "2024-09-14" in err


def test_a_case_without_a_rule_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("decide", "trade-in", "--place", "320000", "--on", "2000-01-01", "--price", "1", "--old", "lithium")
    code, out, _ = said_by(*words, "--new", "lithium", "--json", monkeypatch=monkeypatch, capsys=capsys)
    answer: dict[str, Any] = msgspec.json.decode(out)

    assert (1, 0, "PROGRAMME_IS_NOT_IN_FORCE", []) == (code, answer["amount_fen"], answer["reason"], answer["steps"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*JIANGSU, "--colour", "red"), "--price"),
        ((*JIANGSU, "--new"), "--new needs a value"),
        ((*JIANGSU, "--old", "lead_acid"), "--old stands twice"),
        (("decide", "trade-in", "--place", "32", "--on", "2024-10-20"), "six digits"),
        (("decide", "trade-in", "--place", "320000", "--on", "yesterday"), "a day as 2024-10-20"),
    ],
)
def test_words_that_are_no_facts_are_refused_with_a_hint(
    words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said_by(*words, monkeypatch=monkeypatch, capsys=capsys)

    assert (2, "") == (code, out)
    assert says in err


def test_programmes_are_listed_with_their_sheets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said_by("programmes", "list", "--json", monkeypatch=monkeypatch, capsys=capsys)
    sheets: list[dict[str, Any]] = msgspec.json.decode(out)

    assert 0 == code
    assert {"trade_in", "allowance", "crop_subsidy"} == {sheet["sheet"].partition("/")[0] for sheet in sheets}


SMALL = ("simulate", "trade-in", "--rows", "3000", "--place", "320000", "--place", "130000")


def test_a_simulation_keeps_every_step_sums_by_place_and_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change = ("--set", "320000-2024-09-14:battery.0.amount=200")
    words = (*SMALL, *change, "--into", str(tmp_path), "--json")
    code, out, _ = said_by(*words, monkeypatch=monkeypatch, capsys=capsys)
    answer: dict[str, Any] = msgspec.json.decode(out)
    steps = parquet.read_table(tmp_path / "steps")
    hebei, jiangsu = answer["places"]

    assert 0 == code
    assert 3000 == steps.num_rows == answer["total"]["claims"]
    assert {"price", "step_base", "step_capped", "reason", "amount_fen", "changed_amount_fen"} <= set(
        steps.column_names
    )
    assert answer["total"]["paid_fen"] == sum(steps["amount_fen"].to_pylist())
    assert answer["total"]["changed_fen"] == sum(steps["changed_amount_fen"].to_pylist())
    assert hebei["paid_fen"] == hebei["changed_fen"]
    assert jiangsu["paid_fen"] < jiangsu["changed_fen"]
    assert 3 == len((tmp_path / "by_place.csv").read_text(encoding="utf-8").splitlines())
    assert ElementTree.fromstring((tmp_path / "chart.svg").read_text(encoding="utf-8")).tag.endswith("svg")  # noqa: S314


def test_the_same_seed_costs_the_same_and_a_changed_sheet_may_be_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sheets = Path(__file__).parents[3] / "src" / "yikatong" / "programmes" / "sheets" / "trade_in"
    text = (sheets / "320000-2024-09-14.yaml").read_text(encoding="utf-8")
    changed = tmp_path / "320000-2024-09-14.yaml"
    changed.write_text(text.replace("{from: 0, amount: 300}", "{from: 0, amount: 350}"), encoding="utf-8")
    totals = []
    for more in ((), ("--changed", str(changed))):
        words = (*SMALL, *more, "--into", str(tmp_path / "out"), "--json")
        totals.append(msgspec.json.decode(said_by(*words, monkeypatch=monkeypatch, capsys=capsys)[1])["total"])

    assert totals[0]["paid_fen"] == totals[0]["changed_fen"] == totals[1]["paid_fen"]
    assert totals[1]["changed_fen"] > totals[1]["paid_fen"]


def test_a_changed_sheet_with_an_error_is_refused_with_file_line_and_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*SMALL, "--set", "320000-2024-09-14:base.tiers.1.from=0", "--into", str(tmp_path))
    code, _, err = said_by(*words, monkeypatch=monkeypatch, capsys=capsys)

    assert 2 == code
    assert err.startswith("trade_in/320000-2024-09-14.yaml:")
    assert "tiers begin one above the other" in err


def test_the_command_line_reads_formulas_and_arrow_only_when_they_count() -> None:
    heavy = "{'yikatong.programmes.formulas.trade_in.version_1', 'yikatong.app.deciding', 'pyarrow'}"
    asked = f"import sys, yikatong.app.cli; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)  # noqa: S603

    assert "[]\n" == answer.stdout


def test_a_picture_says_what_changes() -> None:
    picture = draw_chart("a <title>", [Bar("苏 & 320000", 150_000_000, 250_000_000)], compared=True)

    assert "苏 &amp; 320000" in picture
    assert "¥1.50m +¥1.00m" in picture
    assert ElementTree.fromstring(picture) is not None  # noqa: S314  our own picture
