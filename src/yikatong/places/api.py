"""HTTP routes of places: open to anyone, they show no person."""

from datetime import date
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.places import service
from yikatong.places.model import Division, DivisionCodeText, Reason, Region, is_division_code
from yikatong.plumbing.http import Call, Route, open_query


class RegionsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which regions to list."""

    hosted: Annotated[bool | None, Meta(description="true: served here; false: peers only")] = None


class RegionsAnswer(Struct, frozen=True):
    """Regions in order of code."""

    regions: tuple[Region, ...]


class DivisionsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which divisions to list."""

    under: Annotated[str, Meta(pattern="^[0-9]{0,6}$", description="how the codes begin", examples=["5001"])] = ""
    on: Annotated[date | None, Meta(description="the day asked about; today when left out")] = None
    after: Annotated[str, Meta(pattern="^([0-9]{6})?$", description="`next_after` of the page before")] = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class DivisionsAnswer(Struct, frozen=True):
    """A page of divisions; `next_after` is null on the last page."""

    divisions: tuple[Division, ...]
    next_after: DivisionCodeText | None


class DivisionAnswer(Struct, frozen=True):
    """Everything a code ever meant, and the codes that stand for it today."""

    history: tuple[Division, ...]
    successors: tuple[DivisionCodeText, ...]


async def _list_regions(call: Call, body: None, query: RegionsQuery) -> RegionsAnswer:
    return RegionsAnswer(regions=await service.list_regions(call.conn, hosted=query.hosted))


async def _list_divisions(call: Call, body: None, query: DivisionsQuery) -> DivisionsAnswer:
    found = await service.list_divisions(
        call.conn, on=query.on or day_of(call.now), under=query.under, after=query.after, limit=query.limit + 1
    )
    page = found[: query.limit]
    return DivisionsAnswer(divisions=page, next_after=page[-1].code if len(found) > len(page) else None)


async def _get_division(call: Call, body: None, query: None) -> DivisionAnswer:
    code = call.path["code"]
    if not is_division_code(code):
        raise Refused(Reason.DIVISION_IS_UNKNOWN)
    return DivisionAnswer(
        history=await service.list_history(call.conn, code=code),
        successors=await service.list_successors(call.conn, code=code, on=day_of(call.now)),
    )


_look_up = partial(open_query, tag="places")


def routes() -> tuple[Route, ...]:
    """The routes of places."""
    return (
        _look_up(
            "/v1/regions",
            "list_regions",
            "List the regions this installation serves or knows",
            "列出本平台承办或已知的地区",
            handle=_list_regions,
            answer=RegionsAnswer,
            query=RegionsQuery,
        ),
        _look_up(
            "/v1/divisions",
            "list_divisions",
            "List the divisions in force on a day",
            "列出某日有效的行政区划",
            handle=_list_divisions,
            answer=DivisionsAnswer,
            query=DivisionsQuery,
        ),
        _look_up(
            "/v1/divisions/{code}",
            "get_division",
            "Show what a division code meant over time, and what stands for it today",
            "查询行政区划代码的沿革与现行代码",
            handle=_get_division,
            answer=DivisionAnswer,
            reasons=(Reason.DIVISION_IS_UNKNOWN,),
        ),
    )
