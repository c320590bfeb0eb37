"""The command line: what a person can mend is one sentence and exit code 2, and a look makes nothing."""

import sys
import uuid
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.support.database import named_instead
from tests.support.processes import a_free_port
from yikatong.app.cli import DIFFERENCES_TOLD, main, say_differences
from yikatong.plumbing.database import Database


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

    assert " YIKATONG_DATABASE_URL cannot be used" in said
    assert "cret" not in said


def test_an_option_out_of_bounds_is_refused_as_its_setting_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "port of the command line" in refusal_of("serve", "--port", "99999", monkeypatch=monkeypatch, capsys=capsys)
    assert "workers of the" in refusal_of("serve", "--workers", "0", monkeypatch=monkeypatch, capsys=capsys)


@pytest.mark.parametrize(
    ("setting", "needs"), [("WITNESS_URL", "`yikatong witness key`"), ("BANK_FILES_URL", "needs bank_files_folder")]
)
def test_an_organisation_that_is_named_by_half_is_told_before_anything_is_made(
    setting: str, needs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"YIKATONG_{setting}", "http://127.0.0.1:1")

    assert needs in refusal_of("serve", monkeypatch=monkeypatch, capsys=capsys)
    assert not (tmp_path / "house").exists()


def test_an_audit_names_differences_that_come_after_one_that_stays(capsys: pytest.CaptureFixture[str]) -> None:
    stays, edited = "log: it holds 21 batches, and the witness signed 22", "log: tap 7 is not what was sealed"
    say_differences([stays, edited])
    said = capsys.readouterr().err

    assert [f"差异 difference: {one}" for one in (stays, edited)] == said.splitlines()


def test_of_very_many_differences_the_rest_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    say_differences([f"taps: {number}" for number in range(DIFFERENCES_TOLD + 3)])
    said = capsys.readouterr().err.splitlines()

    assert DIFFERENCES_TOLD + 1 == len(said)
    assert "3 more; --json lists all of them." in said[-1]


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


def test_a_database_that_cannot_hold_every_name_is_refused_with_the_statement_that_makes_another(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"yikatong_empty_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(db.address.conninfo, autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0").format(
                sql.Identifier(name)
            )
        )
        monkeypatch.setenv("YIKATONG_DATABASE_URL", named_instead(db.address.conninfo, name))
        try:
            said = refusal_of("serve", monkeypatch=monkeypatch, capsys=capsys)
        finally:
            conn.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))

    assert " The database that YIKATONG_DATABASE_URL names is encoded in SQL_ASCII." in said
    assert "ENCODING 'UTF8' TEMPLATE template0" in said
