"""Operators, staff, partners and roles: make, suspend, grant, and the first operator of a region."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from yikatong.access import rules
from yikatong.access.model import (
    AttestationLimits,
    FirstOperator,
    GrantedRole,
    Operator,
    Partner,
    Reason,
    Role,
    StaffMember,
)
from yikatong.access.service.keys import end_sessions_of, open_session, revoke_keys_of
from yikatong.access.service.passwords import hash_password
from yikatong.access.service.starting_roles import FIRST_ROLE, STARTING_ROLES
from yikatong.access.store import people
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.http import Caller, CallerKind
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.rows import Conn

FIRST_LOGIN_NAME = "first"
NO_ATTESTATION = AttestationLimits(tap_max_fen=0, day_max_fen=0)
STARTING_LIMITS = AttestationLimits(tap_max_fen=20_000, day_max_fen=200_000)


def make_password(ids: Ids) -> str:
    """A first password of 120 random bits, to be typed once."""
    return urlsafe_b64encode(ids.random_bytes(15)).decode("ascii")


async def create_operator(
    conn: Conn,
    *,
    region: str,
    login_name: str,
    display_name: str,
    password: str,
    now: datetime,
    ids: Ids,
    password_is_first: bool = False,
    limits: AttestationLimits = STARTING_LIMITS,
) -> UUID:
    """Make an operator without a role; refuses LOGIN_NAME_IS_TAKEN."""
    operator = Operator(
        operator_id=ids.new(),
        region=region,
        login_name=login_name,
        display_name=display_name,
        password_hash=await hash_password(password),
        password_is_first=password_is_first,
        failed_count=0,
        locked_until=None,
        attested_tap_max_fen=limits.tap_max_fen,
        attested_day_max_fen=limits.day_max_fen,
        made_at=now,
        suspended_at=None,
    )
    if not await people.insert_operator(conn, operator=operator):
        raise Refused(Reason.LOGIN_NAME_IS_TAKEN)
    return operator.operator_id


async def create_staff_member(
    conn: Conn,
    *,
    region: str,
    provider_id: UUID,
    place_id: UUID | None,
    login_name: str,
    display_name: str,
    permissions: Iterable[str],
    password: str,
    now: datetime,
    ids: Ids,
    password_is_first: bool = False,
) -> UUID:
    """Make a member of a provider's staff; refuses LOGIN_NAME_IS_TAKEN."""
    member = StaffMember(
        staff_id=ids.new(),
        region=region,
        provider_id=provider_id,
        place_id=place_id,
        login_name=login_name,
        display_name=display_name,
        permissions=tuple(sorted(permissions)),
        password_hash=await hash_password(password),
        password_is_first=password_is_first,
        failed_count=0,
        locked_until=None,
        made_at=now,
        suspended_at=None,
    )
    if not await people.insert_staff_member(conn, member=member):
        raise Refused(Reason.LOGIN_NAME_IS_TAKEN)
    return member.staff_id


async def create_partner(conn: Conn, *, region: str, name_zh: str, name_en: str, now: datetime, ids: Ids) -> UUID:
    """Make a partner; it gets keys by `issue_key`."""
    partner = Partner(
        partner_id=ids.new(), region=region, name_zh=name_zh, name_en=name_en, made_at=now, suspended_at=None
    )
    await people.insert_partner(conn, partner=partner)
    return partner.partner_id


async def get_partner(conn: Conn, *, partner_id: UUID, region: str) -> Partner:
    """A partner of a region; refuses PARTNER_IS_UNKNOWN."""
    partner = await people.find_partner(conn, partner_id=partner_id, region=region)
    if partner is None:
        raise Refused(Reason.PARTNER_IS_UNKNOWN)
    return partner


async def get_operator(conn: Conn, *, operator_id: UUID, region: str) -> Operator:
    """An operator of a region; refuses OPERATOR_IS_UNKNOWN."""
    operator = await people.find_operator(conn, operator_id=operator_id)
    if operator is None or operator.region != region:
        raise Refused(Reason.OPERATOR_IS_UNKNOWN)
    return operator


async def get_staff_member(conn: Conn, *, staff_id: UUID, region: str) -> StaffMember:
    """A member of staff in a region; refuses STAFF_MEMBER_IS_UNKNOWN."""
    member = await people.find_staff_member(conn, staff_id=staff_id)
    if member is None or member.region != region:
        raise Refused(Reason.STAFF_MEMBER_IS_UNKNOWN)
    return member


async def list_operators(conn: Conn, *, region: str, after: str, limit: int) -> tuple[Operator, ...]:
    """Operators of a region in order of login name."""
    return await people.list_operators(conn, region=region, after=after, limit=limit)


async def set_operator_suspended(
    conn: Conn, *, operator_id: UUID, region: str, suspended: bool, now: datetime
) -> Change:
    """Suspend an operator, which ends sessions and keys at once, or take the suspension back.

    Refuses OPERATOR_IS_UNKNOWN.
    """
    await get_operator(conn, operator_id=operator_id, region=region)
    changed = await people.set_operator_suspension(
        conn, subject_id=operator_id, region=region, suspended_at=now if suspended else None
    )
    if suspended:
        await _shut_out(conn, subject_id=operator_id, now=now)
    return Change.of(changed)


async def set_staff_suspended(conn: Conn, *, staff_id: UUID, region: str, suspended: bool, now: datetime) -> Change:
    """Suspend a member of staff, which ends sessions and keys at once, or take the suspension back.

    Refuses STAFF_MEMBER_IS_UNKNOWN.
    """
    await get_staff_member(conn, staff_id=staff_id, region=region)
    changed = await people.set_staff_suspension(
        conn, subject_id=staff_id, region=region, suspended_at=now if suspended else None
    )
    if suspended:
        await _shut_out(conn, subject_id=staff_id, now=now)
    return Change.of(changed)


async def set_attestation_limits(conn: Conn, *, operator_id: UUID, region: str, limits: AttestationLimits) -> Change:
    """Replace what an operator may attest; refuses OPERATOR_IS_UNKNOWN."""
    if not await people.set_attestation_limits(conn, operator_id=operator_id, region=region, limits=limits):
        raise Refused(Reason.OPERATOR_IS_UNKNOWN)
    return Change.DONE


async def put_role(conn: Conn, *, role: Role, giver: Caller) -> Change:
    """Add a role to the giver's region, or replace it; refuses ROLE_NAME_IS_MALFORMED, GRANT_EXCEEDS_OWN_RIGHTS.

    Nobody replaces a role that permits more than they hold, for that would take rights they could not give back.
    """
    rules.verify_role_name(role.name)
    rules.verify_may_give(giver, permissions=role.permissions, divisions=giver.divisions)
    before = await people.find_role(conn, region=role.region, name=role.name)
    if before == role:
        return Change.ALREADY_SO
    if before is not None:
        rules.verify_may_give(giver, permissions=before.permissions, divisions=giver.divisions)
    await people.put_role(conn, role=role)
    return Change.DONE


async def list_roles(conn: Conn, *, region: str) -> tuple[Role, ...]:
    """Roles of a region in order of name."""
    return await people.list_roles(conn, region=region)


async def list_granted_roles(conn: Conn, *, operator_id: UUID) -> tuple[GrantedRole, ...]:
    """What an operator holds; nothing when suspended."""
    return await people.list_granted_roles(conn, operator_id=operator_id)


async def grant_role(
    conn: Conn, *, operator_id: UUID, name: str, divisions: tuple[str, ...], giver: Caller, now: datetime
) -> Change:
    """Give an operator of the giver's region a role within division prefixes.

    Refuses in this order: OPERATOR_IS_UNKNOWN, ROLE_IS_UNKNOWN, GRANT_EXCEEDS_OWN_RIGHTS.
    """
    await get_operator(conn, operator_id=operator_id, region=giver.region)
    role = await people.find_role(conn, region=giver.region, name=name)
    if role is None:
        raise Refused(Reason.ROLE_IS_UNKNOWN)
    rules.verify_may_give(giver, permissions=role.permissions, divisions=divisions)
    changed = await people.put_granted_role(
        conn,
        operator_id=operator_id,
        region=giver.region,
        name=name,
        divisions=divisions,
        granted_by=giver.id,
        granted_at=now,
    )
    return Change.of(changed)


async def withdraw_role(conn: Conn, *, operator_id: UUID, region: str, name: str) -> Change:
    """Take a role from an operator, from the next call on; refuses OPERATOR_IS_UNKNOWN."""
    await get_operator(conn, operator_id=operator_id, region=region)
    return Change.of(await people.delete_granted_role(conn, operator_id=operator_id, region=region, name=name))


async def begin_region(conn: Conn, *, region: str, now: datetime, ids: Ids) -> FirstOperator | None:
    """Give a region its roles and its first operator; None when it has an operator, so that it happens once."""
    if await people.any_operator(conn, region=region):
        return None
    for starting in STARTING_ROLES:
        role = Role(
            region=region,
            name=starting.name,
            label_zh=starting.label_zh,
            label_en=starting.label_en,
            permissions=starting.permissions,
        )
        await people.put_role(conn, role=role)
    password = make_password(ids)
    operator_id = await create_operator(
        conn,
        region=region,
        login_name=FIRST_LOGIN_NAME,
        display_name=FIRST_LOGIN_NAME,
        password=password,
        password_is_first=True,
        limits=NO_ATTESTATION,
        now=now,
        ids=ids,
    )
    await people.put_granted_role(
        conn, operator_id=operator_id, region=region, name=FIRST_ROLE, divisions=(), granted_by=None, granted_at=now
    )
    session = await open_session(
        conn, kind=CallerKind.OPERATOR, subject_id=operator_id, region=region, now=now, ids=ids
    )
    return FirstOperator(operator_id=operator_id, login_name=FIRST_LOGIN_NAME, password=password, token=session.token)


async def _shut_out(conn: Conn, *, subject_id: UUID, now: datetime) -> None:
    await end_sessions_of(conn, subject_id=subject_id, now=now)
    await revoke_keys_of(conn, subject_id=subject_id, now=now)
