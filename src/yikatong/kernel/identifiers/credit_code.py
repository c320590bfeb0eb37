"""Unified social credit code of an organisation (统一社会信用代码, GB 32100-2015)."""

import re
from typing import NewType

from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.outcomes import Refused

CreditCode = NewType("CreditCode", str)
"""18 characters, upper case: authority, type, six digits of a division, nine of the subject, one check."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 symbols in the order of their values; I, O, S, V and Z are left out."""

_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_SHAPE = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}")


def credit_check_character(first_seventeen: str) -> str:
    """Compute the 18th character (ISO 7064 MOD 31-3).

    The outer modulo matters: a sum divisible by 31 gives `0`, not a place beyond the alphabet.
    """
    total = sum(_VALUES[symbol] * weight for symbol, weight in zip(first_seventeen, _WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def make_credit_code(first_seventeen: str) -> CreditCode:
    """Write the code of 17 characters and their check character."""
    return CreditCode(first_seventeen + credit_check_character(first_seventeen))


def read_credit_code(text: str) -> CreditCode:
    """Read an 18-character code; lower-case letters become upper case.

    The inner check of the subject (GB 11714) is not asked, because codes are known that never carried one.

    Refuses, in this order:
        CREDIT_CODE_IS_MALFORMED              another length or symbol, or letters in the division
        CREDIT_CODE_CHECK_CHARACTER_IS_WRONG  the last character does not fit
    """
    # Upper-casing comes after the ASCII test, because some other letters have an ASCII capital.
    code = text.upper() if text.isascii() else text
    if not _SHAPE.fullmatch(code):
        raise Refused(Reason.CREDIT_CODE_IS_MALFORMED)
    if credit_check_character(code[:17]) != code[17]:
        raise Refused(Reason.CREDIT_CODE_CHECK_CHARACTER_IS_WRONG)
    return CreditCode(code)
