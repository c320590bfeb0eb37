"""The commands of programmes: one case decided, a rule tried on many, both without a server or a database."""

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pyarrow.parquet as parquet
import pytest
from rich.cells import cell_len

from simulator.stories.telling import Both, show_table
from yikatong.app.cli import main
from yikatong.app.commands.bar_chart import Bar, draw_chart
from yikatong.app.commands.command_line import out
from yikatong.app.commands.decision_words import STEP_WORDS, TERM_WORDS, name_of
from yikatong.app.commands.trying import table_of_sums
from yikatong.app.simulating import PlaceSums
from yikatong.programmes.formulas.trade_in.reasons import Reason
from yikatong.programmes.service import read_shelf


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
        ((*JIANGSU, "--colour", "red"), "--colour: trade-in has no such fact"),
        ((*JIANGSU, "--newbattery", "red"), "--new-battery"),
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


def test_what_a_case_lacks_is_told_as_it_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = said_by(*JIANGSU[:6], monkeypatch=monkeypatch, capsys=capsys)
    _, _, misread = said_by(*JIANGSU, "--new", "lead", monkeypatch=monkeypatch, capsys=capsys)

    assert 1 == code
    for option in ("--price 1999.99", "--old lithium|lead_acid|other|none", "--new lithium|lead_acid|other"):
        assert f"  {option}  " in err
    assert "  --new lithium|lead_acid|other  新车电池" in misread


def test_a_place_without_a_rule_is_refused_in_a_sentence_also_when_the_case_is_not_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("decide", "trade-in", "--place", "990100", "--on", "2024-10-20")
    code, _, err = said_by(*words, monkeypatch=monkeypatch, capsys=capsys)

    assert (1, 3) == (code, err.count("\n"))
    assert "PROGRAMME_IS_NOT_IN_FORCE: programme trade_in, place 990100" in err


def test_an_unknown_programme_is_told_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = said_by("programmes", "facts", "tradein", monkeypatch=monkeypatch, capsys=capsys)

    assert 1 == code
    assert "there is: allowance, crop-subsidy, trade-in" in err


def test_a_refusal_says_in_both_languages_why_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    _, out, _ = said_by(*JIANGSU, "--new", "lead_acid", "--age-years=5", monkeypatch=monkeypatch, capsys=capsys)

    for language in (Reason.APPLICANT_IS_TOO_YOUNG.text.zh, Reason.APPLICANT_IS_TOO_YOUNG.text.remedy_en):
        assert language in out.replace("\n  ", " ")
    assert "申领人周岁年龄" in out


def test_a_step_and_a_term_have_a_name_in_chinese() -> None:
    shelf = read_shelf()
    steps = {step for one in shelf.formulas.values() for step in one.formula.steps}
    folder = Path(str(files("yikatong.programmes.formulas")))
    written = "\n".join(file.read_text(encoding="utf-8") for file in folder.rglob("version_*.py"))
    terms = set(re.findall(r'NOT_PUBLISHED, "([a-z_.]+)"', written))

    assert set() == steps - STEP_WORDS.keys()
    assert "quota" in terms
    assert set() == terms - TERM_WORDS.keys()


def test_a_case_may_be_decided_by_a_sheet_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sheets = Path(__file__).parents[3] / "src" / "yikatong" / "programmes" / "sheets" / "trade_in"
    text = (sheets / "320000-2024-09-14.yaml").read_text(encoding="utf-8")
    own = tmp_path / "320000-2024-09-14.yaml"
    own.write_text(text.replace("amount: 100", "amount: 150"), encoding="utf-8")
    case = (*JIANGSU, "--new", "lead_acid", "--sheet", str(own))
    code, out, _ = said_by(*case, "--json", monkeypatch=monkeypatch, capsys=capsys)
    later = [word.replace("2024-10-20", "2025-03-01") for word in case]
    late, _, err = said_by(*later, monkeypatch=monkeypatch, capsys=capsys)
    away = [{"320000": "110000"}.get(word, word) for word in case]
    elsewhere, _, _ = said_by(*away, monkeypatch=monkeypatch, capsys=capsys)
    own.write_text("programme: trade_in", encoding="utf-8")
    broken, _, why = said_by(*case, monkeypatch=monkeypatch, capsys=capsys)

    assert (0, 45_000) == (code, msgspec.json.decode(out)["amount_fen"])
    assert (1, 1) == (late, elsewhere)
    assert "PROGRAMME_IS_NOT_IN_FORCE: sheet trade_in/320000-2024-09-14" in err
    assert (2, True) == (broken, "trade_in/320000-2024-09-14.yaml" in why)


def test_facts_are_listed_with_option_meaning_and_form(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said_by("programmes", "facts", "trade-in", "--json", monkeypatch=monkeypatch, capsys=capsys)
    facts = {fact["fact"]: fact for fact in msgspec.json.decode(out)}
    _, words, _ = said_by("programmes", "facts", "trade-in", monkeypatch=monkeypatch, capsys=capsys)

    assert ("--old", True, "lithium|lead_acid|other|none") == tuple(
        facts["old_battery"][name] for name in ("option", "required", "form")
    )
    assert {line.split()[0] for line in words.splitlines() if line.startswith("--")} == {
        fact["option"] for fact in facts.values()
    }


def test_sheets_of_a_place_are_its_own_and_its_provinces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("programmes", "list", "--place", "320115")
    _, out, _ = said_by(*words, "--json", monkeypatch=monkeypatch, capsys=capsys)
    _, table, _ = said_by(*words, monkeypatch=monkeypatch, capsys=capsys)
    _, none, _ = said_by("programmes", "list", "--place", "990200", monkeypatch=monkeypatch, capsys=capsys)

    assert {"320000", "320100"} == {sheet["place"] for sheet in msgspec.json.decode(out)}
    assert 1 == table.count("已更正 corrected")
    assert "no sheet counts at this place" in none


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


def test_the_sums_of_a_country_fit_a_narrow_screen_unbroken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    sums = PlaceSums("150000", 10_000_000, 5_400_000, 2_281_531_775_07, 5_400_000, 2_293_740_775_70, {})
    for compared, shown in ((True, ["2281531775.07", "2293740775.70", "12209000.63"]), (False, ["2281531775.07"])):
        table = table_of_sums([sums], compared=compared)
        show_table(out, Both("申领", "claims"), table)
        said = capsys.readouterr().out

        assert all(said.count(amount) == 2 for amount in shown), said
        assert all(cell_len(line) <= 80 for line in said.splitlines())


def test_a_city_is_told_as_one_of_its_province() -> None:
    assert ("江苏省 Jiangsu 320000", "江苏省内 in Jiangsu 320100") == (name_of("320000"), name_of("320100"))


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
    heavy = "{'yikatong.programmes.formulas.trade_in.version_1', 'yikatong.app.commands.deciding', 'pyarrow'}"
    asked = f"import sys, yikatong.app.cli; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)  # noqa: S603

    assert "[]\n" == answer.stdout


def test_a_picture_says_what_changes() -> None:
    picture = draw_chart("a <title>", [Bar("苏 & 320000", 150_000_000, 250_000_000)], compared=True)

    assert "苏 &amp; 320000" in picture
    assert "¥1.50m +¥1.00m" in picture
    assert ElementTree.fromstring(picture) is not None  # noqa: S314  our own picture
