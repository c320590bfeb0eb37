"""What stands in a bank's message, element by element: names of payments, amounts, days, reasons."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from lxml import etree

from yikatong.kernel.instants import SHANGHAI
from yikatong.kernel.money import Fen, read_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import Outcome, Reason, ReturnReason
from yikatong.payouts.rules.batches import read_number

ENDED = {"ACSC": Outcome.PAID, "ACCC": Outcome.PAID, "RJCT": Outcome.RETURNED, "CANC": Outcome.RETURNED}
"""Statuses that end a payment; every other means that the bank is not done with it."""

_REASONS = {
    "AC01": ReturnReason.ACCOUNT_IS_UNKNOWN,
    "AC03": ReturnReason.ACCOUNT_IS_UNKNOWN,
    "AC04": ReturnReason.ACCOUNT_IS_CLOSED,
    "AC07": ReturnReason.ACCOUNT_IS_CLOSED,
    "AC06": ReturnReason.ACCOUNT_IS_FROZEN,
    "BE01": ReturnReason.NAME_DIFFERS,
    "BE04": ReturnReason.NAME_DIFFERS,
    "AM02": ReturnReason.OVER_LIMIT,
    "AM14": ReturnReason.OVER_LIMIT,
    "AM21": ReturnReason.OVER_LIMIT,
}
"""External reason codes of ISO 20022 by what they mean here; others are OTHER."""


CURRENCY = "CNY"


class Reader(Protocol):
    """Takes the elements of a message as they end."""

    at: int
    """The line of the last element that was taken."""

    tags: Sequence[str]
    """The elements that are wanted."""

    def take(self, elements: Sequence[etree._Element]) -> int:
        """Take elements that ended, in their order; how many stand where the message has them.

        Others stand in what a bank added to the message, and are passed over.
        """
        ...

    def end(self) -> None:
        """Say what can be said when everything was read."""
        ...


class Names:
    """Element names of one namespace, made once."""

    def __init__(self, namespace: str) -> None:
        """Names of a message's namespace."""
        self.namespace = namespace
        self._known: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        """The name of an element, or a path of names."""
        found = self._known.get(path)
        if found is None:
            found = "/".join(f"{{{self.namespace}}}{name}" for name in path.split("/"))
            self._known[path] = found
        return found


def stands_under(element: etree._Element, *path: str) -> bool:
    """Whether an element stands under these alone, the nearest first, and the message's own two above them."""
    above = [one.tag for one in element.iterancestors()]
    return len(above) == len(path) + 2 and above[: len(path)] == list(path)


def text_of(element: Any) -> str:
    """The text of an element; nothing for one that is not there."""
    return "" if element is None else element.text or ""


def read_payment(text: str) -> tuple[UUID, int] | None:
    """Batch and line of a payment's name (EndToEndId), or None for a name that is not of our making."""
    number, dash, line = text.partition("-")
    if not dash or not line.isascii() or not line.isdigit() or len(line) > 7 or line[0] == "0":
        return None
    try:
        return read_number(number), int(line)
    except ValueError:
        return None


def read_part(text: str) -> tuple[UUID, int] | None:
    """Batch and part of a message's name (MsgId), or None for a name that is not of our making."""
    number, dash, part = text.partition("-P")
    if not dash or not part.isascii() or not part.isdigit() or len(part) != 4:
        return None
    try:
        return read_number(number), int(part)
    except ValueError:
        return None


def fen_of(amount: etree._Element, *, at: int) -> int:
    """An amount in yuan as fen. Refuses BANK_FILE_CANNOT_BE_READ: another currency, more places, or nothing."""
    if amount.get("Ccy") != CURRENCY:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at)
    return fen_of_text(amount.text or "", at=at)


def fen_of_text(text: str, *, at: int) -> int:
    """Yuan as fen. Refuses BANK_FILE_CANNOT_BE_READ: more places, or nothing."""
    try:
        return _read_yuan(text)
    except ValueError:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at) from None


@lru_cache(maxsize=4_096)
def _read_yuan(text: str) -> Fen:
    """The same amounts come again and again in a file."""
    return read_yuan(text)


def day_of(text: str, *, at: int) -> date:
    """The day of a date, or the day in Shanghai of an instant; one without a zone is Shanghai's.

    Refuses BANK_FILE_CANNOT_BE_READ: a year of more than four digits.
    """
    try:
        if "T" not in text:
            return date.fromisoformat(text.strip()[:10])
        instant = datetime.fromisoformat(text.strip())
        return instant.date() if instant.tzinfo is None else instant.astimezone(SHANGHAI).date()
    except (ValueError, OverflowError):
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at) from None


def reason_of(code: str | None) -> ReturnReason:
    """What a reason code means here."""
    return _REASONS.get(code or "", ReturnReason.OTHER)
