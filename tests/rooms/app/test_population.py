"""The command that loads a made-up population keeps what chance gave it to itself."""

from yikatong.app.population import ChanceInAdvance
from yikatong.plumbing.clock import SystemClock


def test_bytes_drawn_in_advance_are_given_once_and_in_the_asked_number() -> None:
    ids = ChanceInAdvance(SystemClock())
    drawn = [ids.random_bytes(count) for count in (12, 32, 96, 65_530, 100_000, 12) * 3]

    assert [12, 32, 96, 65_530, 100_000, 12] * 3 == [len(some) for some in drawn]
    assert len(drawn) == len(set(drawn))
    assert all(a not in b for a in drawn for b in drawn if a is not b)


def test_two_sources_never_give_the_same() -> None:
    one, other = ChanceInAdvance(SystemClock()), ChanceInAdvance(SystemClock())

    assert one.random_bytes(32) != other.random_bytes(32)
