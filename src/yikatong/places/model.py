"""Regions, divisions and the reasons for which places refuses."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import ReasonText

NATIONAL = "000000"
"""Stands for the whole country where a region code is asked for; it is no region of its own."""

DivisionCodeText = Annotated[
    str,
    Meta(
        pattern="^[0-9]{6}$",
        description="six-digit division code (GB/T 2260)",
        examples=["500116"],
    ),
]


def is_division_code(text: str) -> bool:
    """Whether a text has the form of a division code: six ASCII digits."""
    return len(text) == 6 and text.isascii() and text.isdigit()


def enclosing_codes(code: str) -> tuple[str, ...]:
    """The code, then the codes of its city, its province and the country, each once.

    A county 500116 stands in 500100, 500000 and 000000; a province stands in the country only.
    """
    chain = (code, code[:4] + "00", code[:2] + "0000", NATIONAL)
    return tuple(dict.fromkeys(chain))


class Level(StrEnum):
    """What a division is. `special` codes stand outside GB/T 2260; `unassigned` ones are for synthetic people."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    SPECIAL = "special"
    UNASSIGNED = "unassigned"


class Region(Struct, frozen=True, kw_only=True):
    """An area with one issuing authority. `hosted` regions are served by this installation; the others are peers."""

    code: DivisionCodeText
    name_zh: str
    name_en: str
    hosted: bool
    opened_on: date


class RegionName(Struct, frozen=True, kw_only=True):
    """A region's name in both languages."""

    zh: str
    en: str


class Division(Struct, frozen=True, kw_only=True):
    """What a code meant from a day until another; where only the year is known, from its first day.

    A division older than the first edition of the code table is dated 1980-01-01. `successors` took over on the
    day it ended; one that was split has several.
    """

    code: DivisionCodeText
    valid_from: date
    valid_until: date | None
    name_zh: str
    name_en: str
    level: Level
    successors: tuple[DivisionCodeText, ...]
    note: str


class Reason(AnyReason):
    """Why places refuses."""

    REGION_IS_UNKNOWN = ReasonText(
        404,
        "No region with this code is known here.",
        "本平台没有该行政区划代码对应的地区。",
        "Nothing was changed. Look up the code under /v1/regions.",
        "未作任何改动。请在地区列表中查询代码。",
    )
    REGION_IS_NOT_HOSTED = ReasonText(
        409,
        "This installation knows the region but does not serve it.",
        "该地区不由本平台承办。",
        "Ask the region's own platform; nothing was changed.",
        "请到该地区的平台办理；未作任何改动。",
    )
    REGION_IS_THE_WHOLE_COUNTRY = ReasonText(
        422,
        "The code 000000 stands for the whole country and cannot be a region.",
        "000000表示全国，不能作为地区代码。",
        "Nothing was changed. Give the code of a province, city or county.",
        "未作任何改动。请填写省、市或区县代码。",
    )
    DIVISION_IS_UNKNOWN = ReasonText(
        404,
        "No division with this code was in force on that day.",
        "该日期没有此行政区划代码。",
        "Nothing was changed. Look up the code and its history under /v1/divisions.",
        "未作任何改动。请查询行政区划及其沿革。",
    )
