"""The counter over HTTP. The tap itself is served by a route of its own in `app`; here stands its description."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from yikatong.cards.model import Reason as CardsReason
from yikatong.catalogue import service as catalogue
from yikatong.codes.model import Reason as CodesReason
from yikatong.kernel.base64url import read_base64url
from yikatong.kernel.ids import ProviderId, ProviderIdText, ResidentId, TapId, TapIdText, show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.money import AmountFen
from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.lines.model import Reason as LineReason
from yikatong.plumbing.http import Answer, Call, CallerKind, Route, RouteKind
from yikatong.taps.counter.works import Refunded, Reversed
from yikatong.taps.follow_ups import FollowUps, ReversalBody, read_tap_id
from yikatong.taps.model import Outcome, Reason, Receipt, RequestId, TapBody, TapRow, WaitingRow
from yikatong.taps.presenting import READING_REASONS
from yikatong.taps.receipts import decode_work


class RefundBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money to give back, once per request id."""

    request_id: RequestId
    amount_fen: AmountFen


class RefundAnswer(msgspec.Struct, frozen=True):
    """What was given back, and what is left of the payment."""

    tap: TapIdText
    refund: str
    amount_fen: int
    left_fen: int


class ReversalAnswer(msgspec.Struct, frozen=True):
    """What the reversal met: `admitted` and given back, `waiting` and let go, `refused`, or `nothing` so far."""

    tap: TapIdText
    found: str
    already: bool


class WaitingTap(msgspec.Struct, frozen=True):
    """A tap that waits for its resident, with all that the wallet must show before it signs."""

    tap: TapIdText
    amount_fen: int
    payee: ProviderIdText
    payee_name_zh: str
    payee_name_en: str
    item: str
    item_number: int
    item_name_zh: str
    item_name_en: str
    waits_for: str
    deadline_at: datetime


class WaitingTaps(msgspec.Struct, frozen=True):
    """A resident's waiting taps, oldest first."""

    taps: tuple[WaitingTap, ...]


class ToldTap(msgspec.Struct, frozen=True):
    """One tap at which a terminal learned something: which kinds of data, never the data again."""

    tap: TapIdText
    decided_at: datetime
    provider_name_zh: str
    provider_name_en: str
    item: str
    learned: tuple[str, ...]


class ToldTaps(msgspec.Struct, frozen=True):
    """What terminals learned of a resident, the newest first."""

    taps: tuple[ToldTap, ...]


class ConfirmBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The confirmation as the device signed it, base64url."""

    confirmation: Annotated[str, Meta(min_length=16, max_length=1024, pattern="^[A-Za-z0-9_-]+=*$")]


def tap_route(reasons: tuple[AnyReason, ...]) -> Route:
    """Describe POST /v1/taps for the OpenAPI document."""
    return Route(
        method="POST",
        path="/v1/taps",
        name="tap",
        tag="taps",
        summary_en="One tap: a presentation of a card, for an item, perhaps with an amount; the same request id and "
        "body again gets the same receipt",
        summary_zh="一次用卡：出示卡片办理某事项，可含金额；相同请求编号和内容重发，得到同一回执",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.TERMINAL,),
        handle=_served_elsewhere,
        body=TapBody,
        body_bytes_max=4_096,
        answer=Receipt,
        other_answers={202: Receipt},
        reasons=reasons,
    )


async def _served_elsewhere(call: Call, body: TapBody, query: None) -> Receipt:
    raise NotImplementedError("the tap is served by its own route")


def routes(follow_ups: Callable[[], FollowUps]) -> tuple[Route, ...]:
    """The routes around a tap; `follow_ups` gives the worker's, once its counter is open."""
    return (
        _poll(follow_ups),
        _reverse(follow_ups),
        _refund(follow_ups),
        _list(follow_ups),
        _confirm(follow_ups),
        _list_told(follow_ups),
    )


def _poll(follow_ups: Callable[[], FollowUps]) -> Route:
    async def handle(call: Call, body: None, query: None) -> Receipt | Answer:
        receipt = await follow_ups().poll(call.conn, caller=call.by(), tap_id=TapId(read_tap_id(call.path["tap"])))
        return Answer(202, receipt) if receipt.outcome is Outcome.WAITING else receipt

    return Route(
        method="GET",
        path="/v1/taps/{tap}",
        name="get_tap",
        tag="taps",
        summary_en="How a tap stands: its receipt, or 202 while it waits",
        summary_zh="查询一笔用卡的结果；等待中返回202",
        kind=RouteKind.QUERY,
        callers=(CallerKind.TERMINAL, CallerKind.STAFF),
        handle=handle,
        answer=Receipt,
        other_answers={202: Receipt},
        reasons=(Reason.TAP_IS_UNKNOWN,),
    )


def _reverse(follow_ups: Callable[[], FollowUps]) -> Route:
    async def handle(call: Call, body: ReversalBody, query: None) -> ReversalAnswer:
        done: Reversed = await follow_ups().reverse(call.conn, caller=call.by(), body=body, now=call.now)
        return ReversalAnswer(show_id("tap", done.tap_id), done.found, done.already)

    return Route(
        method="POST",
        path="/v1/reversals",
        name="reverse_tap",
        tag="taps",
        summary_en="Take a tap back, arrived or not: a late original is then refused",
        summary_zh="冲正一笔用卡，无论原请求是否到达；迟到的原请求将被拒绝",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.TERMINAL,),
        handle=handle,
        body=ReversalBody,
        answer=ReversalAnswer,
        reasons=(
            Reason.TAP_IS_UNKNOWN,
            Reason.PRESENTATION_IS_MISSING,
            *READING_REASONS,
            Reason.HOME_REGION_IS_NOT_CONNECTED,
            Reason.CARD_IS_UNKNOWN,
            Reason.COUNTER_IS_BUSY,
        ),
    )


def _refund(follow_ups: Callable[[], FollowUps]) -> Route:
    async def handle(call: Call, body: RefundBody, query: None) -> RefundAnswer:
        done: Refunded = await follow_ups().refund(
            call.conn,
            caller=call.by(),
            tap_id=TapId(read_tap_id(call.path["tap"])),
            request_id=body.request_id,
            amount_fen=body.amount_fen,
        )
        refund = show_id("refund", done.refund_id)
        return RefundAnswer(show_id("tap", done.tap_id), refund, done.amount_fen, done.left_fen)

    return Route(
        method="POST",
        path="/v1/taps/{tap}/refunds",
        name="refund_tap",
        tag="taps",
        summary_en="Give money back for an admitted tap, wholly or in part, once per request id",
        summary_zh="对已成功的用卡全额或部分退款，同一请求编号只退一次",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.TERMINAL, CallerKind.STAFF),
        handle=handle,
        body=RefundBody,
        answer=RefundAnswer,
        reasons=(
            Reason.TAP_IS_UNKNOWN,
            Reason.REQUEST_ID_IS_USED_FOR_ANOTHER_BODY,
            Reason.TAP_MOVED_NO_MONEY,
            Reason.REFUND_IS_MORE_THAN_PAID,
            Reason.RECEIVABLE_LIMIT_EXCEEDED,
            Reason.COUNTER_IS_BUSY,
        ),
    )


def _list(follow_ups: Callable[[], FollowUps]) -> Route:
    async def handle(call: Call, body: None, query: None) -> WaitingTaps:
        resident_id = call.by().resident_id
        assert resident_id is not None
        rows = await follow_ups().list_waiting(call.conn, resident_id=ResidentId(resident_id))
        shown = [await _show_waiting(call, row) for row in rows]
        return WaitingTaps(tuple(tap for tap in shown if tap is not None))

    return Route(
        method="GET",
        path="/v1/wallet/taps/waiting",
        name="list_waiting_taps",
        tag="wallet",
        summary_en="Taps that wait for this resident's confirmation, with payee and amount from the server",
        summary_zh="等待本人确认的用卡，收款方与金额以服务器为准",
        kind=RouteKind.QUERY,
        callers=(CallerKind.WALLET,),
        handle=handle,
        answer=WaitingTaps,
    )


async def _show_waiting(call: Call, row: WaitingRow) -> WaitingTap | None:
    """Names come from the database: a worker that took no tap lately does not know the newest providers."""
    kept = decode_work(row.work)
    provider = await catalogue.find_provider(call.conn, provider_id=kept.provider_id)
    if provider is None:
        return None
    item = await catalogue.find_item(call.conn, region=provider.region, code=kept.body.item, on=day_of(call.now))
    if item is None:
        return None
    return WaitingTap(
        tap=show_id("tap", row.tap_id),
        amount_fen=kept.body.amount_fen or 0,
        payee=show_id("provider", provider.id),
        payee_name_zh=provider.name_zh,
        payee_name_en=provider.name_en,
        item=item.code,
        item_number=item.number,
        item_name_zh=item.name_zh,
        item_name_en=item.name_en,
        waits_for=row.waits_for,
        deadline_at=row.deadline_at,
    )


def _list_told(follow_ups: Callable[[], FollowUps]) -> Route:
    async def handle(call: Call, body: None, query: None) -> ToldTaps:
        resident_id = call.by().resident_id
        assert resident_id is not None
        rows = await follow_ups().list_told(call.conn, resident_id=ResidentId(resident_id))
        return ToldTaps(tuple([await _show_told(call, row) for row in rows]))

    return Route(
        method="GET",
        path="/v1/wallet/taps/told",
        name="list_told_taps",
        tag="wallet",
        summary_en="What terminals learned of this resident at which taps, the newest first, at most 200",
        summary_zh="各终端在用卡时获知了本人哪些信息，由新到旧，至多200条",
        kind=RouteKind.QUERY,
        callers=(CallerKind.WALLET,),
        handle=handle,
        answer=ToldTaps,
    )


async def _show_told(call: Call, row: TapRow) -> ToldTap:
    """A provider that is no longer registered keeps its id."""
    provider = await catalogue.find_provider(call.conn, provider_id=ProviderId(row.provider_id))
    shown = show_id("provider", row.provider_id)
    return ToldTap(
        tap=show_id("tap", row.id),
        decided_at=row.decided_at,
        provider_name_zh=shown if provider is None else provider.name_zh,
        provider_name_en=shown if provider is None else provider.name_en,
        item=row.item,
        learned=tuple(row.learned),
    )


def _confirm(follow_ups: Callable[[], FollowUps]) -> Route:
    async def handle(call: Call, body: ConfirmBody, query: None) -> Any:
        receipt = await follow_ups().confirm(
            call.conn,
            caller=call.by(),
            tap_id=TapId(read_tap_id(call.path["tap"])),
            data=read_base64url(body.confirmation),
            now=call.now,
        )
        return Answer(202, receipt) if receipt.outcome is Outcome.WAITING else receipt

    return Route(
        method="POST",
        path="/v1/wallet/taps/{tap}/confirm",
        name="confirm_tap",
        tag="wallet",
        summary_en="The resident's signed yes or no to a waiting tap; its receipt says how it ended",
        summary_zh="持卡人对待确认用卡的签名确认或拒绝，回执说明最终结果",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.WALLET,),
        handle=handle,
        body=ConfirmBody,
        answer=Receipt,
        other_answers={202: Receipt},
        reasons=(
            CardsReason.DEVICE_IS_NOT_KNOWN,
            CardsReason.DEVICE_IS_REVOKED,
            CodesReason.CONFIRMATION_IS_NOT_READABLE,
            CodesReason.CONFIRMATION_SIGNATURE_IS_FALSE,
            CodesReason.CONFIRMATION_IS_OUT_OF_TIME,
            Reason.TAP_IS_UNKNOWN,
            Reason.CONFIRMATION_IS_FOR_ANOTHER_TAP,
            LineReason.POSTURE_IS_NOT_SAFE,
            Reason.COUNTER_IS_BUSY,
        ),
    )
