"""HTTP routes of the record: for auditors, and for residents who ask who looked."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from yikatong.access import service
from yikatong.access.api.ids import PageSize
from yikatong.access.model import Concern, Reason, Record, RecordKind, RecordQuery
from yikatong.kernel.ids import show_id
from yikatong.kernel.instants import Instant
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind, read_or_refuse

RecordIdText = Annotated[str, Meta(pattern="^rec_[0-9a-f]{32}$", description="the last record of the page before")]


class RecordsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which records, the newest first; `until` is exclusive."""

    since: Instant | None = None
    until: Instant | None = None
    kind: RecordKind | None = None
    what: Annotated[str, Meta(max_length=80, description="the name of a route")] | None = None
    before: RecordIdText | None = None
    limit: PageSize = 50


class RecordAnswer(Struct, frozen=True, kw_only=True):
    """One line of the record."""

    record_id: str
    recorded_at: datetime
    kind: RecordKind
    what: str
    by_kind: str
    by_id: str | None
    resident_ids: tuple[str, ...]
    subjects: tuple[str, ...]
    request_id: str
    request_digest: Annotated[str | None, Meta(description="HMAC-SHA-256 of the request under its token, in hex")]
    outcome: str
    purpose: str | None
    approval_id: str | None


class RecordsAnswer(Struct, frozen=True, kw_only=True):
    """A page; `next_before` is null on the last one."""

    records: tuple[RecordAnswer, ...]
    next_before: str | None


class OwnRecordsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page, the newest first."""

    before: RecordIdText | None = None
    limit: PageSize = 50


class OwnRecordAnswer(Struct, frozen=True, kw_only=True):
    """What was done for the resident, or who looked, when and why."""

    record_id: str
    recorded_at: datetime
    kind: RecordKind
    what: str
    by_kind: str
    by_id: str | None
    purpose: str | None


class OwnRecordsAnswer(Struct, frozen=True, kw_only=True):
    """A page; `next_before` is null on the last one."""

    records: tuple[OwnRecordAnswer, ...]
    next_before: str | None


_KIND_OF_CALLER = {"wallet": "device", "operator": "operator", "staff": "staff", "terminal": "terminal"}


def _show_by(by_kind: str, by_id: UUID | None) -> str | None:
    return None if by_id is None else show_id(_KIND_OF_CALLER.get(by_kind, "partner"), by_id)


def _read_before(text: str | None) -> UUID | None:
    return None if text is None else read_or_refuse("record", text, reason=Reason.RECORD_IS_UNKNOWN)


async def _list_records(call: Call, body: None, query: RecordsQuery) -> RecordsAnswer:
    found = await service.list_records(
        call.conn,
        query=RecordQuery(
            region=call.by().region,
            since=query.since,
            until=query.until,
            kind=query.kind,
            what=query.what,
            by_id=None,
            before=_read_before(query.before),
            limit=query.limit + 1,
        ),
    )
    page = found[: query.limit]
    return RecordsAnswer(
        records=tuple(_show(record) for record in page),
        next_before=show_id("record", page[-1].record_id) if len(found) > len(page) else None,
    )


def _show(record: Record) -> RecordAnswer:
    return RecordAnswer(
        record_id=show_id("record", record.record_id),
        recorded_at=record.recorded_at,
        kind=record.kind,
        what=record.what,
        by_kind=record.by_kind,
        by_id=_show_by(record.by_kind, record.by_id),
        resident_ids=tuple(show_id("resident", resident_id) for resident_id in record.resident_ids),
        subjects=record.subjects,
        request_id=record.request_id,
        request_digest=None if record.request_digest is None else record.request_digest.hex(),
        outcome=record.outcome,
        purpose=record.purpose,
        approval_id=None if record.approval_id is None else show_id("approval", record.approval_id),
    )


def _show_own(concern: Concern) -> OwnRecordAnswer:
    return OwnRecordAnswer(
        record_id=show_id("record", concern.record_id),
        recorded_at=concern.recorded_at,
        kind=concern.kind,
        what=concern.what,
        by_kind=concern.by_kind,
        by_id=_show_by(concern.by_kind, concern.by_id),
        purpose=concern.purpose,
    )


def record_routes(*, bucket_count: int) -> tuple[Route, ...]:
    """The record for auditors, and for the resident as auditor."""

    async def list_own_records(call: Call, body: None, query: OwnRecordsQuery) -> OwnRecordsAnswer:
        resident_id = call.by().resident_id
        assert resident_id is not None
        found = await service.list_concerns(
            call.conn,
            resident_id=resident_id,
            before=_read_before(query.before),
            limit=query.limit + 1,
            bucket_count=bucket_count,
        )
        page = found[: query.limit]
        return OwnRecordsAnswer(
            records=tuple(_show_own(concern) for concern in page),
            next_before=show_id("record", page[-1].record_id) if len(found) > len(page) else None,
        )

    return (
        Route(
            method="GET",
            path="/v1/records",
            name="list_records",
            tag="access",
            summary_en="Read the record of commands and looks",
            summary_zh="查阅操作与查询留痕",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            handle=_list_records,
            query=RecordsQuery,
            answer=RecordsAnswer,
            permission="access.records",
            looks=True,
            reasons=(Reason.RECORD_IS_UNKNOWN,),
        ),
        Route(
            method="GET",
            path="/v1/wallet/records",
            name="list_own_records",
            tag="access",
            summary_en="See who looked at one's data, and what was done in one's name",
            summary_zh="查看谁查询过本人信息、办理过哪些业务",
            kind=RouteKind.QUERY,
            callers=(CallerKind.WALLET,),
            handle=list_own_records,
            query=OwnRecordsQuery,
            answer=OwnRecordsAnswer,
            reasons=(Reason.RECORD_IS_UNKNOWN,),
        ),
    )
