"""Facts: what a formula asks of a case, each an int64 with bounds."""

from enum import StrEnum

import msgspec
import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64]
"""One fact of many cases, or one step of many decisions."""

NOT_GIVEN = -(2**62)
"""Stands in a column where a case does not give a fact; lies outside all bounds."""


class FactKind(StrEnum):
    """How a fact is written and what its int64 counts."""

    YUAN = "yuan"  # fen
    DAY = "day"  # days since 1970-01-01
    MOMENT = "moment"  # seconds since 1970, UTC; written in Shanghai time
    COUNT = "count"
    HUNDREDTHS = "hundredths"  # written with two places at most
    FLAG = "flag"  # 1 is yes
    CHOICE = "choice"  # place among the choices
    CHOICES = "choices"  # one bit for each choice
    DIGITS = "digits"  # exactly `places` digits


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact: its name, how a command line calls it, its words, and between what its int64 lies."""

    name: str
    kind: FactKind
    zh: str
    en: str
    option: str = ""
    required: bool = False
    least: int = 0
    most: int = 1
    places: int = 0
    choices: tuple[str, ...] = ()


PRICE_FEN_MAX = 1_000_000_000
"""Ten million yuan; times ten thousand basis points it is far below 2**63."""
DAY_LEAST, DAY_MOST = 0, 47_846
"""1970-01-01 and 2100-12-31."""


def yuan_fact(name: str, *, zh: str, en: str, required: bool = False, option: str = "", least: int = 0) -> Fact:
    """An amount, at most ten million yuan."""
    return Fact(
        name=name,
        kind=FactKind.YUAN,
        zh=zh,
        en=en,
        option=option or name,
        required=required,
        least=least,
        most=PRICE_FEN_MAX,
    )


def day_fact(name: str, *, zh: str, en: str) -> Fact:
    """A day between 1970 and 2100."""
    return Fact(name=name, kind=FactKind.DAY, zh=zh, en=en, option=name, least=DAY_LEAST, most=DAY_MOST)


def moment_fact(name: str, *, zh: str, en: str) -> Fact:
    """A moment between 1970 and 2100."""
    return Fact(name=name, kind=FactKind.MOMENT, zh=zh, en=en, option=name, most=(DAY_MOST + 1) * 86_400)


def count_fact(name: str, *, zh: str, en: str, most: int, required: bool = False) -> Fact:
    """A whole number from 0."""
    return Fact(name=name, kind=FactKind.COUNT, zh=zh, en=en, option=name, most=most, required=required)


def flag_fact(name: str, *, zh: str, en: str) -> Fact:
    """Yes or no."""
    return Fact(name=name, kind=FactKind.FLAG, zh=zh, en=en, option=name)


def choice_fact(
    name: str, choices: tuple[str, ...], *, zh: str, en: str, required: bool = False, option: str = ""
) -> Fact:
    """One of several words."""
    return Fact(
        name=name,
        kind=FactKind.CHOICE,
        zh=zh,
        en=en,
        option=option or name,
        required=required,
        most=len(choices) - 1,
        choices=choices,
    )


def choices_fact(name: str, choices: tuple[str, ...], *, zh: str, en: str) -> Fact:
    """Any of several words."""
    return Fact(
        name=name, kind=FactKind.CHOICES, zh=zh, en=en, option=name, most=2 ** len(choices) - 1, choices=choices
    )


def digits_fact(name: str, *, places: int, zh: str, en: str) -> Fact:
    """A number of exactly so many digits."""
    return Fact(name=name, kind=FactKind.DIGITS, zh=zh, en=en, option=name, most=10**places - 1, places=places)
