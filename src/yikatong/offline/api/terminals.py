"""What a terminal asks: its sheet while there is a network, and the answers to what it did without one."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from yikatong.catalogue.model import Reason as CatalogueReason
from yikatong.codes.model import Reason as CodeReason
from yikatong.codes.service import RegionView
from yikatong.kernel.base64url import read_base64url, write_base64url
from yikatong.kernel.ids import AllowanceIdText, TapIdText, read_id, show_id
from yikatong.kernel.money import AmountFen
from yikatong.offline import service
from yikatong.offline.model import Outcome, Reason, UploadRow
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind
from yikatong.taps.model import ItemCode, RequestId
from yikatong.trust.model import KeyHolder


class SheetAnswer(Struct, frozen=True, kw_only=True):
    """The terminal's sheet as its region signed it (docs/formats/offline-sheet), base64url."""

    issued_at: datetime
    expires_at: datetime
    sheet: str


class UploadBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One tap that was made without a network. `memory` and `sequence` say where it stands in the terminal's journal.

    `code` or `chip` is what was presented, a chip's answer in base64url. `answers` is the nonce of the challenge that
    it answers, `allowance` what pays; neither for a bare code.
    """

    memory: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    sequence: Annotated[int, Meta(ge=1, le=2**53)]
    request_id: RequestId
    item: ItemCode
    code: Annotated[str, Meta(min_length=1, max_length=520)] | None = None
    chip: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,344}$")] | None = None
    accepted_at: Annotated[datetime, Meta(tz=True)]
    amount_fen: AmountFen | None = None
    answers: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | None = None
    allowance: AllowanceIdText | None = None


class UploadAnswer(Struct, frozen=True, kw_only=True):
    """What the tap became: `posted` (written, and paid where it has an amount), `refused`, or `disputed`."""

    sequence: int
    outcome: Outcome
    decided_at: datetime
    tap: TapIdText | None
    reason: str | None


def routes(
    *, holder: KeyHolder, regions: Callable[[Any], Awaitable[RegionView]], locator_key: bytes
) -> tuple[Route, ...]:
    """A terminal's routes."""
    return (_sheet(holder), _upload(regions, locator_key))


def _sheet(holder: KeyHolder) -> Route:
    async def handle(call: Call, body: None, query: None) -> SheetAnswer:
        caller = call.by()
        sheet, signed = await service.make_sheet(
            call.conn, region=caller.region, terminal_id=caller.id, holder=holder, now=call.now
        )
        return SheetAnswer(issued_at=sheet.issued_at, expires_at=sheet.expires_at, sheet=write_base64url(signed))

    return Route(
        method="GET",
        path="/v1/offline-sheet",
        name="get_offline_sheet",
        tag="taps",
        summary_en="The calling terminal's signed offline sheet: its items and its allowances",
        summary_zh="获取本终端已签名的离线授权单：事项与离线额度",
        kind=RouteKind.QUERY,
        callers=(CallerKind.TERMINAL,),
        handle=handle,
        answer=SheetAnswer,
        reasons=(
            CatalogueReason.TERMINAL_IS_UNKNOWN,
            CatalogueReason.PROVIDER_IS_UNKNOWN,
            CodeReason.REGION_ISSUES_NO_CODES,
        ),
    )


def _upload(regions: Callable[[Any], Awaitable[RegionView]], locator_key: bytes) -> Route:
    async def handle(call: Call, body: UploadBody, query: None) -> UploadAnswer:
        caller = call.by()
        row = await service.take_upload(
            call.conn,
            _uploading(body),
            region=caller.region,
            terminal_id=caller.id,
            regions=await regions(call.conn),
            locator_key=locator_key,
            now=call.now,
            ids=call.ids,
        )
        return _shown(row)

    return Route(
        method="POST",
        path="/v1/offline-taps",
        name="upload_offline_tap",
        tag="taps",
        summary_en="Upload one tap that was made without a network, in the order of the terminal's journal; "
        "the same tap again gets the same answer",
        summary_zh="按终端日志顺序上传一笔离线用卡；重复上传得到同一结果",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.TERMINAL,),
        handle=handle,
        body=UploadBody,
        body_bytes_max=4_096,
        answer=UploadAnswer,
        reasons=(Reason.UPLOAD_WAS_ANOTHER_TAP, Reason.UPLOAD_IS_OUT_OF_ORDER, CatalogueReason.TERMINAL_IS_UNKNOWN),
    )


def _uploading(body: UploadBody) -> service.Uploading:
    """The tap, and it whole in one form: two bodies that say the same are the same tap."""
    return service.Uploading(
        memory=bytes.fromhex(body.memory),
        sequence=body.sequence,
        request_id=body.request_id,
        item=body.item,
        amount_fen=body.amount_fen,
        code=body.code,
        chip=None if body.chip is None else read_base64url(body.chip),
        answers=None if body.answers is None else bytes.fromhex(body.answers),
        allowance_id=None if body.allowance is None else read_id("allowance", body.allowance),
        accepted_at=body.accepted_at.astimezone(UTC),
        body=msgspec.json.encode(body),
    )


def _shown(row: UploadRow) -> UploadAnswer:
    return UploadAnswer(
        sequence=row.sequence,
        outcome=row.outcome,
        decided_at=row.decided_at,
        tap=None if row.tap_id is None else show_id("tap", row.tap_id),
        reason=row.reason,
    )
