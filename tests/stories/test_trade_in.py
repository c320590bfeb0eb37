"""The same old bike in four provinces, played on a platform of its own whose clocks are set to the autumn of 2024."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.cells import cell_len

from simulator.stories.telling import NARROWEST
from tests.support.database import folder_of_our_own
from yikatong.app import demo
from yikatong.plumbing.settings import Settings

GOT = {"杨凤英": "500.00", "陈志强": "500.00", "刘淑芬": "399.99", "周建国": "400.00", "吴敏": "0.00"}
REFUSED = ("vehicle is counted already", "store is not listed", "budget is used up", "claim lacks a step")


class Played(NamedTuple):
    """The folder in which the story was played, and what it said."""

    folder: Path
    text: str


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    """The story, played once."""
    folder = folder_of_our_own()
    capture = pytest.MonkeyPatch()
    capture.setenv("COLUMNS", str(NARROWEST))
    said = folder / "said"
    with said.open("w", encoding="utf-8") as out:
        capture.setattr("sys.stdout", out)
        try:
            demo.play_story(Settings(data_folder=str(folder), port=0), "trade-in")
        finally:
            capture.undo()
    yield Played(folder, said.read_text(encoding="utf-8"))
    shutil.rmtree(folder)


def test_each_resident_gets_what_the_province_published(played: Played) -> None:
    lines = {name: line for line in played.text.splitlines() for name in GOT if line.startswith(name)}

    assert GOT == {name: re.findall(r"\d+\.\d\d", line)[0] for name, line in lines.items()}


def test_whoever_has_no_right_to_it_hears_why(played: Played) -> None:
    assert list(REFUSED) == [why for line in played.text.splitlines() for why in REFUSED if f"✗ {why}" in line]


def test_the_books_balance_and_the_audit_finds_nothing(played: Played) -> None:
    assert re.search(r"^合计 sum +\d+ +0\.00$", played.text, re.MULTILINE)
    assert "The audit finds no difference in" in played.text.replace("\n", " ")


def test_no_line_is_wider_than_eighty_columns_or_ends_in_blanks(played: Played) -> None:
    lines = played.text.splitlines()

    assert [] == [line for line in lines if cell_len(line) > NARROWEST and str(played.folder) not in line]
    assert [] == [line for line in lines if line != line.rstrip()]
