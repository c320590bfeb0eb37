"""Reports as they are asked for; they read what rooms keep and write nothing."""

from datetime import date
from typing import Any

import psycopg

from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import name_budget
from yikatong.programmes.service import Shelf
from yikatong.reports.model import BudgetLine, Reason, TradeInReport
from yikatong.reports.rules import begin_before, by_day, by_place, lines_of, refusals_by_reason, refusals_of, total_of
from yikatong.trade_in.service import reporting

__all__ = ["DAYS_MAX", "begin_before", "by_day", "by_place", "refusals_by_reason", "report_trade_in", "total_of"]

Conn = psycopg.AsyncConnection[Any]
DAYS_MAX = 400
"""So many days a report spans at most."""


async def report_trade_in(
    conn: Conn, *, shelf: Shelf, place: str, first_on: date, until_on: date, bucket_count: int
) -> TradeInReport:
    """What happened at a place and all within it, from a day until before another, and how its budgets stand.

    Refuses, in this order:
        REPORT_SPANS_NO_DAY         `until_on` is not after `first_on`
        REPORT_SPANS_TOO_MANY_DAYS  more than 400 of them
    """
    if until_on <= first_on:
        raise Refused(Reason.REPORT_SPANS_NO_DAY)
    if (until_on - first_on).days > DAYS_MAX:
        raise Refused(Reason.REPORT_SPANS_TOO_MANY_DAYS, days_max=DAYS_MAX)
    sums = await reporting.sum_days(conn, place=place, first_on=first_on, until_on=until_on)
    codes = reporting.list_budget_codes(shelf, place=place, first_on=first_on, until_on=until_on)
    return TradeInReport(
        place=place,
        first_on=first_on,
        until_on=until_on,
        lines=lines_of(sums.acts, sums.refusals),
        refusals=refusals_of(sums.refusals),
        budgets=tuple([line for code in codes if (line := await _budget(conn, code, bucket_count)) is not None]),
    )


async def _budget(conn: Conn, code: str, bucket_count: int) -> BudgetLine | None:
    """How a budget stands; None when nobody has opened it."""
    found = await ledger.find_budget(conn, budget=name_budget(code), bucket_count=bucket_count)
    if found is None:
        return None
    return BudgetLine(
        budget=code, funded_fen=found.funded_fen, left_fen=found.left_fen, reclaimed_fen=found.reclaimed_fen
    )
