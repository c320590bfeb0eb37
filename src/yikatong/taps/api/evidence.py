"""What is kept of taps that were wrong, for provider and region: codes that came again, and what nobody could read."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Reason as CatalogueReason
from yikatong.kernel.ids import ProviderIdText, ResidentIdText, TapIdText, TerminalIdText, show_id
from yikatong.kernel.instants import END_OF_TIME, Instant, day_of
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind, read_or_refuse
from yikatong.taps import service
from yikatong.taps.model import Reason, SecondUse, UnreadCount

PERMISSION = "taps.evidence"
PAGE = 50
PageSize = Annotated[int, Meta(ge=1, le=200)]


class SecondUsesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of the newest; for the next one `until` and `before` are what the page before named."""

    until: Instant | None = None
    before: TapIdText | None = None
    limit: PageSize = PAGE


class RegionSecondUsesQuery(SecondUsesQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, of one provider of the region or of all."""

    provider: ProviderIdText | None = None


class SecondUseAnswer(Struct, frozen=True, kw_only=True):
    """A code that came again: the tap it came with, and the first one if that was at the same provider.

    `decided_at` is when the tap was made, `seen_at` when the platform saw it: later, if it was made without a network.
    """

    tap: TapIdText
    terminal: TerminalIdText
    item: str
    amount_fen: int | None
    reason: str | None
    code_at: datetime
    decided_at: datetime
    seen_at: datetime
    first_tap: TapIdText | None


class SecondUsesAnswer(Struct, frozen=True, kw_only=True):
    """A page, the newest first; `next_until` and `next_before` are null on the last one."""

    second_uses: tuple[SecondUseAnswer, ...]
    next_until: datetime | None
    next_before: TapIdText | None


class RegionSecondUseAnswer(Struct, frozen=True, kw_only=True):
    """The same for whoever looks into it: whose code it was, and where and when it came first.

    `first_provider` and `first_decided_at` are null while the first tap waits.
    """

    tap: TapIdText
    resident: ResidentIdText
    provider: ProviderIdText
    terminal: TerminalIdText
    item: str
    amount_fen: int | None
    reason: str | None
    code_at: datetime
    decided_at: datetime
    seen_at: datetime
    first_tap: TapIdText
    first_provider: ProviderIdText | None
    first_decided_at: datetime | None


class RegionSecondUsesAnswer(Struct, frozen=True, kw_only=True):
    """A page, the newest first; `next_until` and `next_before` are null on the last one."""

    second_uses: tuple[RegionSecondUseAnswer, ...]
    next_until: datetime | None
    next_before: TapIdText | None


class UnreadQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which day, by China time; without one, today."""

    day: date | None = None


class RegionUnreadQuery(UnreadQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, of a provider of the region."""

    provider: ProviderIdText


class UnreadAnswer(Struct, frozen=True, kw_only=True):
    """How many presentations a terminal sent for which no card was known, by why; the first and the last of them."""

    terminal: TerminalIdText
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


class UnreadOfDayAnswer(Struct, frozen=True, kw_only=True):
    """A day's; each terminal keeps so many a day (1,000), and what came above is not counted."""

    day: date
    unread: tuple[UnreadAnswer, ...]


async def _list_own(call: Call, body: None, query: SecondUsesQuery) -> SecondUsesAnswer:
    provider_id = _own(call)
    page, end = await _page(call, query, [provider_id])
    shown = tuple(
        SecondUseAnswer(
            tap=show_id("tap", one.tap_id),
            terminal=show_id("terminal", one.terminal_id),
            item=one.item,
            amount_fen=one.amount_fen,
            reason=one.reason,
            code_at=one.code_at,
            decided_at=one.decided_at,
            seen_at=one.seen_at,
            first_tap=show_id("tap", one.first_tap_id) if one.first_provider_id == provider_id else None,
        )
        for one in page
    )
    return SecondUsesAnswer(second_uses=shown, next_until=_until(end), next_before=_before(end))


async def _list_of_region(call: Call, body: None, query: RegionSecondUsesQuery) -> RegionSecondUsesAnswer:
    region = call.by().region
    if query.provider is None:
        provider_ids = await catalogue.list_provider_ids(call.conn, region=region)
    else:
        provider_ids = [await _of_region(call, query.provider)]
    page, end = await _page(call, query, provider_ids)
    return RegionSecondUsesAnswer(
        second_uses=tuple(_show_to_region(one) for one in page),
        next_until=_until(end),
        next_before=_before(end),
    )


def _show_to_region(one: SecondUse) -> RegionSecondUseAnswer:
    return RegionSecondUseAnswer(
        tap=show_id("tap", one.tap_id),
        resident=show_id("resident", one.resident_id),
        provider=show_id("provider", one.provider_id),
        terminal=show_id("terminal", one.terminal_id),
        item=one.item,
        amount_fen=one.amount_fen,
        reason=one.reason,
        code_at=one.code_at,
        decided_at=one.decided_at,
        seen_at=one.seen_at,
        first_tap=show_id("tap", one.first_tap_id),
        first_provider=None if one.first_provider_id is None else show_id("provider", one.first_provider_id),
        first_decided_at=one.first_decided_at,
    )


async def _page(
    call: Call, query: SecondUsesQuery, provider_ids: list[UUID]
) -> tuple[list[SecondUse], SecondUse | None]:
    """A page, and its last one if there are more."""
    before = UUID(int=0) if query.before is None else read_or_refuse("tap", query.before, reason=Reason.TAP_IS_UNKNOWN)
    found = await service.list_second_uses(
        call.conn,
        provider_ids=provider_ids,
        until=query.until or END_OF_TIME,
        before=before,
        count_max=query.limit + 1,
    )
    page = found[: query.limit]
    return page, page[-1] if len(found) > len(page) else None


async def _count_own_unread(call: Call, body: None, query: UnreadQuery) -> UnreadOfDayAnswer:
    return await _count_unread(call, _own(call), query.day)


async def _count_unread_of_region(call: Call, body: None, query: RegionUnreadQuery) -> UnreadOfDayAnswer:
    return await _count_unread(call, await _of_region(call, query.provider), query.day)


async def _count_unread(call: Call, provider_id: UUID, day: date | None) -> UnreadOfDayAnswer:
    terminals = await catalogue.list_terminals_of_provider(call.conn, region=call.by().region, provider_id=provider_id)
    on = day or day_of(call.now)
    found = await service.count_unread(call.conn, terminal_ids=[terminal.id for terminal in terminals], day=on)
    return UnreadOfDayAnswer(day=on, unread=tuple(_show_unread(one) for one in found))


def _show_unread(one: UnreadCount) -> UnreadAnswer:
    return UnreadAnswer(
        terminal=show_id("terminal", one.terminal_id),
        reason=one.reason,
        count=one.count,
        first_at=one.first_at,
        last_at=one.last_at,
    )


def _own(call: Call) -> UUID:
    provider_id = call.by().provider_id
    assert provider_id is not None, "terminals and staff are a provider's"
    return provider_id


async def _of_region(call: Call, shown_id: str) -> UUID:
    provider_id = read_or_refuse("provider", shown_id, reason=CatalogueReason.PROVIDER_IS_UNKNOWN)
    return (await catalogue.get_provider(call.conn, region=call.by().region, provider_id=provider_id)).id


def _until(end: SecondUse | None) -> datetime | None:
    return None if end is None else end.seen_at


def _before(end: SecondUse | None) -> str | None:
    return None if end is None else show_id("tap", end.tap_id)


def routes() -> tuple[Route, ...]:
    """The routes of what is kept of taps that were wrong."""
    return (
        Route(
            method="GET",
            path="/v1/provider/second-uses",
            name="list_second_uses",
            tag="taps",
            summary_en="Codes that came a second time at this provider, with a network or without, the newest first",
            summary_zh="在本机构（联网或断网）被再次出示的卡码，由新到旧",
            kind=RouteKind.QUERY,
            callers=(CallerKind.TERMINAL, CallerKind.STAFF),
            handle=_list_own,
            query=SecondUsesQuery,
            answer=SecondUsesAnswer,
            reasons=(Reason.TAP_IS_UNKNOWN,),
        ),
        Route(
            method="GET",
            path="/v1/second-uses",
            name="list_second_uses_of_region",
            tag="taps",
            summary_en="Codes that came a second time in the region: whose they are, and where they came first",
            summary_zh="在本地区各机构被再次出示的卡码：属于谁，首次在何处使用",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            permission=PERMISSION,
            handle=_list_of_region,
            query=RegionSecondUsesQuery,
            answer=RegionSecondUsesAnswer,
            looks=True,
            reasons=(Reason.TAP_IS_UNKNOWN, CatalogueReason.PROVIDER_IS_UNKNOWN),
        ),
        Route(
            method="GET",
            path="/v1/provider/unread-presentations",
            name="count_unread_presentations",
            tag="taps",
            summary_en="Presentations of a day at this provider's terminals for which no card was known, by why",
            summary_zh="本机构各终端某日未能识别出卡的出示，按原因统计",
            kind=RouteKind.QUERY,
            callers=(CallerKind.TERMINAL, CallerKind.STAFF),
            handle=_count_own_unread,
            query=UnreadQuery,
            answer=UnreadOfDayAnswer,
        ),
        Route(
            method="GET",
            path="/v1/unread-presentations",
            name="count_unread_presentations_of_region",
            tag="taps",
            summary_en="The same for a provider of the region",
            summary_zh="本地区某机构的同类统计",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            permission=PERMISSION,
            handle=_count_unread_of_region,
            query=RegionUnreadQuery,
            answer=UnreadOfDayAnswer,
            reasons=(CatalogueReason.PROVIDER_IS_UNKNOWN,),
        ),
    )
