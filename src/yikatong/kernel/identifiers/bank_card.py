"""Bank card number (ISO/IEC 7812-1): 16 to 19 digits with the Luhn check.

A number that is read need not belong to anybody: only the bank knows that name and account fit.
"""

import re

import msgspec

from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.outcomes import Refused

_SHAPE = re.compile(r"[1-9][0-9]{15,18}")


class BankCardNumber(msgspec.Struct, frozen=True):
    """A bank card number that was read; its repr is masked, `text` is the number itself."""

    text: str

    @property
    def issuer_number(self) -> str:
        """The first six digits (BIN), which name the issuing bank."""
        return self.text[:6]

    @property
    def is_union_pay(self) -> bool:
        """Whether the number begins with UnionPay's 62."""
        return self.text.startswith("62")

    def __repr__(self) -> str:
        return f"BankCardNumber({show_masked(self)})"


def luhn_check_digit(other_digits: str) -> str:
    """Compute the last digit of a number from all others (ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(other_digits)):
        value = int(digit) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def make_bank_card_number(other_digits: str) -> str:
    """Write the number of 15 to 18 digits and their check digit."""
    return other_digits + luhn_check_digit(other_digits)


def read_bank_card_number(text: str) -> BankCardNumber:
    """Read a number without blanks.

    Refuses, in this order:
        BANK_CARD_NUMBER_IS_MALFORMED   not 16 to 19 ASCII digits, or the first is 0
        BANK_CARD_CHECK_DIGIT_IS_WRONG  the last digit does not fit
    """
    if not _SHAPE.fullmatch(text):
        raise Refused(Reason.BANK_CARD_NUMBER_IS_MALFORMED)
    if luhn_check_digit(text[:-1]) != text[-1]:
        raise Refused(Reason.BANK_CARD_CHECK_DIGIT_IS_WRONG)
    return BankCardNumber(text)


def show_masked(number: BankCardNumber) -> str:
    """Write a number for a screen: stars, then the last four digits."""
    return "*" * (len(number.text) - 4) + number.text[-4:]
