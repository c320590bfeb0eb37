"""The formula of a subsidy by area and crop, version 1.

Areas are hundredths of a mu, rates fen a mu. Up to the first area the whole rate counts, beyond it the reduced one
where the sheet has one; the sum is rounded down to the fen, then a household's cap.
"""

from typing import Annotated

import msgspec
import numpy as np

from yikatong.programmes.formulas.arithmetic_1 import Column
from yikatong.programmes.formulas.crop_subsidy.reasons import Reason
from yikatong.programmes.model import AMOUNT, Formula, Hundredths, NoteName, Nothing, Unknown, Window, Yuan
from yikatong.programmes.model.facts import Fact, FactKind, choice_fact, day_fact, flag_fact
from yikatong.programmes.rules.work import Work

CROPS = ("wheat", "maize", "rice", "soybean", "potato", "other")
HUNDREDTHS_OF_MU = 100
AREA_MOST = 100_000_000
"""A million mu; times the largest rate it is 10**17, far below 2**63."""


class _Term(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A block of a sheet: values and the clause they stand in."""

    clause: str


class Rate(_Term, frozen=True):
    """So much a mu of a crop; beyond `whole_until` mu the reduced rate."""

    crop: str
    rate: Yuan
    whole_until: Hundredths
    beyond: Yuan

    def __post_init__(self) -> None:
        if self.crop not in CROPS:
            raise ValueError(f"`{self.crop}` is none of {', '.join(CROPS)}")
        if not 0 < self.whole_until <= AREA_MOST:
            raise ValueError("`whole_until` is an area up to a million mu")


class SmallestArea(_Term, frozen=True):
    """Below this area there is nothing."""

    area: Hundredths


class Cap(_Term, frozen=True):
    """The most that a household gets."""

    amount: Yuan


class Contracted(_Term, frozen=True):
    """That no more is paid for than was contracted."""

    bound: Annotated[str, msgspec.Meta(pattern="^contracted_area$")]


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of one place; each is a value, `none`, or `unknown`."""

    rates: tuple[Rate, ...] | Unknown
    sown: Window | Nothing | Unknown
    smallest_area: SmallestArea | Nothing | Unknown
    cap: Cap | Nothing | Unknown
    contracted: Contracted | Nothing | Unknown

    def __post_init__(self) -> None:
        crops = [rate.crop for rate in self.rates] if isinstance(self.rates, tuple) else []
        if len(crops) != len(set(crops)):
            raise ValueError("a crop has one rate")


def decide(work: Work, terms: Terms) -> None:
    """Decide a crop subsidy: the conditions, then area times rate, then the cap."""
    _require(work, terms)
    summed, clauses = _by_area(work, terms)
    work.step("by_area", summed, "formula no rate for this crop", of=clauses)
    if isinstance(terms.cap, Cap):
        work.step(AMOUNT, np.minimum(summed, terms.cap.amount), terms.cap.clause)
    else:
        if terms.cap == "unknown":
            work.note(NoteName.LIMIT_NOT_PUBLISHED, "cap")
        work.step(AMOUNT, summed, "formula no cap")


def _by_area(work: Work, terms: Terms) -> tuple[Column, list[tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], str]]]:
    area, crop = work.fact("area"), work.fact("crop")
    summed = np.zeros(work.rows, np.int64)
    known = np.zeros(work.rows, np.bool_)
    clauses = []
    for rate in terms.rates if isinstance(terms.rates, tuple) else ():
        grown = crop == CROPS.index(rate.crop)
        whole = np.minimum(area, rate.whole_until)
        fen = (whole * rate.rate + (area - whole) * rate.beyond) // HUNDREDTHS_OF_MU
        summed = np.where(grown, fen, summed)
        known |= grown
        clauses.append((grown, rate.clause))
    if not known.all():
        work.refuse(Reason.CROP_RATE_NOT_PUBLISHED, where=~known, clause="formula no rate for this crop")
    return summed, clauses


def _require(work: Work, terms: Terms) -> None:
    if isinstance(terms.sown, Window):
        within = terms.sown.in_days()
        reason = Reason.SOWING_IS_OUTSIDE_THE_WINDOW
        work.require(reason, "sown_on", least=within.least, most=within.most, clause=terms.sown.clause)
    if terms.sown == "unknown" or (isinstance(terms.sown, Window) and terms.sown.is_partly_unknown):
        work.note(NoteName.WINDOW_NOT_PUBLISHED, "sown")
    work.require(
        Reason.LAND_IS_ABANDONED, "is_tilled", least=1, clause="formula 撂荒地不予补贴 abandoned land gets nothing"
    )
    if isinstance(terms.smallest_area, SmallestArea):
        smallest = terms.smallest_area
        work.require(Reason.AREA_IS_BELOW_THE_MINIMUM, "area", least=smallest.area, clause=smallest.clause)
    if isinstance(terms.contracted, Contracted):
        bound = terms.contracted
        work.require(Reason.AREA_IS_OVER_THE_CONTRACTED, "area", most=bound.bound, clause=bound.clause)


def _area(name: str, *, zh: str, en: str, required: bool = False) -> Fact:
    return Fact(name=name, kind=FactKind.HUNDREDTHS, zh=zh, en=en, option=name, required=required, most=AREA_MOST)


FORMULA = Formula(
    programme="crop_subsidy",
    version=1,
    title_zh="种植补贴",
    title_en="Crop subsidy",
    effective="sown_on",
    facts=(
        _area("area", zh="播种面积（亩）", en="area sown, in mu", required=True),
        choice_fact("crop", CROPS, zh="作物", en="crop", required=True),
        day_fact("sown_on", zh="播种日期", en="day of sowing"),
        _area("contracted_area", zh="承包面积（亩）", en="area contracted, in mu"),
        flag_fact("is_tilled", zh="正在耕种", en="the land is tilled"),
    ),
    terms=Terms,
    steps=("by_area", AMOUNT),
    refusals=tuple(Reason),
    unpublished=Reason.CROP_RATE_NOT_PUBLISHED,
    decide=decide,
    texts=("arithmetic_1.py", "crop_subsidy/version_1.py"),
)
