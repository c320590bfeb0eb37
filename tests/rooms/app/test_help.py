"""What the command line says of itself: both languages, nothing cut, and in a sentence who has our port."""

import socket
import sys

import pytest
import typer
from rich.cells import cell_len

from tests.support.database import folder_of_our_own
from yikatong import __version__
from yikatong.app.cli import app, main
from yikatong.app.commands.help_texts import CHINESE, texts_of
from yikatong.app.commands.keys import PURPOSES
from yikatong.app.keys import LOCATOR
from yikatong.sealing.service import WANTED_KEYS
from yikatong.trust import service as trust


def test_a_port_that_another_program_has_ends_serve_with_1_and_one_line_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("YIKATONG_SETTINGS", "YIKATONG_DATABASE_URL", "YIKATONG_SERVING_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as neighbour:
        neighbour.bind(("127.0.0.1", 0))
        neighbour.listen()
        port = neighbour.getsockname()[1]
        words = ["yikatong", "serve", "--port", str(port), "--data", str(folder_of_our_own())]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()

    said = capsys.readouterr()
    assert (1, "", 1) == (ended.value.code, said.out, said.err.count("\n"))
    assert f"127.0.0.1的{port}端口已被其他程序占用" in said.err
    assert f"Another program listens on 127.0.0.1 port {port}: end it, or name another" in said.err


def test_the_version_is_said_without_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["yikatong", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()

    assert (0, f"yikatong {__version__}\n") == (ended.value.code, capsys.readouterr().out)


def test_every_command_and_option_explains_itself_in_both_languages() -> None:
    english = {" ".join(said.help.split("\n\n")[-1].split()) for said in texts_of(typer.main.get_command(app))}

    assert set(CHINESE) == english


@pytest.mark.parametrize("words", [[], ["serve"], ["keys", "rotate"], ["db", "migrate"], ["bench"], ["bench", "taps"]])
def test_help_loses_nothing_in_eighty_columns(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["yikatong", *words, "--help"])
    with pytest.raises(SystemExit):
        main()

    said = capsys.readouterr().out.splitlines()
    assert [] == [line for line in said if "…" in line or cell_len(line) > 80]


def test_every_key_that_a_region_begins_with_has_a_purpose_in_both_languages() -> None:
    purposes = {trust.split_key_name(wanted.name)[0] for wanted in trust.wanted_keys("990100")}

    assert purposes | {LOCATOR} | {wanted.name for wanted in WANTED_KEYS} == set(PURPOSES)
