"""The clock: the machine's, or as far from it as a story says."""

from datetime import date, timedelta

from simulator.story_clock import shift_to
from yikatong.kernel.instants import SHANGHAI, day_of
from yikatong.plumbing.clock import SystemClock, clock_of
from yikatong.plumbing.settings import Settings

A_MOMENT = timedelta(minutes=5)


def test_a_platform_that_says_nothing_has_the_clock_of_its_machine() -> None:
    assert abs(clock_of(Settings()).now() - SystemClock().now()) < A_MOMENT


def test_a_shifted_clock_goes_on_from_there() -> None:
    clock = clock_of(Settings(clock_shift_seconds=-86_400))
    assert abs(clock.now() + timedelta(days=1) - SystemClock().now()) < A_MOMENT
    assert clock.now() <= clock.now()


def test_a_story_of_another_day_begins_on_its_morning() -> None:
    day = date(2024, 10, 20)
    now = SystemClock(shift=shift_to(day)).now()
    assert day_of(now) == day
    assert now.astimezone(SHANGHAI).hour == 9
