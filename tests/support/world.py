"""A world of its own for each test: a fresh region, a clock that is set, ids that repeat with their seed."""

import os
import random
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
"""Noon in Shanghai on an ordinary Wednesday."""

_WORKERS_MAX = 10
_REGIONS_PER_WORKER = 7_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_first = random.SystemRandom().randrange(_REGIONS_PER_WORKER)
_numbers = count()


def a_region_code() -> str:
    """A six-digit region code under the unassigned provinces 92 to 98 that no other test of this run has.

    It is a county's: a city's or a province's would enclose the places of other tests.
    """
    code = _next_code()
    return _next_code() if code.endswith("00") else code


def a_city_code() -> str:
    """A city's code; no other test of this run has a place under it."""
    code = _next_code()
    while not code.endswith("00"):
        code = _next_code()
    for _ in range(99):
        _next_code()
    return code


def _next_code() -> str:
    number = next(_numbers)
    assert number < _REGIONS_PER_WORKER, "one worker has this many regions"
    assert _worker < _WORKERS_MAX, "the codes are shared among this many workers"
    # A random first one keeps runs apart that share a database on an outside server.
    return str(920_000 + _worker * _REGIONS_PER_WORKER + (_first + number) % _REGIONS_PER_WORKER)


class FixedClock:
    """A clock that stands until it is set."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        """The instant it was set to."""
        return self._now

    def set(self, now: datetime) -> None:
        """Set it to an instant."""
        self._now = now

    def advance(self, step: timedelta) -> datetime:
        """Move it forward; gives the new instant."""
        self._now += step
        return self._now


class SeededIds:
    """UUIDv7 and bytes from a seed: the same in every run, different between seeds.

    Without a seed it takes one from the operating system, so that tests sharing a database never meet.
    """

    def __init__(self, seed: int | None = None, *, clock: FixedClock | None = None) -> None:
        self._random = random.Random(seed if seed is not None else int.from_bytes(os.urandom(8)))
        self._clock = clock or FixedClock()
        self._count = count()

    def new(self) -> UUID:
        """A UUIDv7, later than every one given before at the same instant."""
        milliseconds = round(self._clock.now().timestamp() * 1000)
        head = milliseconds << 80 | 0x7 << 76 | (next(self._count) & 0xFFF) << 64
        return UUID(int=head | 0b10 << 62 | self._random.getrandbits(62))

    def random_bytes(self, count: int) -> bytes:
        """Bytes from the seed."""
        return self._random.randbytes(count)
