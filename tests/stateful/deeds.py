"""What can be done to a counter, as plain values: the reference and the real house both know how to do each."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

RESIDENTS = 2
WORKERS = 2
TILLS = 2
PURSE_FEN = 2_500
MEALS_FEN = 1_500


class Sent(NamedTuple):
    """A tap as it was signed and is sent: `fen` is what the till asks, `signed_fen` what the wallet signed."""

    resident: int
    code: int
    request: int
    till: int
    how: str
    fen: int
    signed_fen: int
    signed_at: int


class Act(NamedTuple):
    """One thing to try. Which of the taps so far it is about is `which` counted backwards, as far as there are any."""

    what: str
    resident: int = 0
    worker: int = 0
    which: int = 0
    fen: int = 0
    how: str = ""
    yes: bool = True


_WHICH = (0, 0, 0, 0, 1, 1, 2, 3, 5)
_FEN = (1, 300, 700, 1_000, 1_000, 2_500, 9_999, 10_001, 15_000, 20_000, 20_001)
_HOWS = {
    "tap": ("answered", "answered", "answered", "shown", "shown", "entry", "wrong amount"),
    "sign": ("answered", "answered", "shown"),
    "send changed": ("request", "amount", "till"),
    "reverse": ("by code", "by id"),
    "confirm": ("", "", "", "", "wrong amount"),
    "bank": ("debits", "debits", "debits", "refuses", "takes in silence", "is silent"),
}
_FENS = {"set limits": (0, 700, 1_000, 2_500), "wait": (1, 16, 30, 61, 91, 121, 721, 86_400)}

_AT_ONCE: Mapping[str, int] = {
    "tap": 8, "confirm": 5, "reverse": 3, "refund": 3, "send": 3, "send changed": 2, "set limits": 2, "top up": 2,
    "report lost": 1, "release": 2, "associate": 3, "freeze": 1, "unfreeze": 3, "freeze purse": 1, "unfreeze purse": 3,
}  # fmt: skip
_ALONE: Mapping[str, int] = {**_AT_ONCE, "sign": 2, "bank": 3, "job": 4, "wait": 6}
"""How often each is tried; what gives the resident back more than what takes away, so that most taps get far."""

Step = tuple[Act, ...]
"""One act, or up to three at the same time."""


def a_history(random: Random, *, steps: int) -> list[Step]:
    """A history of so many steps; the same from a generator of the same seed."""
    return [_step(random) for _ in range(steps)]


def shortened(history: list[Step], *, at: int) -> Iterator[list[Step]]:
    """A history without one of its steps, or without one of the acts of that step."""
    before, step, after = history[:at], history[at], history[at + 1 :]
    yield before + after
    for place in range(len(step) if len(step) > 1 else 0):
        yield [*before, step[:place] + step[place + 1 :], *after]


def _step(random: Random) -> Step:
    count = random.choice((1, 1, 1, 2, 2, 3))
    weights = _ALONE if count == 1 else _AT_ONCE
    whats = random.choices(list(weights), weights=list(weights.values()), k=count)
    # Half of what happens at once is about one resident, so that deeds meet.
    resident = random.randrange(RESIDENTS) if random.random() < 0.5 else None
    return tuple(_act(what, random, resident) for what in whats)


def _act(what: str, random: Random, resident: int | None) -> Act:
    anyone = random.randrange(RESIDENTS) if resident is None else resident
    return Act(
        what,
        resident=random.randrange(3) if what == "refund" else anyone,
        worker=random.randrange(WORKERS),
        which=random.choice(_WHICH),
        fen=random.choice(_FENS.get(what, _FEN)),
        how=random.choice(_HOWS.get(what, ("",))),
        yes=random.random() < 0.75,
    )
