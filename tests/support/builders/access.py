"""Callers of every kind, each in a region of their own unless told otherwise."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from tests.support.world import NOON, SeededIds, a_region_code
from yikatong.access import service
from yikatong.access.model import Operator, Role
from yikatong.access.store import people
from yikatong.plumbing.http import Caller, CallerKind

Conn = psycopg.AsyncConnection[Any]

ALL = ("*",)
PASSWORD = "correct-horse-battery"
PASSWORD_HASH = "$argon2id$v=19$m=65536,t=3,p=4$369stS3Wc9fzq35qVbs3tA$sQIdiKzZzoB+I91yl6qtf4tSegBeEiDAHtzKiWWpyzI"
"""Hashed once: each hash takes a fifth of a second by design."""


class Known(NamedTuple):
    """Someone who can call: the token to send, and who it stands for."""

    token: str
    caller: Caller


async def an_operator(
    conn: Conn,
    *,
    region: str | None = None,
    permissions: Iterable[str] = ALL,
    divisions: tuple[str, ...] = (),
    now: datetime = NOON,
    tap_max_fen: int = 20_000,
    day_max_fen: int = 50_000,
) -> Known:
    """An operator with one role of these permissions, signed in."""
    ids = SeededIds()
    region = region or a_region_code()
    operator_id = ids.new()
    operator = Operator(
        operator_id=operator_id,
        region=region,
        login_name=f"op{ids.new().hex}",
        display_name="窗口",
        password_hash=PASSWORD_HASH,
        password_is_first=False,
        failed_count=0,
        locked_until=None,
        attested_tap_max_fen=tap_max_fen,
        attested_day_max_fen=day_max_fen,
        made_at=now,
        suspended_at=None,
    )
    await people.insert_operator(conn, operator=operator)
    giver = Caller(kind=CallerKind.OPERATOR, id=ids.new(), region=region, permissions=frozenset(ALL))
    name = f"role{ids.new().hex[:24]}"
    await service.put_role(
        conn,
        role=Role(region=region, name=name, label_zh="角色", label_en="Role", permissions=tuple(sorted(permissions))),
        giver=giver,
    )
    await service.grant_role(conn, operator_id=operator_id, name=name, divisions=divisions, giver=giver, now=now)
    session = await service.open_session(
        conn, kind=CallerKind.OPERATOR, subject_id=operator_id, region=region, now=now, ids=ids
    )
    return Known(session.token, await service.authenticate(conn, token=session.token, now=now))


async def a_terminal(
    conn: Conn, *, region: str | None = None, provider_id: UUID | None = None, expires_at: datetime | None = None
) -> Known:
    """A terminal's key."""
    ids = SeededIds()
    issued = await service.issue_key(
        conn,
        kind=CallerKind.TERMINAL,
        subject_id=ids.new(),
        region=region or a_region_code(),
        provider_id=provider_id or ids.new(),
        place_id=ids.new(),
        permissions=frozenset(),
        label="till",
        expires_at=expires_at,
        now=NOON,
        ids=ids,
    )
    return Known(issued.token, await service.authenticate(conn, token=issued.token, now=NOON))


async def a_wallet(
    conn: Conn, *, region: str | None = None, resident_id: UUID | None = None, now: datetime = NOON
) -> Known:
    """A wallet's session, of a resident who is nowhere else unless one is given."""
    ids = SeededIds()
    device_id = ids.new()
    session = await service.open_session(
        conn,
        kind=CallerKind.WALLET,
        subject_id=device_id,
        region=region or a_region_code(),
        resident_id=resident_id or ids.new(),
        device_id=device_id,
        now=now,
        ids=ids,
    )
    return Known(session.token, await service.authenticate(conn, token=session.token, now=now))


async def a_staff_member(
    conn: Conn,
    *,
    region: str | None = None,
    provider_id: UUID | None = None,
    permissions: Iterable[str] = ALL,
    now: datetime = NOON,
) -> Known:
    """A member of a provider's staff, signed in."""
    ids = SeededIds()
    session = await service.open_session(
        conn,
        kind=CallerKind.STAFF,
        subject_id=ids.new(),
        region=region or a_region_code(),
        provider_id=provider_id or ids.new(),
        permissions=frozenset(permissions),
        now=now,
        ids=ids,
    )
    return Known(session.token, await service.authenticate(conn, token=session.token, now=now))


async def a_partner(
    conn: Conn, *, region: str | None = None, permissions: Iterable[str] = ALL, now: datetime = NOON
) -> Known:
    """A partner's system with a key."""
    ids = SeededIds()
    issued = await service.issue_key(
        conn,
        kind=CallerKind.PARTNER,
        subject_id=ids.new(),
        region=region or a_region_code(),
        provider_id=None,
        place_id=None,
        permissions=frozenset(permissions),
        label="system",
        expires_at=None,
        now=now,
        ids=ids,
    )
    return Known(issued.token, await service.authenticate(conn, token=issued.token, now=now))
