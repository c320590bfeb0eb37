"""Resident ID number (公民身份号码, GB 11643-1999), which is also the social security number."""

import re
from datetime import date
from enum import StrEnum
from operator import mul

import msgspec

from yikatong.kernel.identifiers.division import PROVINCES
from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.outcomes import Refused

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643-1999 §6.1: 2 to the power of (18 - place), modulo 11, for the first 17 places."""
CHECK_CHARACTERS = "10X98765432"
"""The check character by the weighted sum modulo 11."""
SYNTHETIC_PREFIX = "9901"
"""No division has a code that begins so; made-up residents live there."""
PERMIT_PREFIXES = frozenset({"81", "82", "83"})
"""Beginnings of the numbers of residence permits for Hong Kong, Macao and Taiwan residents (in force 2018-09-01)."""

_ZEROS = ord("0") * sum(WEIGHTS)
_SHAPE = re.compile(r"[0-9]{17}[0-9Xx]")
_OLD_SHAPE = re.compile(r"[0-9]{15}")


class IdKind(StrEnum):
    """Whose number it is."""

    CITIZEN = "citizen"
    PERMIT_HOLDER = "permit_holder"
    FOREIGN_PERMANENT_RESIDENT = "foreign_permanent_resident"
    SYNTHETIC = "synthetic"


class Sex(StrEnum):
    """Sex as the sequence number says it: odd is male, even is female."""

    MALE = "male"
    FEMALE = "female"


class IdNumber(msgspec.Struct, frozen=True):
    """An ID number that was read: 18 characters, the check character upper case.

    Its repr is masked, so that the number cannot reach a log by accident; `text` is the number itself.
    """

    text: str
    kind: IdKind
    born_on: date
    sex: Sex

    @property
    def area(self) -> str:
        """The first six digits: the division of first registration (for a foreigner: 9, province, country)."""
        return self.text[:6]

    def __repr__(self) -> str:
        return f"IdNumber({show_masked(self)})"


def resident_check_digit(first_seventeen: str) -> str:
    """Compute the 18th character of an ID number, `0` to `9` or `X` (ISO 7064 MOD 11-2).

    Raises ValueError for another count of digits.
    """
    if len(first_seventeen) != len(WEIGHTS):
        raise ValueError("the check digit is computed from 17 digits")
    # Digits are taken as their ASCII codes, and the zeros' share is subtracted once: five times as fast.
    total = sum(map(mul, first_seventeen.encode("ascii"), WEIGHTS)) - _ZEROS
    return CHECK_CHARACTERS[total % 11]


def make_id_number(*, area: str, born_on: date, sequence: int) -> str:
    """Write the ID number of an area, a birth date and a sequence number from 0 to 999."""
    body = f"{area}{born_on:%Y%m%d}{sequence:03d}"
    return body + resident_check_digit(body)


def read_id_number(text: str, *, day: date, synthetic_allowed: bool = False) -> IdNumber:
    """Read an 18-character ID number; a final x becomes X. `day` is today, in Shanghai.

    Whether the county existed in the birth year is not asked: numbers are given at registration, not at birth.

    Refuses, in this order:
        ID_NUMBER_HAS_FIFTEEN_DIGITS           a number from before GB 11643-1999
        ID_NUMBER_IS_MALFORMED                 not 17 ASCII digits followed by a digit or X
        ID_NUMBER_CHECK_DIGIT_IS_WRONG         the last character does not fit
        ID_NUMBER_PROVINCE_IS_UNKNOWN          no province, permit prefix (81, 82, 83) or foreigner's prefix (9)
        ID_NUMBER_IS_SYNTHETIC                 of division 9901xx, and these are not allowed
        ID_NUMBER_BIRTH_DATE_IS_NOT_REAL       no such day
        ID_NUMBER_BIRTH_DATE_IS_IN_THE_FUTURE  born after `day`
    """
    if len(text) == 15 and _OLD_SHAPE.fullmatch(text):
        raise Refused(Reason.ID_NUMBER_HAS_FIFTEEN_DIGITS)
    if not _SHAPE.fullmatch(text):
        raise Refused(Reason.ID_NUMBER_IS_MALFORMED)
    number = text.upper()
    if resident_check_digit(number[:17]) != number[17]:
        raise Refused(Reason.ID_NUMBER_CHECK_DIGIT_IS_WRONG)
    kind = _kind_of(number[:6])
    if kind is IdKind.SYNTHETIC and not synthetic_allowed:
        raise Refused(Reason.ID_NUMBER_IS_SYNTHETIC)
    born_on = _read_birth_date(number[6:14])
    if born_on > day:
        raise Refused(Reason.ID_NUMBER_BIRTH_DATE_IS_IN_THE_FUTURE)
    return IdNumber(number, kind, born_on, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def show_masked(number: IdNumber) -> str:
    """Write a number for a screen: the first three and last four characters, stars between."""
    return number.text[:3] + "*" * 11 + number.text[-4:]


def _kind_of(area: str) -> IdKind:
    if area[:2] in PERMIT_PREFIXES:
        return IdKind.PERMIT_HOLDER
    if area.startswith(SYNTHETIC_PREFIX):
        return IdKind.SYNTHETIC
    # A foreigner's number is 9, the province that accepted the application, and the ISO 3166 numeric country.
    if area[0] == "9" and area[1:3] in PROVINCES:
        return IdKind.FOREIGN_PERMANENT_RESIDENT
    if area[:2] in PROVINCES:
        return IdKind.CITIZEN
    raise Refused(Reason.ID_NUMBER_PROVINCE_IS_UNKNOWN)


def _read_birth_date(digits: str) -> date:
    try:
        return date.fromisoformat(digits)
    except ValueError:
        raise Refused(Reason.ID_NUMBER_BIRTH_DATE_IS_NOT_REAL) from None
