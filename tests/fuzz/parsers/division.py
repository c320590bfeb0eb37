"""How the time of a soak is divided over the parsers: by turns, the least soaked first, each its share of what is left.

What earlier soaks gave each is remembered beside the corpora, so that many short soaks reach what one long would.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock

import msgspec

SECONDS_MIN = 5.0
_FILE = "turns.json"


class Turns:
    """How many seconds each parser was soaked for, in all soaks of a folder."""

    def __init__(self, folder: Path) -> None:
        """Read what earlier soaks left."""
        self._file = folder / _FILE
        self._turn = Lock()
        found = self._file.read_bytes() if self._file.exists() else b"{}"
        self._seconds = msgspec.json.decode(found, type=dict[str, float])

    def order(self, names: Iterable[str]) -> list[str]:
        """The least soaked first; those that never were before all."""
        return sorted(names, key=lambda name: self._seconds.get(name, 0.0))

    def remember(self, name: str, *, seconds: float) -> None:
        """A parser was soaked for so long; kept at once, since a soak may be cut short."""
        with self._turn:
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds
            fresh = self._file.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(self._seconds))
            fresh.replace(self._file)


class Division:
    """The time that is left for so many parsers, some of them at once. A fuzzer's own start is taken off its share."""

    def __init__(self, *, seconds: float, count: int, at_once: int, clock: Callable[[], float]) -> None:
        """`clock` counts seconds; the time begins to run now."""
        self._clock, self._until = clock, clock() + seconds
        self._left, self._at_once = count, at_once
        self._running: list[float] = []
        self._starts: list[float] = []
        self._turn = Lock()

    def take(self) -> float:
        """For how long the next parser is fuzzed: its share of what those under way leave."""
        with self._turn:
            now = self._clock()
            free = self._at_once * (self._until - now) - sum(max(0.0, end - now) for end in self._running)
            share = min(free / self._left, self._until - now)
            self._left -= 1
            self._running.append(now + share)
            start = sum(self._starts) / len(self._starts) if self._starts else 0.0
            return max(SECONDS_MIN, share - start)

    def end(self, *, start: float) -> None:
        """A fuzzer has ended, which took `start` seconds beside its time, to load and to end."""
        with self._turn:
            self._running.remove(min(self._running))
            self._starts.append(max(0.0, start))


def minutes_of_parsers(minutes: float, *, count: int, at_once: int, share: float, share_max: float) -> float:
    """How many minutes of a soak the parsers get: their share, or more where each would not get its minute, within
    the largest share."""
    return min(max(minutes * share, count / at_once), minutes * share_max)
