"""The floors of the house, judged by import-linter from the contracts in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from tests.house.house import REPOSITORY

PYPROJECT = REPOSITORY / "pyproject.toml"


def judge(folder: Path) -> tuple[int, str]:
    """Judge the packages that stand in a folder by our contracts; 0 is kept."""
    answer = subprocess.run(  # noqa: S603  our own interpreter and our own words
        [sys.executable, "-c", _RUN, str(folder), str(PYPROJECT)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stdout + answer.stderr


_RUN = """
import sys
sys.path.insert(0, sys.argv[1])
from importlinter.cli import lint_imports
sys.exit(lint_imports(config_filename=sys.argv[2], no_cache=True))
"""


def a_house(folder: Path, **modules: str) -> Path:
    """A small house with the given modules, `cards__rules="import x"` for yikatong.cards.rules."""
    for name in ("yikatong", "simulator"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
    for dotted, text in modules.items():
        room, _, module = dotted.partition("__")
        inside = folder / "yikatong" / room
        inside.mkdir(exist_ok=True)
        (inside / "__init__.py").touch()
        (inside / f"{module}.py").write_text(text, encoding="utf-8")
    return folder


def test_every_import_goes_down_and_every_room_has_its_floor() -> None:
    code, said = judge(REPOSITORY / "src")

    assert 0 == code, said


def test_a_small_house_with_imports_that_go_down_stands(tmp_path: Path) -> None:
    house = a_house(tmp_path, taps__service="import yikatong.cards.service", cards__service="")
    code, said = judge(house)

    assert 0 == code, said


def test_an_import_that_goes_up_is_caught(tmp_path: Path) -> None:
    code, said = judge(a_house(tmp_path, cards__service="import yikatong.taps.service", taps__service=""))

    assert 1 == code
    assert "yikatong.cards is not allowed to import yikatong.taps" in said


def test_an_import_of_a_neighbour_is_caught(tmp_path: Path) -> None:
    code, said = judge(a_house(tmp_path, ledger__service="import yikatong.codes.service", codes__service=""))

    assert 1 == code
    assert "yikatong.ledger is not allowed to import yikatong.codes" in said


def test_a_room_on_no_floor_is_caught(tmp_path: Path) -> None:
    code, said = judge(a_house(tmp_path, attic__service=""))

    assert 1 == code
    assert "attic" in said


def test_a_room_that_knows_the_simulator_is_caught_unless_it_is_app(tmp_path: Path) -> None:
    house = a_house(tmp_path, cards__service="import simulator.wallet", app__demo="import simulator.wallet")
    (house / "simulator" / "wallet.py").touch()
    code, said = judge(house)

    assert 1 == code
    assert "yikatong.cards.service -> simulator.wallet" in said
    assert "yikatong.app.demo -> simulator.wallet" not in said
