"""A soak's time reaches every parser: by turns over many short soaks, and in equal shares within one."""

from pathlib import Path

import pytest

from tests.fuzz.parsers.division import SECONDS_MIN, Division, Turns, minutes_of_parsers


class Now:
    """A clock that is moved."""

    seconds = 1_000.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


def test_each_of_many_parsers_gets_the_same_and_the_whole_is_the_time() -> None:
    now = Now()
    division = Division(seconds=240.0, count=8, at_once=2, clock=now)
    given = []
    for _ in range(4):
        given += [division.take(), division.take()]
        now.seconds += given[-1]
        division.end(start=0.0)
        division.end(start=0.0)

    assert [60.0] * 8 == given
    assert 1_240.0 == now.seconds


def test_what_a_fuzzer_takes_to_start_is_taken_off_so_that_the_last_are_not_left_out() -> None:
    now = Now()
    division = Division(seconds=100.0, count=10, at_once=1, clock=now)
    for _ in range(10):
        seconds = division.take()
        now.seconds += seconds + 4.0
        division.end(start=4.0)

    assert 1_100.0 == pytest.approx(now.seconds, abs=5.0)


def test_none_gets_less_than_the_least() -> None:
    assert SECONDS_MIN == Division(seconds=1.0, count=40, at_once=2, clock=Now()).take()


def test_many_short_soaks_come_to_all_by_turns_though_each_is_cut_short(tmp_path: Path) -> None:
    names = [f"parser-{number}" for number in range(7)]
    reached: list[str] = []
    for _ in range(4):
        turns = Turns(tmp_path)
        for name in turns.order(names)[:2]:
            turns.remember(name, seconds=5.0)
            reached.append(name)

    assert names == sorted(set(reached))
    assert reached[-1] == reached[0]


@pytest.mark.parametrize(
    ("minutes", "given"),
    [
        # An hour has more than a minute for each of forty, two at a time.
        (60.0, 24.0),
        # Half an hour gives each its minute, at the cost of the rest.
        (30.0, 20.0),
        # What is shorter leaves the rest its part.
        (10.0, 7.0),
    ],
)
def test_each_gets_its_minute_where_the_soak_has_so_many(minutes: float, given: float) -> None:
    assert given == pytest.approx(minutes_of_parsers(minutes, count=40, at_once=2, share=0.4, share_max=0.7))
