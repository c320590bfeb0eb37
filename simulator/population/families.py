"""Households out of ages: couples, their children at home, and grandparents who live with them.

All indexes are places in the arrays that were given; -1 says nobody.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.population.pyramid import draw_is_married

Indexes = NDArray[np.int64]
Years = NDArray[np.float64]

LEAVES_HOME_AT = 30
ADULT_AT = 18
ELDERLY_AT = 60
CHILDREN_MAX = 4
LEAST_PARENT_AGE = 18
BETWEEN_SIBLINGS_YEARS = 0.85
COUPLE_GAP_MAX_YEARS = 12
NOBODY = -1


class Role(IntEnum):
    """What somebody is in the household."""

    HEAD = 0
    PARTNER = 1
    CHILD = 2
    GRANDPARENT = 3


class Families(NamedTuple):
    """For each person: the number of the household, the role, and who spouse and parents are."""

    household: Indexes
    role: Indexes
    partner: Indexes
    mother: Indexes
    father: Indexes


class _Couples(NamedTuple):
    """Husbands and wives, in order of the wife's age."""

    husband: Indexes
    wife: Indexes


def form_families(random: np.random.Generator, years: Years, male: NDArray[np.bool_]) -> Families:
    """Put people into households; needs a few thousand of them, so that a fitting family is found for each child."""
    count = len(years)
    nobody = np.full(count, NOBODY, dtype=np.int64)
    families = Families(np.arange(count), np.zeros(count, dtype=np.int64), nobody, nobody.copy(), nobody.copy())
    couples = _pair(random, years, male)
    families.partner[couples.husband] = couples.wife
    families.partner[couples.wife] = couples.husband
    families.household[couples.wife] = couples.husband
    families.role[couples.wife] = Role.PARTNER
    _give_children_parents(random, years, families, couples)
    _bring_grandparents(random, years, male, families, couples)
    return families


def _pair(random: np.random.Generator, years: Years, male: NDArray[np.bool_]) -> _Couples:
    """Pair men and women by rank of age, with some noise, as many as there are of the fewer."""
    married = draw_is_married(random, years, male)
    husbands, wives = np.flatnonzero(married & male), np.flatnonzero(married & ~male)
    pairs = min(len(husbands), len(wives))
    husbands = random.permutation(husbands)[:pairs]
    wives = random.permutation(wives)[:pairs]
    husbands = husbands[np.argsort(years[husbands] + random.normal(0, 1.2, pairs))]
    wives = wives[np.argsort(years[wives] + random.normal(0, 1.2, pairs))]
    near = np.abs(years[husbands] - years[wives]) <= COUPLE_GAP_MAX_YEARS
    husbands, wives = husbands[near], wives[near]
    by_wife = np.argsort(years[wives], kind="stable")
    return _Couples(husbands[by_wife], wives[by_wife])


def _give_children_parents(random: np.random.Generator, years: Years, families: Families, couples: _Couples) -> None:
    """Give every minor, and most unmarried adults under 30, a couple whose ages fit; siblings are months apart."""
    at_home = (families.partner == NOBODY) & (years < LEAVES_HOME_AT)
    at_home &= (years < ADULT_AT) | (random.random(len(years)) < 0.65)
    for spread in (3.0, 4.0, 5.0, 7.0, 9.0):
        waiting = np.flatnonzero(at_home & (families.father == NOBODY))
        _find_parents(random, years, families, couples, waiting, spread)
        _send_back_crowded_siblings(years, families)
    # The few minors left go to families that are large already, or have a child of nearly their age.
    for spread in (3.0, 6.0, 9.0):
        waiting = np.flatnonzero(at_home & (families.father == NOBODY) & (years < ADULT_AT))
        _find_parents(random, years, families, couples, waiting, spread)
    children = np.flatnonzero(families.father != NOBODY)
    families.household[children] = families.father[children]
    families.role[children] = Role.CHILD


def _find_parents(
    random: np.random.Generator, years: Years, families: Families, couples: _Couples, waiting: Indexes, spread: float
) -> None:
    """Give each waiting child the parents that a mother's age at birth, drawn around 28, leads to, if they fit."""
    gap = np.clip(random.normal(28, spread, len(waiting)), 21, 44)
    couple = _couple_by_wife_age(random, years[couples.wife], years[waiting] + gap)
    younger = np.minimum(years[couples.wife[couple]], years[couples.husband[couple]])
    fits = younger - years[waiting] > LEAST_PARENT_AGE
    families.mother[waiting[fits]] = couples.wife[couple[fits]]
    families.father[waiting[fits]] = couples.husband[couple[fits]]


def _couple_by_wife_age(random: np.random.Generator, wife_years: Years, wanted: Years) -> Indexes:
    """For each wanted age of the mother, one of the couples within a year of it, or the nearest."""
    first = np.searchsorted(wife_years, wanted - 1)
    after = np.searchsorted(wife_years, wanted + 1)
    chosen = first + (random.random(len(wanted)) * np.maximum(after - first, 1)).astype(np.int64)
    nearest: Indexes = np.minimum(chosen, len(wife_years) - 1)
    return nearest


def _send_back_crowded_siblings(years: Years, families: Families) -> None:
    """Take the parents from children born too soon after a sibling, and from the fifth child on."""
    children = np.flatnonzero(families.father != NOBODY)
    order = children[np.lexsort((years[children], families.father[children]))]
    father = families.father[order]
    same = np.concatenate([[False], father[1:] == father[:-1]])
    near = np.concatenate([[False], np.diff(years[order]) < BETWEEN_SIBLINGS_YEARS])
    place = np.arange(len(order)) - np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    crowded = order[(same & near) | (place >= CHILDREN_MAX)]
    families.father[crowded] = NOBODY
    families.mother[crowded] = NOBODY


def _bring_grandparents(
    random: np.random.Generator, years: Years, male: NDArray[np.bool_], families: Families, couples: _Couples
) -> None:
    """Let some elderly people without children at home live with a couple a generation younger, as his parents."""
    has_children = np.zeros(len(years), dtype=bool)
    has_children[families.father[families.father != NOBODY]] = True
    # Of an elderly couple the husband is asked, and both move.
    asked = male | (families.partner == NOBODY)
    moves = asked & (years >= ELDERLY_AT) & ~has_children & (random.random(len(years)) < 0.35)
    movers = random.permutation(np.flatnonzero(moves))
    gap = np.clip(random.normal(27, 3, len(movers)), 20, 40)
    host = _couple_by_wife_age(random, years[couples.wife], years[movers] - gap - 2)
    husband = couples.husband[host]
    _, first = np.unique(husband, return_index=True)
    chosen = np.zeros(len(movers), dtype=bool)
    chosen[first] = True
    spouse = families.partner[movers]
    youngest = np.where(spouse == NOBODY, years[movers], np.minimum(years[movers], years[spouse]))
    chosen &= (youngest - years[husband] > LEAST_PARENT_AGE) & (years[husband] < ELDERLY_AT)
    _move_in(male, families, movers[chosen], husband[chosen])


def _move_in(male: NDArray[np.bool_], families: Families, movers: Indexes, husband: Indexes) -> None:
    """Move elders, with their spouses, into the household of a son."""
    spouse = families.partner[movers]
    paired = spouse != NOBODY
    families.father[husband] = np.where(male[movers], movers, spouse)
    families.mother[husband] = np.where(male[movers], spouse, movers)
    for people, home in ((movers, husband), (spouse[paired], husband[paired])):
        families.household[people] = home
        families.role[people] = Role.GRANDPARENT
