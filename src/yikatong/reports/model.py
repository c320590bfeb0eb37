"""A report of the trade-in: a line for each place and day, refusals by reason, and how the budgets stand."""

from datetime import date

import msgspec

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import ReasonText


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What happened at one place on one day; amounts are fen.

    `bikes_in` were handed in, `bikes_out` sold with subsidy or to be claimed for; what was undone or sent back by a
    bank is taken off the day on which it was. `subsidy_fen` is what was paid, `reclaimed_fen` what came back.
    """

    place: str
    day: date
    qualified: int = 0
    refused: int = 0
    given_up: int = 0
    bikes_in: int = 0
    collected: int = 0
    dismantled: int = 0
    plates_cancelled: int = 0
    bikes_out: int = 0
    registered: int = 0
    returned: int = 0
    sales_fen: int = 0
    paid: int = 0
    subsidy_fen: int = 0
    reclaimed_fen: int = 0

    @property
    def average_fen(self) -> int | None:
        """What a paid claim got on average, rounded down; None where none was paid."""
        return self.subsidy_fen // self.paid if self.paid > 0 else None


class RefusedFor(msgspec.Struct, frozen=True, kw_only=True):
    """How many applications were refused at one place on one day for one reason."""

    place: str
    day: date
    reason: str
    refused: int


class BudgetLine(msgspec.Struct, frozen=True, kw_only=True):
    """How a budget stands now: what was put in, what claims may still get, what came back to the treasury."""

    budget: str
    funded_fen: int
    left_fen: int
    reclaimed_fen: int


class TradeInReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report over a place and all within it, from a day until before another."""

    place: str
    first_on: date
    until_on: date
    lines: tuple[Line, ...]
    refusals: tuple[RefusedFor, ...]
    budgets: tuple[BudgetLine, ...]


class Reason(AnyReason):
    """Why a report is not made."""

    REPORT_SPANS_NO_DAY = ReasonText(
        422,
        "The report's last day lies before its first.",
        "报表的截止日期早于起始日期。",
        "Nothing was read. The day `until` is the first that does not count; give a later one.",
        "未读取任何数据。截止日期本身不计入；请改用更晚的日期。",
    )
    REPORT_SPANS_TOO_MANY_DAYS = ReasonText(
        422,
        "The report spans more days than one may.",
        "报表跨越的天数过多。",
        "Nothing was read. Ask for fewer days; how many one report may span is named.",
        "未读取任何数据。请缩短日期范围；允许的最多天数已注明。",
    )
