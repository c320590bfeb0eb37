"""The second person's yes: the command that waited runs in the transaction of the approval, once."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from yikatong.access import service as access
from yikatong.access.model import ApprovalState, Reason
from yikatong.app.http.dispatch import Dispatcher
from yikatong.kernel import outcomes
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, Caller, CallerKind, Route, RouteKind, read_or_refuse


class ApprovedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The command that was approved, and what it answered when it ran."""

    approval_id: str
    what: Annotated[str, Meta(description="the route that waited")]
    status: Annotated[int, Meta(description="the HTTP status it ended with")]
    answer: Annotated[Any, Meta(description="what it answered")]


def approve_route(waiting: Mapping[str, Dispatcher]) -> Route:
    """The route by which another operator approves; `waiting` are the routes with a second person, by name.

    Whoever approves needs the permission `access.approve` and the permission of the command; whoever asked must
    still hold the right to it. A refusal of the command itself undoes the approval, which then still waits.
    """

    async def approve(call: Call, body: None, query: None) -> ApprovedAnswer:
        approval_id = read_or_refuse("approval", call.path["approval_id"], reason=Reason.APPROVAL_IS_UNKNOWN)
        approval = await access.decide_approval(
            call.conn, approval_id=approval_id, decider=call.by(), state=ApprovalState.APPROVED, now=call.now
        )
        dispatcher = waiting.get(approval.what)
        if dispatcher is None:
            raise Refused(Reason.APPROVAL_IS_UNKNOWN)
        if dispatcher.route.permission is not None:
            access.verify_permission(call.by(), dispatcher.route.permission)
        asker = await _asker(call, asked_by=approval.asked_by, dispatcher=dispatcher, path=approval.path)
        done = await dispatcher.run_approved(call, approval=approval, asker=asker)
        return ApprovedAnswer(
            approval_id=show_id("approval", approval_id),
            what=approval.what,
            status=done.status,
            answer=Raw(done.content or b"null"),
        )

    return Route(
        method="POST",
        path="/v1/approvals/{approval_id}/approve",
        name="approve",
        tag="access",
        summary_en="Approve what another operator asked for; it runs at once",
        summary_zh="审批通过他人提交的事项并立即执行",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.OPERATOR,),
        permission="access.approve",
        handle=approve,
        answer=ApprovedAnswer,
        reasons=(
            Reason.APPROVAL_IS_UNKNOWN,
            Reason.APPROVER_IS_THE_ASKER,
            Reason.APPROVAL_IS_DECIDED,
            Reason.APPROVAL_HAS_EXPIRED,
            Reason.ASKER_IS_NO_LONGER_ADMITTED,
            *_reasons_of(waiting),
        ),
    )


async def _asker(call: Call, *, asked_by: Any, dispatcher: Dispatcher, path: dict[str, str]) -> Caller:
    asker = await access.find_operator_caller(call.conn, operator_id=asked_by, region=call.by().region)
    if asker is None:
        raise Refused(Reason.ASKER_IS_NO_LONGER_ADMITTED)
    try:
        return dispatcher.verify_rights(asker, path=path)
    except Refused:
        raise Refused(Reason.ASKER_IS_NO_LONGER_ADMITTED) from None


def _reasons_of(waiting: Mapping[str, Dispatcher]) -> tuple[outcomes.Reason, ...]:
    return tuple(dict.fromkeys(reason for each in waiting.values() for reason in each.route.reasons))
