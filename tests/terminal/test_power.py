"""Power fails at any moment: what was said yes to is there, nothing is there twice, the rest is whole or gone."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.world import NOON
from tests.terminal.world import ALLOWANCE, Till, a_phone, an_allowance
from yikatong.kernel.ids import show_id

TAPS = 6


def sequences(file: Path) -> list[int]:
    """What a till that comes up again has admitted."""
    till = Till(file)
    found = [one.sequence for one in till.kit.admitted()]
    till.memory.close()
    with closing(sqlite3.connect(file)) as connection:
        seen = connection.execute("SELECT count(*) FROM seen").fetchone()[0]
    assert len(found) == seen, "a tap and its code are there together"
    return found


def test_a_file_that_ends_at_any_byte_has_every_tap_that_was_said_yes_to_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    folder.mkdir()
    till, phone = Till(folder / "m"), a_phone()
    till.hold_all(an_allowance(phone))
    log = folder / "m-wal"
    ends: list[int] = []
    for number in range(TAPS):
        till.pay(phone, 100) if number % 2 else till.enter(phone)
        ends.append(log.stat().st_size)
    whole, main = log.read_bytes(), (folder / "m").read_bytes()
    first = ends[0]

    # Every page boundary and the bytes around it, and every 509th byte besides.
    cuts = {at for end in ends for at in (end - 1, end, end + 1)} | set(range(first, len(whole), 509))
    for cut in sorted(at for at in cuts if first <= at <= len(whole)):
        broken = tmp_path / "broken"
        shutil.rmtree(broken, ignore_errors=True)
        broken.mkdir()
        (broken / "m").write_bytes(main)
        (broken / "m-wal").write_bytes(whole[:cut])
        found = sequences(broken / "m")
        promised = sum(end <= cut for end in ends)
        assert list(range(1, len(found) + 1)) == found
        assert promised == len(found)
    till.memory.close()


_CHILD = """
import sys
from pathlib import Path
from tests.terminal.world import Till, an_allowance, a_phone
till, phone = Till(Path(sys.argv[1])), a_phone()
till.hold_all(an_allowance(phone, amount_fen=10_000))
print("ready", flush=True)
while True:
    print(till.pay(phone, 10).sequence, flush=True)
"""


@pytest.mark.parametrize("after", [1, 3, 8])
def test_a_till_that_is_killed_lost_nothing_it_said_yes_to(tmp_path: Path, after: int) -> None:
    file = tmp_path / "m"
    said: list[int] = []
    with subprocess.Popen(  # noqa: S603  our own interpreter and our own words
        [sys.executable, "-c", _CHILD, str(file)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as child:
        assert child.stdout is not None
        assert "ready\n" == child.stdout.readline()
        while len(said) < after:
            said.append(int(child.stdout.readline()))
        os.kill(child.pid, signal.SIGKILL)
        said += [int(line) for line in child.stdout if line.endswith("\n")]

    found = sequences(file)

    assert set(said) <= set(found)
    assert list(range(1, len(found) + 1)) == found
    assert len(found) - len(said) in (0, 1)


def test_two_tills_on_one_memory_take_no_more_than_the_allowance_however_they_take_turns(tmp_path: Path) -> None:
    phone = a_phone()
    first, second = Till(tmp_path / "m"), Till(tmp_path / "m")
    first.hold_all(an_allowance(phone))
    second.hold_all(an_allowance(phone))
    taken = [till.pay(phone, 500).sequence for till in (first, second, second, first)]

    assert [1, 2, 3, 4] == taken
    assert {show_id("allowance", ALLOWANCE): 3_000} == first.kit.left_fen() == second.kit.left_fen()
    assert NOON == first.memory.latest_accepted_at()
