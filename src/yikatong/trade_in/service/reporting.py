"""What reports are made from: sums by place and day, and whose budgets they concern. No person stands in them."""

from datetime import date
from typing import Any, NamedTuple

import psycopg

from yikatong.kernel.identifiers.division import DivisionCode, significant_prefix
from yikatong.places.model import NATIONAL, enclosing_codes
from yikatong.programmes.service import Shelf
from yikatong.trade_in.model import PROGRAMME, ActsOfDay, RefusalsOfDay
from yikatong.trade_in.rules.sheets import budget_code_of
from yikatong.trade_in.store import reports

Conn = psycopg.AsyncConnection[Any]


class DaySums(NamedTuple):
    """What was done and what was refused, by place and day."""

    acts: tuple[ActsOfDay, ...]
    refusals: tuple[RefusalsOfDay, ...]


async def sum_days(conn: Conn, *, place: str, first_on: date, until_on: date) -> DaySums:
    """What was done and refused at a place and all within it, from a day until before another; 000000 is everywhere."""
    under = under_of(place)
    return DaySums(
        await reports.report_deeds(conn, under=under, first_on=first_on, until_on=until_on),
        await reports.report_refusals(conn, under=under, first_on=first_on, until_on=until_on),
    )


def list_budget_codes(shelf: Shelf, *, place: str, first_on: date, until_on: date) -> tuple[str, ...]:
    """The codes of the budgets that pay for purchases of some days at a place and all within it.

    Those of the divisions that it lies in are among them: they pay where it has no sheet of its own.
    """
    under, around = under_of(place), enclosing_codes(place)
    years = range(first_on.year, until_on.year + 1)
    first_days = [max(date(year, 1, 1), first_on) for year in years if date(year, 1, 1) < until_on]
    codes = {
        budget_code_of(sheet, on=day)
        for sheet in shelf.sheets_of(PROGRAMME)
        if sheet.head.place.startswith(under) or sheet.head.place in around
        for day in first_days
    }
    return tuple(sorted(codes))


def under_of(place: str) -> str:
    """How the codes of a place and all within it begin."""
    return "" if place == NATIONAL else significant_prefix(DivisionCode(place))
