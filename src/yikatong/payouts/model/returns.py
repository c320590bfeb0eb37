"""What banks say of payments: return files, read whole before anything is believed."""

from array import array
from collections import Counter
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec


class ReturnKind(StrEnum):
    """What a bank wrote: a status report, a notification, a statement of a day, or the plain return file."""

    STATUS = "pain.002"
    NOTIFICATION = "camt.054"
    STATEMENT = "camt.053"
    CSV = "csv"


STRICT_KINDS = frozenset({ReturnKind.STATUS, ReturnKind.CSV})
"""Kinds that speak of our payments alone: what we do not know in them is an error. Accounts see other movements too."""


class Outcome(StrEnum):
    """What a bank says became of a payment."""

    PAID = "paid"
    RETURNED = "returned"


NO_AMOUNT = -1
"""Where a bank names no amount: a payment of nothing is another amount than ours."""


class Report(NamedTuple):
    """One thing that a bank says of one payment, and the line of the file where it does; perhaps NO_AMOUNT."""

    batch_id: UUID
    line: int
    outcome: Outcome
    amount_fen: int
    reason: str | None
    booked_on: date | None
    at: int


class Told:
    """What one file tells of one batch, kept small: a million lines take some sixteen megabytes."""

    __slots__ = ("amounts", "days", "lines", "outcomes", "places", "reasons")

    def __init__(self) -> None:
        """Nothing was told yet."""
        self.lines = array("i")
        self.amounts = array("q")
        self.outcomes = bytearray()
        self.places = array("i")
        self.reasons: dict[int, str] = {}
        self.days: dict[int, date] = {}

    def add(self, report: Report) -> None:
        """Keep one report."""
        index = len(self.lines)
        self.lines.append(report.line)
        self.amounts.append(report.amount_fen)
        self.outcomes.append(report.outcome is Outcome.RETURNED)
        self.places.append(report.at)
        if report.reason is not None:
            self.reasons[index] = report.reason
        if report.booked_on is not None:
            self.days[index] = report.booked_on

    def list_doubled(self) -> frozenset[int]:
        """Lines that were paid more often than they came back: taken from us twice."""
        if len(set(self.lines)) == len(self.lines):
            return frozenset()
        paid = Counter[int]()
        for line, came_back in zip(self.lines, self.outcomes, strict=True):
            paid[line] += -1 if came_back else 1
        return frozenset(line for line, count in paid.items() if count > 1)


class ToldPart(NamedTuple):
    """What one file tells of a whole part: every payment of it that is open ended so."""

    batch_id: UUID
    part: int
    outcome: Outcome
    reason: str | None


class ReadFile(msgspec.Struct, frozen=True, kw_only=True):
    """A return file as it was read and found whole.

    `pending_count` are payments of which the bank says that it has not ended them.
    """

    kind: ReturnKind
    digest: bytes
    told: dict[UUID, Told]
    parts: tuple[ToldPart, ...] = ()
    report_count: int
    pending_count: int = 0


class FileState(StrEnum):
    """A return file was applied whole, or refused whole."""

    APPLIED = "applied"
    REFUSED = "refused"


class ReturnFile(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a return file; a refused one says why and where."""

    bank_code: str
    digest: bytes
    name: str
    kind: ReturnKind | None
    state: FileState
    fault: str | None
    fault_line: int | None
    report_count: int
    paid_count: int
    paid_fen: int
    returned_count: int
    returned_fen: int
    already_count: int
    difference_count: int
    received_at: datetime


class DifferenceKind(StrEnum):
    """On what a bank and we do not agree."""

    LINE_IS_UNKNOWN = "line_is_unknown"
    AMOUNT_DIFFERS = "amount_differs"
    PAID_AFTER_RETURN = "paid_after_return"
    STOPPED_YET_NAMED = "stopped_yet_named"
    BOOKED_TWICE = "booked_twice"


class PaymentDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of which a bank says something that cannot be; nothing was changed for it."""

    batch_id: UUID
    line: int
    kind: DifferenceKind
    our_fen: int | None
    bank_fen: int | None
