"""How a report is added up from the rooms' sums."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from yikatong.reports.model import Line, RefusedFor, TradeInReport
from yikatong.trade_in.model import Act, ActsOfDay, RefusalsOfDay


class Share(NamedTuple):
    """What an act adds to a line: its count and sums of amounts to which fields, and with which sign.

    `is_whole` acts move the whole amount of a claim; the others have an amount of their own.
    """

    counts: tuple[str, ...]
    sign: int = 1
    sales: bool = False
    fen_to: str = ""
    is_whole: bool = False


SHARES: Mapping[Act, Share] = {
    Act.QUALIFY: Share(("qualified",)),
    Act.WITHDRAW: Share(("given_up",)),
    Act.EXPIRE: Share(("given_up",)),
    Act.RECEIVE_OLD: Share(("bikes_in",)),
    Act.COLLECT_OLD: Share(("collected",)),
    Act.DISMANTLE: Share(("dismantled",)),
    Act.CANCEL_PLATE: Share(("plates_cancelled",)),
    Act.SELL: Share(("bikes_out",), sales=True),
    Act.DEDUCT: Share(("bikes_out", "paid"), sales=True, fen_to="subsidy_fen"),
    Act.UNDO_DEDUCTION: Share(("bikes_out", "paid"), sign=-1, sales=True, fen_to="subsidy_fen"),
    Act.REGISTER_NEW: Share(("registered",)),
    Act.PAY: Share(("paid",), fen_to="subsidy_fen", is_whole=True),
    Act.BANK_RETURNS: Share(("paid",), sign=-1, fen_to="subsidy_fen", is_whole=True),
    Act.RETURN_GOODS: Share(("returned",)),
    Act.PAY_BACK: Share((), fen_to="reclaimed_fen"),
}
"""Acts that are not named here change nothing that a report tells."""

DAYS_BEFORE = timedelta(days=30)
"""A report without a first day begins so long before its end."""


def begin_before(until_on: date) -> date:
    """The first day of a report of which only the end was given; no day lies before the calendar's first."""
    return until_on - min(DAYS_BEFORE, until_on - date.min)


def lines_of(acts: Sequence[ActsOfDay], refusals: Sequence[RefusalsOfDay]) -> tuple[Line, ...]:
    """A line for each place and day on which anything happened, by place and day."""
    sums: dict[tuple[str, date], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in acts:
        share = SHARES.get(Act(one.act))
        if share is not None:
            _add(sums[one.place, one.done_on], share, one)
    for refused in refusals:
        sums[refused.place, refused.refused_on]["refused"] += refused.refused
    return tuple(Line(place=place, day=day, **sums[place, day]) for place, day in sorted(sums))


def _add(sums: dict[str, int], share: Share, one: ActsOfDay) -> None:
    for field in share.counts:
        sums[field] += share.sign * one.done
    if share.sales:
        sums["sales_fen"] += share.sign * one.price_fen
    if share.fen_to:
        sums[share.fen_to] += share.sign * (one.amount_fen if share.is_whole else one.fen)


def refusals_of(refusals: Sequence[RefusalsOfDay]) -> tuple[RefusedFor, ...]:
    """Refusals by place, day and reason."""
    return tuple(
        RefusedFor(place=one.place, day=one.refused_on, reason=one.reason, refused=one.refused) for one in refusals
    )


_SUMMED = tuple(field for field in Line.__struct_fields__ if field not in ("place", "day"))


def sum_lines(lines: Iterable[Line], *, place: str, day: date) -> Line:
    """Lines as one, under a place and day."""
    some = list(lines)
    return Line(place=place, day=day, **{field: sum(getattr(line, field) for line in some) for field in _SUMMED})


def total_of(report: TradeInReport) -> Line:
    """The whole report as one line, of its first day."""
    return sum_lines(report.lines, place=report.place, day=report.first_on)


def by_place(report: TradeInReport) -> tuple[Line, ...]:
    """A line for each place over all days, of the first day."""
    places = sorted({line.place for line in report.lines})
    return tuple(
        sum_lines((line for line in report.lines if line.place == place), place=place, day=report.first_on)
        for place in places
    )


def by_day(report: TradeInReport) -> tuple[Line, ...]:
    """A line for each day over all places, of the report's own place."""
    days = sorted({line.day for line in report.lines})
    return tuple(
        sum_lines((line for line in report.lines if line.day == day), place=report.place, day=day) for day in days
    )


def refusals_by_reason(report: TradeInReport) -> tuple[tuple[str, int], ...]:
    """How many were refused for each reason over all, the most first."""
    counts: dict[str, int] = defaultdict(int)
    for one in report.refusals:
        counts[one.reason] += one.refused
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
