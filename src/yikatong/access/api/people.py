"""HTTP routes of roles, of providers' staff and of partners."""

from typing import Annotated

from msgspec import Meta, Struct

from yikatong.access import service
from yikatong.access.api.commands import NewAccountAnswer, access_command
from yikatong.access.api.ids import (
    DisplayName,
    LoginName,
    Permissions,
)
from yikatong.access.model import Reason, Role
from yikatong.access.rules import verify_may_give
from yikatong.kernel.ids import PlaceIdText, ProviderIdText, read_id, show_id
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind, read_or_refuse

Label = Annotated[str, Meta(min_length=1, max_length=80, examples=["窗口经办人"])]


class RoleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a role is called and permits."""

    label_zh: Label
    label_en: Label
    permissions: Permissions


class RolesAnswer(Struct, frozen=True, kw_only=True):
    """The roles of the region."""

    roles: tuple[Role, ...]


class StaffBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new member of a provider's staff; a first password is made and shown once."""

    provider_id: ProviderIdText
    place_id: PlaceIdText | None = None
    login_name: LoginName
    display_name: DisplayName
    permissions: Permissions = ()


class PartnerBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new partner."""

    name_zh: Annotated[str, Meta(min_length=1, max_length=120, examples=["市图书馆"])]
    name_en: Annotated[str, Meta(min_length=1, max_length=120, examples=["City Library"])]


class PartnerAnswer(Struct, frozen=True, kw_only=True):
    """The partner that was made."""

    partner_id: str


async def _list_roles(call: Call, body: None, query: None) -> RolesAnswer:
    return RolesAnswer(roles=await service.list_roles(call.conn, region=call.by().region))


async def _put_role(call: Call, body: RoleBody, query: None) -> ChangeAnswer:
    giver = call.by()
    role = Role(
        region=giver.region,
        name=call.path["role"],
        label_zh=body.label_zh,
        label_en=body.label_en,
        permissions=tuple(sorted(set(body.permissions))),
    )
    return ChangeAnswer(change=await service.put_role(call.conn, role=role, giver=giver))


async def _create_staff_member(call: Call, body: StaffBody, query: None) -> NewAccountAnswer:
    giver = call.by()
    provider_id = read_id("provider", body.provider_id)
    service.verify_provider(giver, provider_id=provider_id)
    verify_may_give(giver, permissions=body.permissions, divisions=giver.divisions)
    password = service.make_password(call.ids)
    staff_id = await service.create_staff_member(
        call.conn,
        region=giver.region,
        provider_id=provider_id,
        place_id=None if body.place_id is None else read_id("place", body.place_id),
        login_name=body.login_name,
        display_name=body.display_name,
        permissions=body.permissions,
        password=password,
        password_is_first=True,
        now=call.now,
        ids=call.ids,
    )
    return NewAccountAnswer(id=show_id("staff", staff_id), login_name=body.login_name, first_password=password)


async def _suspend_staff_member(call: Call, body: None, query: None) -> ChangeAnswer:
    staff_id = read_or_refuse("staff", call.path["staff_id"], reason=Reason.STAFF_MEMBER_IS_UNKNOWN)
    member = await service.get_staff_member(call.conn, staff_id=staff_id, region=call.by().region)
    service.verify_provider(call.by(), provider_id=member.provider_id)
    change = await service.set_staff_suspended(
        call.conn, staff_id=staff_id, region=call.by().region, suspended=True, now=call.now
    )
    return ChangeAnswer(change=change)


async def _create_partner(call: Call, body: PartnerBody, query: None) -> PartnerAnswer:
    partner_id = await service.create_partner(
        call.conn,
        region=call.by().region,
        name_zh=body.name_zh,
        name_en=body.name_en,
        now=call.now,
        ids=call.ids,
    )
    return PartnerAnswer(partner_id=show_id("partner", partner_id))


def role_routes() -> tuple[Route, ...]:
    """Roles: list and put."""
    return (
        Route(
            method="GET",
            path="/v1/roles",
            name="list_roles",
            tag="access",
            summary_en="List the roles of the region",
            summary_zh="列出本地区角色",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            handle=_list_roles,
            answer=RolesAnswer,
            permission="access.roles",
        ),
        access_command(
            "PUT",
            "/v1/roles/{role}",
            "put_role",
            "Add a role or replace its permissions",
            "新增或修改角色权限",
            handle=_put_role,
            body=RoleBody,
            permission="access.roles",
            reasons=(Reason.ROLE_NAME_IS_MALFORMED, Reason.GRANT_EXCEEDS_OWN_RIGHTS),
        ),
    )


def outside_people_routes() -> tuple[Route, ...]:
    """Staff of providers, and partners."""
    return (
        access_command(
            "POST",
            "/v1/staff",
            "create_staff_member",
            "Make a member of a provider's staff",
            "新增服务机构人员",
            handle=_create_staff_member,
            callers=(CallerKind.OPERATOR, CallerKind.STAFF),
            body=StaffBody,
            answer=NewAccountAnswer,
            status=201,
            permission="access.staff",
            reasons=(Reason.PROVIDER_IS_OUT_OF_SCOPE, Reason.GRANT_EXCEEDS_OWN_RIGHTS, Reason.LOGIN_NAME_IS_TAKEN),
        ),
        access_command(
            "POST",
            "/v1/staff/{staff_id}/suspend",
            "suspend_staff_member",
            "Suspend a member of staff and end every session at once",
            "停用服务机构人员并立即结束其会话",
            handle=_suspend_staff_member,
            callers=(CallerKind.OPERATOR, CallerKind.STAFF),
            permission="access.staff",
            reasons=(Reason.STAFF_MEMBER_IS_UNKNOWN, Reason.PROVIDER_IS_OUT_OF_SCOPE),
        ),
        access_command(
            "POST",
            "/v1/partners",
            "create_partner",
            "Make a partner, whose system may then get keys",
            "新增合作方",
            handle=_create_partner,
            body=PartnerBody,
            answer=PartnerAnswer,
            status=201,
            permission="access.partners",
        ),
    )
