"""HTTP routes of operators."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.access import service
from yikatong.access.api.commands import NewAccountAnswer, access_command
from yikatong.access.api.ids import (
    DisplayName,
    Divisions,
    LoginName,
    PageSize,
    RoleName,
    read_operator_id,
)
from yikatong.access.model import AttestationLimits, Operator, Reason
from yikatong.kernel.ids import show_id
from yikatong.kernel.money import AMOUNT_FEN_MAX
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind

LimitFen = Annotated[
    int, Meta(ge=0, le=AMOUNT_FEN_MAX, description="in fen; 0 attests presence alone", examples=[20000])
]


class OperatorBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new operator; a first password is made and shown once."""

    login_name: LoginName
    display_name: DisplayName


class OperatorAnswer(Struct, frozen=True, kw_only=True):
    """An operator as others see them."""

    operator_id: str
    login_name: str
    display_name: str
    attested_tap_max_fen: int
    attested_day_max_fen: int
    made_at: datetime
    suspended_at: datetime | None


class OperatorsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of operators in order of login name."""

    after: Annotated[str, Meta(max_length=64, description="`next_after` of the page before")] = ""
    limit: PageSize = 50


class OperatorsAnswer(Struct, frozen=True, kw_only=True):
    """A page; `next_after` is null on the last one."""

    operators: tuple[OperatorAnswer, ...]
    next_after: str | None


class GrantBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role, and within which divisions."""

    role: RoleName
    divisions: Divisions = ()


class WithdrawBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role to take back."""

    role: RoleName


class LimitsBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator may attest; a day's limit below a tap's is raised to it."""

    tap_max_fen: LimitFen
    day_max_fen: LimitFen


async def _create_operator(call: Call, body: OperatorBody, query: None) -> NewAccountAnswer:
    password = service.make_password(call.ids)
    operator_id = await service.create_operator(
        call.conn,
        region=call.by().region,
        login_name=body.login_name,
        display_name=body.display_name,
        password=password,
        password_is_first=True,
        now=call.now,
        ids=call.ids,
    )
    return NewAccountAnswer(id=show_id("operator", operator_id), login_name=body.login_name, first_password=password)


async def _list_operators(call: Call, body: None, query: OperatorsQuery) -> OperatorsAnswer:
    found = await service.list_operators(call.conn, region=call.by().region, after=query.after, limit=query.limit + 1)
    page = found[: query.limit]
    return OperatorsAnswer(
        operators=tuple(_show_operator(operator) for operator in page),
        next_after=page[-1].login_name if len(found) > len(page) else None,
    )


async def _suspend_operator(call: Call, body: None, query: None) -> ChangeAnswer:
    return await _set_suspended(call, suspended=True)


async def _resume_operator(call: Call, body: None, query: None) -> ChangeAnswer:
    return await _set_suspended(call, suspended=False)


async def _set_suspended(call: Call, *, suspended: bool) -> ChangeAnswer:
    operator_id = read_operator_id(call.path["operator_id"])
    if operator_id == call.by().id:
        raise Refused(Reason.OPERATOR_IS_ONESELF)
    change = await service.set_operator_suspended(
        call.conn,
        operator_id=operator_id,
        region=call.by().region,
        suspended=suspended,
        now=call.now,
    )
    return ChangeAnswer(change=change)


async def _grant_role(call: Call, body: GrantBody, query: None) -> ChangeAnswer:
    change = await service.grant_role(
        call.conn,
        operator_id=read_operator_id(call.path["operator_id"]),
        name=body.role,
        divisions=body.divisions,
        giver=call.by(),
        now=call.now,
    )
    return ChangeAnswer(change=change)


async def _withdraw_role(call: Call, body: WithdrawBody, query: None) -> ChangeAnswer:
    change = await service.withdraw_role(
        call.conn,
        operator_id=read_operator_id(call.path["operator_id"]),
        region=call.by().region,
        name=body.role,
    )
    return ChangeAnswer(change=change)


async def _set_limits(call: Call, body: LimitsBody, query: None) -> ChangeAnswer:
    limits = AttestationLimits(tap_max_fen=body.tap_max_fen, day_max_fen=max(body.tap_max_fen, body.day_max_fen))
    change = await service.set_attestation_limits(
        call.conn,
        operator_id=read_operator_id(call.path["operator_id"]),
        region=call.by().region,
        limits=limits,
    )
    return ChangeAnswer(change=change)


def _show_operator(operator: Operator) -> OperatorAnswer:
    return OperatorAnswer(
        operator_id=show_id("operator", operator.operator_id),
        login_name=operator.login_name,
        display_name=operator.display_name,
        attested_tap_max_fen=operator.attested_tap_max_fen,
        attested_day_max_fen=operator.attested_day_max_fen,
        made_at=operator.made_at,
        suspended_at=operator.suspended_at,
    )


def operator_routes() -> tuple[Route, ...]:
    """Operators: make, list, suspend, resume, grant, withdraw, limit."""
    manage = {"permission": "access.operators"}
    unknown = (Reason.OPERATOR_IS_UNKNOWN,)
    return (
        access_command(
            "POST",
            "/v1/operators",
            "create_operator",
            "Make an operator",
            "新增经办人",
            handle=_create_operator,
            body=OperatorBody,
            answer=NewAccountAnswer,
            status=201,
            reasons=(Reason.LOGIN_NAME_IS_TAKEN,),
            **manage,
        ),
        Route(
            method="GET",
            path="/v1/operators",
            name="list_operators",
            tag="access",
            summary_en="List the operators of the region",
            summary_zh="列出本地区经办人",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            handle=_list_operators,
            query=OperatorsQuery,
            answer=OperatorsAnswer,
            permission="access.operators",
        ),
        access_command(
            "POST",
            "/v1/operators/{operator_id}/suspend",
            "suspend_operator",
            "Suspend an operator and end every session at once",
            "停用经办人并立即结束其会话",
            handle=_suspend_operator,
            reasons=(*unknown, Reason.OPERATOR_IS_ONESELF),
            **manage,
        ),
        access_command(
            "POST",
            "/v1/operators/{operator_id}/resume",
            "resume_operator",
            "Take an operator's suspension back",
            "恢复经办人",
            handle=_resume_operator,
            reasons=(*unknown, Reason.OPERATOR_IS_ONESELF),
            **manage,
        ),
        access_command(
            "POST",
            "/v1/operators/{operator_id}/roles",
            "grant_role",
            "Give an operator a role within divisions",
            "授予经办人角色及数据范围",
            handle=_grant_role,
            body=GrantBody,
            permission="access.roles",
            reasons=(*unknown, Reason.ROLE_IS_UNKNOWN, Reason.GRANT_EXCEEDS_OWN_RIGHTS),
        ),
        access_command(
            "POST",
            "/v1/operators/{operator_id}/roles/withdraw",
            "withdraw_role",
            "Take a role from an operator",
            "收回经办人角色",
            handle=_withdraw_role,
            body=WithdrawBody,
            permission="access.roles",
            reasons=unknown,
        ),
        access_command(
            "POST",
            "/v1/operators/{operator_id}/attestation-limits",
            "set_attestation_limits",
            "Set what an operator may attest for others",
            "设定经办人见证限额",
            handle=_set_limits,
            body=LimitsBody,
            second_person=True,
            reasons=unknown,
            **manage,
        ),
    )
