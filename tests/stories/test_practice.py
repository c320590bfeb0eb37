"""The pages for the parties of a trade-in, typed line by line on the ground for practice."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.console import Console

from simulator.stories.practice import Practice
from tests.house.house import REPOSITORY
from tests.support.database import folder_of_our_own
from yikatong.app.practice import practice_ground
from yikatong.plumbing.postgres.errors import DataFolderInUseError
from yikatong.plumbing.postgres.folder import FolderLock
from yikatong.plumbing.settings import Settings

PAGES = REPOSITORY / "docs" / "trade-in"
TYPED = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMED_FOLDER = "/var/lib/yikatong/practice/parties"
END = "the block has ended"


class Shell:
    """A shell into which blocks are typed one after another."""

    def __init__(self, keys: Path) -> None:
        self._keys = keys
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "KEYS": str(keys), "LANG": "C.UTF-8"}
        self._bash = subprocess.Popen(
            ["/bin/bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=REPOSITORY,
            text=True,
            env=environment,
        )

    def type(self, block: str) -> str:
        """Type a block and wait for its end; gives what was shown."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(block.replace(NAMED_FOLDER, str(self._keys)) + f"\necho; echo {END}\n")
        self._bash.stdin.flush()
        shown: list[str] = []
        for line in self._bash.stdout:
            if line.strip() == END:
                return "".join(shown)
            shown.append(line)
        raise AssertionError("".join(shown))

    def end(self) -> None:
        """Leave the shell."""
        self._bash.kill()
        self._bash.communicate()


class Ground(NamedTuple):
    """The ground and a shell beside it."""

    practice: Practice
    shell: Shell

    def type(self, page: str, *, go_on_before: str | None = None) -> str:
        """Type a page's blocks; twelve days pass before the one that has these words."""
        shown: list[str] = []
        for block in TYPED.findall((PAGES / page).read_text(encoding="utf-8")):
            if block.startswith("make "):
                continue
            if go_on_before is not None and go_on_before in block:
                self.practice.go_on(days=12)
            shown.append(self.shell.type(block))
        return "".join(shown)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """The ground, opened once for all pages."""
    folder = folder_of_our_own()
    console = Console(file=StringIO(), width=80)
    try:
        with practice_ground(Settings(data_folder=str(folder), port=0), console) as (_, practice):
            shell = Shell(practice.folder)
            try:
                yield Ground(practice, shell)
            finally:
                shell.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refusals(shown: str) -> list[str]:
    """The reasons for which something was refused, in their order."""
    return re.findall(r'"reason":"([A-Z_]+)"', shown)


def answers(shown: str) -> list[dict[str, Any]]:
    """Every answer that stands on a line of its own."""
    return [json.loads(line) for line in shown.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    ("page", "refused"),
    [
        ("README.md", ["CLAIM_IS_UNKNOWN"]),
        ("resident.md", ["CLAIM_LACKS_A_STEP", "CLAIM_LACKS_A_STEP"]),
        ("recycler.md", ["BODY_IS_NOT_ACCEPTED", "OLD_BIKE_IS_IN_ANOTHER_STATE"]),
        ("police.md", ["PLATE_IS_IN_ANOTHER_STATE"]),
        ("counter.md", ["RESIDENT_IS_NOT_PRESENT"]),
        ("commerce.md", ["LIST_HAS_ERRORS", "FACT_IS_NOT_GIVEN", "PRICE_IS_OVER_THE_PLEDGE"]),
    ],
)
def test_a_page_is_refused_what_it_says_and_nothing_else(ground: Ground, page: str, refused: list[str]) -> None:
    assert refused == refusals(ground.type(page))


def test_a_store_takes_the_subsidy_off_and_takes_the_goods_back(ground: Ground) -> None:
    shown = ground.type("store.md")

    assert ["VEHICLE_IS_ANOTHER", "CLAIM_IS_PAID_IN_ANOTHER_WAY", "GOODS_COME_BACK_BY_THEIR_TAP"] == refusals(shown)
    assert ["paid", "refunded"] == [said["state"] for said in answers(shown) if "most_fen" in said][-2:]


def test_finance_sees_a_claim_paid_and_takes_back_what_the_store_owes(ground: Ground) -> None:
    shown = ground.type("finance.md", go_on_before="/finalise")
    *_, paid, clawed = [said for said in answers(shown) if "money" in said]

    assert [] == refusals(shown)
    assert ("paid", 39_999) == (paid["state"], paid["money"]["paid_fen"])
    assert 39_999 == clawed["money"]["reclaimed_fen"]


def test_a_ground_on_which_somebody_practises_is_not_cleared_by_a_second_start(tmp_path: Path) -> None:
    folder = tmp_path / "practice"
    folder.mkdir()
    (folder / "keys").write_text("somebody's")
    first = FolderLock(folder)
    first.take()
    settings, console = Settings(data_folder=str(tmp_path), port=0), Console(file=StringIO())
    with pytest.raises(DataFolderInUseError), practice_ground(settings, console):
        pass

    assert "somebody's" == (folder / "keys").read_text()
    first.release()


def test_waiting_for_a_state_that_does_not_come_ends_and_says_what_came(tmp_path: Path) -> None:
    typed = f"""
        . {PAGES}/calls.sh
        get() {{ echo '{{"state":"submitted"}}'; }}
        sleep() {{ :; }}
        until_state token claim paid || until_state token claim submitted
    """
    said = subprocess.run(["/bin/bash", "-c", typed], capture_output=True, text=True, check=True, cwd=tmp_path)  # noqa: S603

    assert ['not paid after two minutes: {"state":"submitted"}', "submitted"] == said.stdout.splitlines()
