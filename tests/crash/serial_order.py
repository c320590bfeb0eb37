"""Looks for a serial order that explains what tills were told; written from the rules in words, not from the product.

What one resident's taps came to is explained when they can be put one after the other so that each answer is right at
its place, and none stands before another that was answered before it was asked.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class What(StrEnum):
    """What a till asked for."""

    ANSWERED = "a payment by a code that answers the till"
    SHOWN = "a payment by a bare code"
    BACK = "a tap taken back"


class Deed(NamedTuple):
    """What a till asked and was told, and when by its own clock.

    `said` is a reason, or empty for an admitted tap; of a tap taken back, what was found. `on_day` is the day of the
    decision, by which bare codes are counted.
    """

    request_id: str
    what: What
    amount_fen: int
    asked_at: float
    heard_at: float
    said: str
    on_day: date


class Terms(NamedTuple):
    """What a resident begins with, and what bare codes may pay at once and in a day; a limit of 0 allows none.

    Above `confirmed_above_fen` the resident is asked on the wallet, and the limits of bare codes are not.
    """

    purse_fen: int
    limit_fen: int = 0
    day_limit_fen: int = 0
    confirmed_above_fen: int = 50_000


class Standing(NamedTuple):
    """Where a resident stands after some deeds: the purse, and the payments by bare codes."""

    purse_fen: int
    shown: tuple[tuple[date, int], ...] = ()

    def shown_fen(self, day: date) -> int:
        """What bare codes paid on a day."""
        return sum(fen for on_day, fen in self.shown if on_day == day)


class NoSerialOrderError(Exception):
    """No order explains what was told."""


def explain(terms: Terms, deeds: Sequence[Deed]) -> Standing:
    """Where a resident stands after all deeds; raises NoSerialOrderError when no order explains what was told.

    Which deeds are done says where the resident stands, whatever their order: so no set of them is looked at twice.
    """
    history = sorted(deeds, key=lambda deed: deed.asked_at)
    everything = (1 << len(history)) - 1
    path = [_Step(0, Standing(terms.purse_fen), _next_of(history, done=0))]
    seen, farthest = {0}, path[0]
    while path[-1].done != everything:
        step = _forward(path[-1], history, terms, seen)
        if step is None:
            path.pop()
            if not path:
                raise NoSerialOrderError(_told(history, farthest))
            continue
        seen.add(step.done)
        path.append(step)
        farthest = max(farthest, step, key=lambda one: one.done.bit_count())
    return path[-1].standing


class _Step(NamedTuple):
    """Some deeds are done, as bits by their places in the history; `ways` are those that may come next."""

    done: int
    standing: Standing
    ways: Iterator[int]


def _forward(here: _Step, history: Sequence[Deed], terms: Terms, seen: set[int]) -> _Step | None:
    for place in here.ways:
        done = here.done | 1 << place
        standing = None if done in seen else _after(here.standing, terms, history[place], _tap_of(history, place))
        if standing is not None:
            return _Step(done, standing, _next_of(history, done=done))
    return None


def _next_of(history: Sequence[Deed], *, done: int) -> Iterator[int]:
    """The deeds that were asked before any of those that are left was answered."""
    left = [place for place in range(len(history)) if not done >> place & 1]
    first_heard = min((history[place].heard_at for place in left), default=0.0)
    return iter([place for place in left if history[place].asked_at <= first_heard])


def _tap_of(history: Sequence[Deed], place: int) -> Deed:
    """The tap that a deed is, or takes back."""
    of_request = (deed for deed in history if deed.request_id == history[place].request_id)
    return next(deed for deed in of_request if deed.what is not What.BACK)


def _after(standing: Standing, terms: Terms, deed: Deed, tap: Deed) -> Standing | None:
    """Where the resident stands after a deed; None where the answer is wrong at this place."""
    if deed.said != _right_answer(standing, terms, deed, tap):
        return None
    if deed.what is What.BACK:
        return standing._replace(purse_fen=standing.purse_fen + (deed.amount_fen if tap.said == "" else 0))
    if deed.said:
        return standing
    shown = ((deed.on_day, deed.amount_fen),) if deed.what is What.SHOWN else ()
    return Standing(standing.purse_fen - deed.amount_fen, standing.shown + shown)


def _right_answer(standing: Standing, terms: Terms, deed: Deed, tap: Deed) -> str:
    if deed.what is What.BACK:
        return "refused" if tap.said else "admitted"
    if deed.what is What.SHOWN and deed.amount_fen <= terms.confirmed_above_fen:
        if terms.limit_fen == 0:
            return "STRENGTH_IS_TOO_LOW"
        if deed.amount_fen > terms.limit_fen:
            return "SMALL_PAYMENT_LIMIT_IS_EXCEEDED"
        if standing.shown_fen(deed.on_day) + deed.amount_fen > terms.day_limit_fen:
            return "SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED"
    return "" if deed.amount_fen <= standing.purse_fen else "BALANCE_IS_TOO_LOW"


def _told(history: Sequence[Deed], farthest: _Step) -> str:
    standing = f"with {farthest.standing.purse_fen} fen in the purse and {farthest.standing.shown} by bare codes"
    left = [history[place] for place in _next_of(history, done=farthest.done)]
    said = "; ".join(f"{one.request_id}, {one.what}, of {one.amount_fen} fen was told {one.said!r}" for one in left)
    return f"{farthest.done.bit_count()} of {len(history)} deeds in order, {standing}, then none of these: {said}"
