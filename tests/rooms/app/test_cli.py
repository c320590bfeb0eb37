"""The command line: what a person can mend is one sentence and exit code 2, and a look makes nothing."""

import sys
from pathlib import Path

import pytest

from tests.support.processes import a_free_port
from yikatong.app.cli import main


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands find a data folder that is not there yet, and no settings but those of their test."""
    for name in ("YIKATONG_SETTINGS", "YIKATONG_DATABASE_URL", "YIKATONG_SERVING_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("YIKATONG_DATA_FOLDER", str(tmp_path / "house"))


def refusal_of(*words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a command says when it ends with exit code 2."""
    monkeypatch.setattr(sys, "argv", ["yikatong", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert (2, "", 1) == (ended.value.code, said.out, said.err.count("\n")), said
    return said.err


@pytest.mark.parametrize("words", [["serve"], ["audit"], ["db", "status"], ["db", "migrate"], ["population", "1"]])
def test_a_database_that_does_not_answer_is_named_by_its_setting(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIKATONG_DATABASE_URL", f"postgresql://li:word@127.0.0.1:{a_free_port()}/none")
    said = refusal_of(*words, monkeypatch=monkeypatch, capsys=capsys)

    assert "The database that YIKATONG_DATABASE_URL names does not let us in" in said
    assert "word" not in said


def test_an_address_that_is_none_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIKATONG_DATABASE_URL", "postgresql://li:se%zzcret@127.0.0.1/none")
    said = refusal_of("serve", monkeypatch=monkeypatch, capsys=capsys)

    assert said.startswith("YIKATONG_DATABASE_URL cannot be used")
    assert "cret" not in said


def test_an_option_out_of_bounds_is_refused_as_its_setting_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "port of the command line" in refusal_of("serve", "--port", "99999", monkeypatch=monkeypatch, capsys=capsys)
    assert "workers of the" in refusal_of("serve", "--workers", "0", monkeypatch=monkeypatch, capsys=capsys)


@pytest.mark.parametrize("words", [["audit"], ["db", "status"]])
def test_a_look_at_a_folder_without_a_database_makes_none(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house = tmp_path / "house"
    assert f"There is no database in {house};" in refusal_of(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert not house.exists()

    (house / "demo" / "postgres" / "data").mkdir(parents=True)
    assert f"--data {house / 'demo'}" in refusal_of(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert ["demo"] == [entry.name for entry in house.iterdir()]
