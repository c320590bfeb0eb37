"""HTTP routes of keys: issue to partners, list, revoke, rotate."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.access import service
from yikatong.access.api.ids import PageSize, Permissions, read_key_id
from yikatong.access.api.sessions import show_caller
from yikatong.access.model import Credential, IssuedKey, Reason
from yikatong.access.rules import verify_ahead, verify_may_give
from yikatong.kernel.ids import show_id
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind, read_or_refuse

_OPERATORS = (CallerKind.OPERATOR,)
_PERMISSION = "access.keys"


class PartnerKeyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key for a partner's system."""

    label: Annotated[str, Meta(min_length=1, max_length=120, examples=["borrowing desk, main hall"])]
    permissions: Permissions
    expires_at: Annotated[datetime, Meta(tz=True, description="left out: until it is revoked")] | None = None


class IssuedKeyAnswer(Struct, frozen=True, kw_only=True):
    """The key; its token is shown once and sent as `Authorization: Bearer`."""

    key_id: str
    token: str


class KeyAnswer(Struct, frozen=True, kw_only=True):
    """A key as it may be shown: without its secret."""

    key_id: str
    kind: CallerKind
    subject_id: str
    provider_id: str | None
    place_id: str | None
    permissions: tuple[str, ...]
    label: str
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class KeysQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of keys in order of making."""

    after: Annotated[str, Meta(pattern="^key_[0-9a-f]{32}$", description="the last key of the page before")] | None = (
        None
    )
    limit: PageSize = 50
    only_ending: Annotated[bool, Meta(description="only keys not revoked that expire within 30 days")] = False


class KeysAnswer(Struct, frozen=True, kw_only=True):
    """A page; `next_after` is null on the last one."""

    keys: tuple[KeyAnswer, ...]
    next_after: str | None


async def _issue_partner_key(call: Call, body: PartnerKeyBody, query: None) -> IssuedKeyAnswer:
    giver = call.by()
    partner_id = read_or_refuse("partner", call.path["partner_id"], reason=Reason.PARTNER_IS_UNKNOWN)
    await service.get_partner(call.conn, partner_id=partner_id, region=giver.region)
    verify_ahead(body.expires_at, now=call.now)
    verify_may_give(giver, permissions=body.permissions, divisions=giver.divisions)
    issued = await service.issue_key(
        call.conn,
        kind=CallerKind.PARTNER,
        subject_id=partner_id,
        region=giver.region,
        provider_id=None,
        place_id=None,
        permissions=frozenset(body.permissions),
        label=body.label,
        expires_at=body.expires_at,
        now=call.now,
        ids=call.ids,
    )
    return _show_issued(issued)


async def _list_keys(call: Call, body: None, query: KeysQuery) -> KeysAnswer:
    after = None if query.after is None else read_key_id(query.after)
    region, limit = call.by().region, query.limit + 1
    if query.only_ending:
        found = await service.list_keys_that_end(call.conn, region=region, now=call.now, after=after, limit=limit)
    else:
        found = await service.list_keys(call.conn, region=region, subject_id=None, after=after, limit=limit)
    page = found[: query.limit]
    return KeysAnswer(
        keys=tuple(_show_key(key) for key in page),
        next_after=show_id("key", page[-1].key_id) if len(found) > len(page) else None,
    )


async def _revoke_key(call: Call, body: None, query: None) -> ChangeAnswer:
    key_id = read_key_id(call.path["key_id"])
    change = await service.revoke_key(call.conn, key_id=key_id, region=call.by().region, now=call.now)
    return ChangeAnswer(change=change)


async def _rotate_key(call: Call, body: None, query: None) -> IssuedKeyAnswer:
    key_id = read_key_id(call.path["key_id"])
    issued = await service.rotate_key(call.conn, key_id=key_id, region=call.by().region, now=call.now, ids=call.ids)
    return _show_issued(issued)


def _show_issued(issued: IssuedKey) -> IssuedKeyAnswer:
    return IssuedKeyAnswer(key_id=show_id("key", issued.key_id), token=issued.token)


def _show_key(key: Credential) -> KeyAnswer:
    return KeyAnswer(
        key_id=show_id("key", key.key_id),
        kind=key.kind,
        subject_id=show_caller(key.kind, key.subject_id),
        provider_id=None if key.provider_id is None else show_id("provider", key.provider_id),
        place_id=None if key.place_id is None else show_id("place", key.place_id),
        permissions=key.permissions,
        label=key.label,
        issued_at=key.issued_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )


def key_routes() -> tuple[Route, ...]:
    """Keys of partners are issued here; those of terminals where terminals are registered."""
    return (
        Route(
            method="POST",
            path="/v1/partners/{partner_id}/keys",
            name="issue_partner_key",
            tag="access",
            summary_en="Issue a key to a partner; its token is shown once",
            summary_zh="向合作方签发密钥，令牌仅显示一次",
            kind=RouteKind.COMMAND,
            callers=_OPERATORS,
            handle=_issue_partner_key,
            body=PartnerKeyBody,
            answer=IssuedKeyAnswer,
            status=201,
            permission=_PERMISSION,
            reasons=(Reason.PARTNER_IS_UNKNOWN, Reason.EXPIRY_IS_NOT_AHEAD, Reason.GRANT_EXCEEDS_OWN_RIGHTS),
        ),
        Route(
            method="GET",
            path="/v1/keys",
            name="list_keys",
            tag="access",
            summary_en="List the keys of the region",
            summary_zh="列出本地区密钥",
            kind=RouteKind.QUERY,
            callers=_OPERATORS,
            handle=_list_keys,
            query=KeysQuery,
            answer=KeysAnswer,
            permission=_PERMISSION,
            reasons=(Reason.ACCESS_KEY_ID_IS_UNKNOWN,),
        ),
        Route(
            method="POST",
            path="/v1/keys/{key_id}/revoke",
            name="revoke_key",
            tag="access",
            summary_en="Revoke a key, from the next call on",
            summary_zh="吊销密钥，立即生效",
            kind=RouteKind.COMMAND,
            callers=_OPERATORS,
            handle=_revoke_key,
            answer=ChangeAnswer,
            permission=_PERMISSION,
            reasons=(Reason.ACCESS_KEY_ID_IS_UNKNOWN,),
        ),
        Route(
            method="POST",
            path="/v1/keys/{key_id}/rotate",
            name="rotate_key",
            tag="access",
            summary_en="Replace a key by a new one with the same rights",
            summary_zh="更换密钥，权限不变",
            kind=RouteKind.COMMAND,
            callers=_OPERATORS,
            handle=_rotate_key,
            answer=IssuedKeyAnswer,
            status=201,
            permission=_PERMISSION,
            reasons=(Reason.ACCESS_KEY_ID_IS_UNKNOWN, Reason.KEY_IS_REVOKED),
        ),
    )
