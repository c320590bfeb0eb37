"""HTTP routes of sessions: sign in, sign out, who am I."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from yikatong.access import service
from yikatong.access.api.ids import LoginName, NewPassword, Region
from yikatong.access.model import Reason
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.http import Call, Caller, CallerKind, Refusal, Route, RouteKind

SIGNED_IN = (CallerKind.OPERATOR, CallerKind.STAFF, CallerKind.WALLET)
_KIND_OF_SUBJECT = {
    CallerKind.OPERATOR: "operator",
    CallerKind.STAFF: "staff",
    CallerKind.TERMINAL: "terminal",
    CallerKind.PARTNER: "partner",
    CallerKind.WALLET: "device",
}


class SignInBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs in; `new_password` replaces the password, and must be sent with a first one."""

    kind: Annotated[Literal["operator", "staff"], Meta(examples=["operator"])]
    region: Region
    login_name: LoginName
    password: Annotated[str, Meta(min_length=1, max_length=128, examples=["correct-horse-battery"])]
    new_password: NewPassword | None = None


class SessionAnswer(Struct, frozen=True, kw_only=True):
    """The session; its token is shown once and sent as `Authorization: Bearer`."""

    session_id: str
    token: str
    ends_at: datetime


class SignedOutAnswer(Struct, frozen=True, kw_only=True):
    """Whether the sign-out changed anything."""

    change: Change


class WhoAnswer(Struct, frozen=True, kw_only=True):
    """Who calls, and what they may do."""

    kind: CallerKind
    id: str
    region: str
    provider_id: str | None
    place_id: str | None
    resident_id: str | None
    permissions: tuple[str, ...]
    divisions: tuple[str, ...]


def show_caller(kind: CallerKind, caller_id: object) -> str:
    """A caller's typed id."""
    return show_id(_KIND_OF_SUBJECT[kind], caller_id)  # type: ignore[arg-type]


async def _sign_in(call: Call, body: SignInBody, query: None) -> SessionAnswer | Refusal:
    outcome = await service.sign_in(
        call.conn,
        kind=CallerKind(body.kind),
        region=body.region,
        login_name=body.login_name,
        password=body.password,
        new_password=body.new_password,
        now=call.now,
        ids=call.ids,
    )
    if isinstance(outcome, Refused):
        return Refusal(outcome)
    return SessionAnswer(
        session_id=show_id("session", outcome.session_id), token=outcome.token, ends_at=outcome.ends_at
    )


async def _sign_out(call: Call, body: None, query: None) -> SignedOutAnswer:
    return SignedOutAnswer(change=await service.end_session(call.conn, caller=call.by(), now=call.now))


async def _who_am_i(call: Call, body: None, query: None) -> WhoAnswer:
    caller: Caller = call.by()
    return WhoAnswer(
        kind=caller.kind,
        id=show_caller(caller.kind, caller.id),
        region=caller.region,
        provider_id=None if caller.provider_id is None else show_id("provider", caller.provider_id),
        place_id=None if caller.place_id is None else show_id("place", caller.place_id),
        resident_id=None if caller.resident_id is None else show_id("resident", caller.resident_id),
        permissions=tuple(sorted(caller.permissions)),
        divisions=caller.divisions,
    )


def session_routes() -> tuple[Route, ...]:
    """Sign in, sign out, who am I."""
    return (
        Route(
            method="POST",
            path="/v1/sessions",
            name="sign_in",
            tag="access",
            summary_en="Sign in as an operator or a member of a provider's staff",
            summary_zh="经办人或服务机构人员登录",
            kind=RouteKind.COMMAND,
            callers=(),
            handle=_sign_in,
            body=SignInBody,
            answer=SessionAnswer,
            status=201,
            reasons=(
                Reason.SIGN_IN_FAILED,
                Reason.SIGN_IN_IS_LOCKED,
                Reason.PASSWORD_MUST_BE_CHANGED,
                Reason.NEW_PASSWORD_IS_THE_OLD_ONE,
            ),
            body_bytes_max=4096,
        ),
        Route(
            method="DELETE",
            path="/v1/session",
            name="sign_out",
            tag="access",
            summary_en="End the session of this token",
            summary_zh="退出登录",
            kind=RouteKind.COMMAND,
            callers=SIGNED_IN,
            handle=_sign_out,
            answer=SignedOutAnswer,
        ),
        Route(
            method="GET",
            path="/v1/whoami",
            name="who_am_i",
            tag="access",
            summary_en="Who calls, and what they may do",
            summary_zh="查询当前调用方及其权限",
            kind=RouteKind.QUERY,
            callers=tuple(CallerKind),
            handle=_who_am_i,
            answer=WhoAnswer,
        ),
    )
