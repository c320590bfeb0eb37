"""Made-up trade-ins: prices as shops set them, batteries, days, and the slips that claims have.

All draws are whole numbers from a counter-based generator keyed by seed and block, so a block is the same on every
machine and whoever makes the others. Shares are our own guesses; only the populations of provinces are counted
(第七次全国人口普查公报, in ten thousands). What a simulation says of money is therefore a comparison, no forecast.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import numpy as np

from yikatong.programmes.formulas.trade_in.terms_1 import NewBattery, OldBattery
from yikatong.programmes.model import Column
from yikatong.programmes.rules.facts import day_number
from yikatong.programmes.rules.simulating import runs_of

BLOCK_ROWS = 250_000
PEOPLE_OF_PROVINCES = {
    "11": 2189, "12": 1387, "13": 7461, "14": 3492, "15": 2405, "21": 4259, "22": 2407, "23": 3185, "31": 2487,
    "32": 8475, "33": 6457, "34": 6103, "35": 4154, "36": 4519, "37": 10153, "41": 9937, "42": 5775, "43": 6644,
    "44": 12601, "45": 5013, "46": 1008, "50": 3205, "51": 8367, "52": 3856, "53": 4721, "54": 365, "61": 3953,
    "62": 2502, "63": 592, "64": 720, "65": 2585,
}  # fmt: skip
"""Counted on 2020-11-01, in ten thousands."""
CITY_SHARE = 12
"""A place that has rules of its own within its province is drawn as one of so many parts of it."""
PRICES_YUAN = (899, 1199, 1399, 1499, 1599, 1799, 1999, 2199, 2299, 2599, 2999, 3199, 3499, 3999, 4999)
WEIGHTS = (3, 5, 6, 8, 8, 9, 12, 10, 9, 9, 8, 5, 4, 3, 1)
DISCOUNT_FEN_MOST = 20_000
_DAY_SECONDS = 86_400
_MORNING_SECONDS = 1 * 3_600
_SHOP_SECONDS = 12 * 3_600


class Shape(NamedTuple):
    """Where and when claims are made: places with their weights, first and last day of purchase."""

    places: tuple[tuple[str, int], ...]
    first_on: date
    last_on: date


def shape_of(places: Iterable[str], *, first_on: date, last_on: date) -> Shape:
    """Weigh places by their people; a city within a province gets a part of it."""
    weighed = [
        (place, PEOPLE_OF_PROVINCES[place[:2]] // (1 if place.endswith("0000") else CITY_SHARE) + 1)
        for place in sorted(set(places))
        if place[:2] in PEOPLE_OF_PROVINCES
    ]
    return Shape(tuple(weighed), first_on, last_on)


def make_block(shape: Shape, *, seed: int, block: int, rows: int) -> dict[str, Column]:
    """One block of made-up trade-ins: the column `place` and the formula's facts. Sorted by place, then by day."""
    draw = np.random.Generator(np.random.Philox(key=[seed, block]))
    place = _places(shape, draw, rows)
    bought = _days(shape, draw, place)
    price = np.array(PRICES_YUAN, np.int64)[_weighed(draw, WEIGHTS, rows)] * 100
    haggled = draw.integers(0, 10, rows, dtype=np.uint8) < 3
    price -= haggled * draw.integers(0, DISCOUNT_FEN_MOST, rows, dtype=np.uint16).astype(np.int64)
    return {
        "place": place,
        "price": price,
        "old_battery": _weighed(draw, _in_order(OldBattery, lead_acid=64, lithium=32, other=1, none=3), rows),
        "new_battery": _weighed(draw, _in_order(NewBattery, lead_acid=70, lithium=29, other=1), rows),
        "bought_on": bought,
        "channel": _weighed(draw, (85, 15), rows),
        "handed_in_on": bought + draw.integers(-6, 3, rows, dtype=np.int8),
        "new_registered_on": bought + draw.integers(0, 12, rows, dtype=np.int8),
        "claimed_at": (bought + draw.integers(0, 20, rows, dtype=np.int8)) * _DAY_SECONDS
        + draw.integers(_MORNING_SECONDS, _SHOP_SECONDS, rows, dtype=np.uint16),
        "age_years": draw.integers(16, 85, rows, dtype=np.uint8).astype(np.int64),
        "earlier_claims": _weighed(draw, (96, 3, 1), rows),
        "old_owner_is_applicant": _yes(draw, 985, rows),
        "old_is_plated": _yes(draw, 930, rows),
        "pledge_is_given": _yes(draw, 500, rows),
        "store_is_listed": _yes(draw, 990, rows),
        "battery_is_checked": _yes(draw, 200, rows),
    }


def _places(shape: Shape, draw: np.random.Generator, rows: int) -> Column:
    drawn = _weighed(draw, tuple(weight for _, weight in shape.places), rows)
    counts = np.bincount(drawn, minlength=len(shape.places))
    codes = np.array([int(place) for place, _ in shape.places], np.int64)
    return np.repeat(codes, counts)


def _days(shape: Shape, draw: np.random.Generator, place: Column) -> Column:
    """Days of purchase, sorted within each place, so that the cases of one sheet lie together."""
    first, last = day_number(shape.first_on), day_number(shape.last_on)
    drawn = draw.integers(first, last + 1, len(place), dtype=np.int32)
    for start, end in runs_of(place):
        drawn[start:end].sort()
    return drawn.astype(np.int64)


def _weighed(draw: np.random.Generator, weights: tuple[int, ...], rows: int) -> Column:
    total = sum(weights)
    ends = np.repeat(np.arange(len(weights), dtype=np.int64), weights)
    return ends[draw.integers(0, total, rows, dtype=np.uint32)]


def _in_order(kind: type[OldBattery] | type[NewBattery], **weights: int) -> tuple[int, ...]:
    return tuple(weights[one.value] for one in kind)


def _yes(draw: np.random.Generator, per_thousand: int, rows: int) -> Column:
    return (draw.integers(0, 1_000, rows, dtype=np.uint16) < per_thousand).astype(np.int64)
