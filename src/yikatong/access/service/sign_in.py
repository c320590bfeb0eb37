"""Signing in: a login name and a password become a session, and failures are counted."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from yikatong.access import rules
from yikatong.access.model import OpenedSession, Operator, Reason, StaffMember
from yikatong.access.service.keys import open_session
from yikatong.access.service.passwords import hash_password, verify_password
from yikatong.access.store import people
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import CallerKind
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.rows import Conn


class _Register(NamedTuple):
    """Where the accounts of one kind of caller stand."""

    lock: Callable[..., Awaitable[Any]]
    set_lockout: Callable[..., Awaitable[None]]
    set_password: Callable[..., Awaitable[None]]


_REGISTERS = {
    CallerKind.OPERATOR: _Register(
        people.lock_operator_by_login, people.set_operator_lockout, people.set_operator_password
    ),
    CallerKind.STAFF: _Register(people.lock_staff_by_login, people.set_staff_lockout, people.set_staff_password),
}


async def sign_in(
    conn: Conn,
    *,
    kind: CallerKind,
    region: str,
    login_name: str,
    password: str,
    new_password: str | None,
    now: datetime,
    ids: Ids,
) -> OpenedSession | Refused:
    """Open a session for an operator or a member of staff.

    Returned refusals keep what was counted, so the caller commits: SIGN_IN_IS_LOCKED while locked, SIGN_IN_FAILED for
    an unknown name, a wrong password or a suspended account alike. Raised: PASSWORD_MUST_BE_CHANGED for a first
    password without `new_password`, NEW_PASSWORD_IS_THE_OLD_ONE for one, first or not, that would stay the same.
    """
    register = _REGISTERS[kind]
    account: Operator | StaffMember | None = await register.lock(conn, region=region, login_name=login_name)
    if account is not None and account.locked_until is not None and account.locked_until > now:
        return Refused(Reason.SIGN_IN_IS_LOCKED)
    try:
        await verify_password(password, password_hash=account.password_hash if account else None)
    except Refused as refused:
        return await _count_failure(conn, register=register, account=account, refused=refused, now=now)
    assert account is not None
    if account.suspended_at is not None:
        return Refused(Reason.SIGN_IN_FAILED)
    await _renew_password(conn, register=register, account=account, password=password, new_password=new_password)
    if account.failed_count:
        await register.set_lockout(conn, subject_id=_id_of(account), failed_count=0, locked_until=None)
    return await _open(conn, account=account, now=now, ids=ids)


async def _count_failure(
    conn: Conn, *, register: _Register, account: Operator | StaffMember | None, refused: Refused, now: datetime
) -> Refused:
    if account is None:
        return refused
    lockout = rules.decide_lockout(failed_count=account.failed_count, now=now)
    await register.set_lockout(
        conn, subject_id=_id_of(account), failed_count=lockout.failed_count, locked_until=lockout.locked_until
    )
    return refused


async def _renew_password(
    conn: Conn, *, register: _Register, account: Operator | StaffMember, password: str, new_password: str | None
) -> None:
    if new_password is not None:
        password_hash = await hash_password(rules.verify_new_password(new_password, password=password))
        await register.set_password(
            conn, subject_id=_id_of(account), password_hash=password_hash, password_is_first=False
        )
    elif account.password_is_first:
        raise Refused(Reason.PASSWORD_MUST_BE_CHANGED)


async def _open(conn: Conn, *, account: Operator | StaffMember, now: datetime, ids: Ids) -> OpenedSession:
    if isinstance(account, Operator):
        return await open_session(
            conn,
            kind=CallerKind.OPERATOR,
            subject_id=account.operator_id,
            region=account.region,
            now=now,
            ids=ids,
        )
    return await open_session(
        conn,
        kind=CallerKind.STAFF,
        subject_id=account.staff_id,
        region=account.region,
        provider_id=account.provider_id,
        place_id=account.place_id,
        permissions=account.permissions,
        now=now,
        ids=ids,
    )


def _id_of(account: Operator | StaffMember) -> UUID:
    return account.operator_id if isinstance(account, Operator) else account.staff_id
