"""HTTP routes of the second person: what waits, decline it; and asking to look at a minor. `app` serves the yes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Raw, Struct

from yikatong.access import service
from yikatong.access.api.ids import PageSize
from yikatong.access.model import Approval, ApprovalState, Reason
from yikatong.access.rules import NO_BODY
from yikatong.kernel.ids import ResidentIdText, show_id
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind, read_or_refuse

_OPERATORS = (CallerKind.OPERATOR,)


class ApprovalsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of requests in one state, the newest first."""

    state: ApprovalState = ApprovalState.PENDING
    before: (
        Annotated[str, Meta(pattern="^apr_[0-9a-f]{32}$", description="the last request of the page before")] | None
    ) = None
    limit: PageSize = 50


class ApprovalAnswer(Struct, frozen=True, kw_only=True):
    """A command that waits or waited, as it was sent."""

    approval_id: str
    what: str
    path: dict[str, str]
    body: Annotated[Raw | None, Meta(description="the command's body as it was sent")]
    purpose: str | None
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by: str | None
    decided_at: datetime | None


class ApprovalsAnswer(Struct, frozen=True, kw_only=True):
    """A page; `next_before` is null on the last one."""

    approvals: tuple[ApprovalAnswer, ...]
    next_before: str | None


class MinorLookBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom one asks to look at, and why."""

    resident_id: ResidentIdText
    purpose: Annotated[str, Meta(min_length=2, max_length=200, examples=["school card replacement"])]


class MinorLookAnswer(Struct, frozen=True, kw_only=True):
    """Until when the operator who asked may look."""

    ends_at: datetime


def _read_approval_id(text: str) -> UUID:
    return read_or_refuse("approval", text, reason=Reason.APPROVAL_IS_UNKNOWN)


async def _list_approvals(call: Call, body: None, query: ApprovalsQuery) -> ApprovalsAnswer:
    before = None if query.before is None else _read_approval_id(query.before)
    found = await service.list_approvals(
        call.conn, region=call.by().region, state=query.state, before=before, limit=query.limit + 1
    )
    page = found[: query.limit]
    return ApprovalsAnswer(
        approvals=tuple(_show(approval) for approval in page),
        next_before=show_id("approval", page[-1].approval_id) if len(found) > len(page) else None,
    )


async def _decline(call: Call, body: None, query: None) -> ChangeAnswer:
    await service.decide_approval(
        call.conn,
        approval_id=_read_approval_id(call.path["approval_id"]),
        decider=call.by(),
        state=ApprovalState.DECLINED,
        now=call.now,
    )
    return ChangeAnswer(change=Change.DONE)


def _show(approval: Approval) -> ApprovalAnswer:
    return ApprovalAnswer(
        approval_id=show_id("approval", approval.approval_id),
        what=approval.what,
        path=approval.path,
        body=None if approval.body in NO_BODY else msgspec.Raw(approval.body),
        purpose=approval.purpose,
        asked_by=show_id("operator", approval.asked_by),
        asked_at=approval.asked_at,
        expires_at=approval.expires_at,
        state=approval.state,
        decided_by=None if approval.decided_by is None else show_id("operator", approval.decided_by),
        decided_at=approval.decided_at,
    )


def approval_routes(*, bucket_count: int) -> tuple[Route, ...]:
    """List and decline what waits; ask to look at a minor."""

    async def ask_minor_look(call: Call, body: MinorLookBody, query: None) -> MinorLookAnswer:
        resident_id = read_or_refuse("resident", body.resident_id, reason=Reason.RESIDENT_TO_LOOK_AT_IS_UNREADABLE)
        ends_at = await service.agree_minor_look(
            call.conn,
            resident_id=resident_id,
            operator_id=call.by().id,
            purpose=body.purpose,
            now=call.now,
            bucket_count=bucket_count,
        )
        return MinorLookAnswer(ends_at=ends_at)

    return (
        Route(
            method="GET",
            path="/v1/approvals",
            name="list_approvals",
            tag="access",
            summary_en="List what waits for a second person, or was decided",
            summary_zh="列出待审批或已审批事项",
            kind=RouteKind.QUERY,
            callers=_OPERATORS,
            handle=_list_approvals,
            query=ApprovalsQuery,
            answer=ApprovalsAnswer,
            permission="access.approve",
            reasons=(Reason.APPROVAL_IS_UNKNOWN,),
        ),
        Route(
            method="POST",
            path="/v1/approvals/{approval_id}/decline",
            name="decline",
            tag="access",
            summary_en="Decline what another operator asked for",
            summary_zh="驳回他人提交的事项",
            kind=RouteKind.COMMAND,
            callers=_OPERATORS,
            handle=_decline,
            answer=ChangeAnswer,
            permission="access.approve",
            reasons=(
                Reason.APPROVAL_IS_UNKNOWN,
                Reason.APPROVER_IS_THE_ASKER,
                Reason.APPROVAL_IS_DECIDED,
                Reason.APPROVAL_HAS_EXPIRED,
            ),
        ),
        Route(
            method="POST",
            path="/v1/minor-looks",
            name="ask_minor_look",
            tag="access",
            summary_en="Ask to look at a minor's data for eight hours",
            summary_zh="申请查看未成年人信息（8小时有效）",
            kind=RouteKind.COMMAND,
            callers=_OPERATORS,
            handle=ask_minor_look,
            body=MinorLookBody,
            answer=MinorLookAnswer,
            permission="access.minors",
            second_person=True,
            reasons=(Reason.RESIDENT_TO_LOOK_AT_IS_UNREADABLE, Reason.PURPOSE_IS_MISSING),
        ),
    )
