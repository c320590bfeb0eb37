"""Division code (行政区划代码, GB/T 2260) and the history of divisions, because codes change.

Six digits: two of the province, two of the city, two of the county; `00` stands for the whole.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import NewType

import msgspec

from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.outcomes import Refused
from yikatong.kernel.periods import is_in_force

DivisionCode = NewType("DivisionCode", str)

PROVINCES: dict[str, tuple[str, str]] = {
    "11": ("Beijing", "北京市"),
    "12": ("Tianjin", "天津市"),
    "13": ("Hebei", "河北省"),
    "14": ("Shanxi", "山西省"),
    "15": ("Inner Mongolia", "内蒙古自治区"),
    "21": ("Liaoning", "辽宁省"),
    "22": ("Jilin", "吉林省"),
    "23": ("Heilongjiang", "黑龙江省"),
    "31": ("Shanghai", "上海市"),
    "32": ("Jiangsu", "江苏省"),
    "33": ("Zhejiang", "浙江省"),
    "34": ("Anhui", "安徽省"),
    "35": ("Fujian", "福建省"),
    "36": ("Jiangxi", "江西省"),
    "37": ("Shandong", "山东省"),
    "41": ("Henan", "河南省"),
    "42": ("Hubei", "湖北省"),
    "43": ("Hunan", "湖南省"),
    "44": ("Guangdong", "广东省"),
    "45": ("Guangxi", "广西壮族自治区"),
    "46": ("Hainan", "海南省"),
    "50": ("Chongqing", "重庆市"),
    "51": ("Sichuan", "四川省"),
    "52": ("Guizhou", "贵州省"),
    "53": ("Yunnan", "云南省"),
    "54": ("Tibet", "西藏自治区"),
    "61": ("Shaanxi", "陕西省"),
    "62": ("Gansu", "甘肃省"),
    "63": ("Qinghai", "青海省"),
    "64": ("Ningxia", "宁夏回族自治区"),
    "65": ("Xinjiang", "新疆维吾尔自治区"),
    "71": ("Taiwan", "台湾省"),
    "81": ("Hong Kong", "香港特别行政区"),
    "82": ("Macao", "澳门特别行政区"),
}
"""Provinces by their two digits (GB/T 2260-2007), with English and Chinese names."""

_SHAPE = re.compile(r"[1-9][0-9]{5}")


class Division(msgspec.Struct, frozen=True, kw_only=True):
    """A division as it stood from `valid_from` until `valid_until` (exclusive; None while it stands).

    `successors` are the codes that took over its area when it ended; none when it was only renamed.
    """

    code: DivisionCode
    name: str
    valid_from: date
    valid_until: date | None = None
    successors: tuple[DivisionCode, ...] = ()

    def stands_on(self, day: date) -> bool:
        """Whether the division stood on a day."""
        return is_in_force(self, day)


def read_division_code(text: str) -> DivisionCode:
    """Read six digits. Whether the division stands is asked of a history, not of the code.

    Refuses:
        DIVISION_CODE_IS_MALFORMED  not six ASCII digits, or the first is 0
    """
    if not _SHAPE.fullmatch(text):
        raise Refused(Reason.DIVISION_CODE_IS_MALFORMED)
    return DivisionCode(text)


def significant_prefix(code: DivisionCode) -> str:
    """The digits that every division inside shares: two for a province, four for a city, six for a county."""
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code


def is_within(code: DivisionCode, *, outer: DivisionCode) -> bool:
    """Whether a division lies in another, or is it, as far as codes say."""
    return code.startswith(significant_prefix(outer))


def find_division(history: Iterable[Division], code: DivisionCode, *, on: date) -> Division | None:
    """Find the division that bore a code on a day."""
    return next((division for division in history if division.code == code and division.stands_on(on)), None)


def resolve_division(history: Iterable[Division], code: DivisionCode, *, on: date) -> tuple[DivisionCode, ...]:
    """Say which divisions hold, on a day, the area that a code named once: itself, or its successors, sorted.

    An area without a standing successor gives an empty answer; a circle of successors is followed once.
    """
    known = tuple(history)
    found: set[DivisionCode] = set()
    seen: set[DivisionCode] = set()
    waiting = [code]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if find_division(known, current, on=on):
            found.add(current)
            continue
        waiting.extend(
            successor
            for division in known
            if division.code == current and division.valid_until is not None and division.valid_until <= on
            for successor in division.successors
        )
    return tuple(sorted(found))
