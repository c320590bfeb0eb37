"""HTTP routes of reports: sums for whoever answers for a programme; no person stands in them."""

from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta, Struct, field

from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.places.model import enclosing_codes
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind
from yikatong.programmes.service import Shelf
from yikatong.reports import service
from yikatong.reports.model import Line, Reason, TradeInReport

PERMISSION = "trade_in.commerce"


class ReportQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The days of a report."""

    first_on: Annotated[date | None, Meta(description="first day; 30 days before the end when left out")] = field(
        default=None, name="from"
    )
    until_on: Annotated[date | None, Meta(description="the first day that does not count; tomorrow when left out")] = (
        field(default=None, name="until")
    )


class ReportAnswer(Struct, frozen=True, kw_only=True):
    """A report and its total."""

    total: Line
    report: TradeInReport


class _Reports:
    def __init__(self, shelf: Shelf, *, bucket_count: int) -> None:
        self._shelf = shelf
        self._bucket_count = bucket_count

    async def report_trade_in(self, call: Call, body: None, query: ReportQuery) -> ReportAnswer:
        place = call.path["division"]
        if call.by().region not in enclosing_codes(place):
            raise Refused(AccessReason.REGION_IS_OUT_OF_SCOPE)
        access.verify_division(call.by(), division=place)
        until_on = query.until_on or day_of(call.now) + timedelta(days=1)
        report = await service.report_trade_in(
            call.conn,
            shelf=self._shelf,
            place=place,
            first_on=query.first_on or service.begin_before(until_on),
            until_on=until_on,
            bucket_count=self._bucket_count,
        )
        return ReportAnswer(total=service.total_of(report), report=report)


def routes(shelf: Shelf, *, bucket_count: int) -> tuple[Route, ...]:
    """The routes of reports."""
    return (
        Route(
            method="GET",
            path="/v1/trade-in/places/{division}/report",
            name="trade_in.report",
            tag="trade-in",
            summary_en="Add up a place's trade-ins by day: bikes, sales, subsidy, refusals, money left",
            summary_zh="按日汇总一地的以旧换新：车辆、销售额、补贴、不予补贴、剩余资金",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            permission=PERMISSION,
            handle=_Reports(shelf, bucket_count=bucket_count).report_trade_in,
            query=ReportQuery,
            answer=ReportAnswer,
            reasons=(
                AccessReason.REGION_IS_OUT_OF_SCOPE,
                Reason.REPORT_SPANS_NO_DAY,
                Reason.REPORT_SPANS_TOO_MANY_DAYS,
            ),
        ),
    )
