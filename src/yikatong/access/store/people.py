"""Statements of access: operators, roles, staff and partners."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from yikatong.access.model import AttestationLimits, GrantedRole, Operator, Partner, Role, StaffMember
from yikatong.access.store.statements import STATEMENTS
from yikatong.plumbing.rows import Conn, columns_of


async def insert_operator(conn: Conn, *, operator: Operator) -> bool:
    """Add an operator; False when the login name is taken."""
    return await STATEMENTS.hits(conn, "insert_operator", **columns_of(operator))


async def find_operator(conn: Conn, *, operator_id: UUID) -> Operator | None:
    """The operator with an id."""
    return await STATEMENTS.find_one(conn, "find_operator", Operator, operator_id=operator_id)


async def lock_operator_by_login(conn: Conn, *, region: str, login_name: str) -> Operator | None:
    """The operator with a login name, locked."""
    return await STATEMENTS.find_one(conn, "lock_operator_by_login", Operator, region=region, login_name=login_name)


async def list_operators(conn: Conn, *, region: str, after: str, limit: int) -> tuple[Operator, ...]:
    """Operators in order of login name."""
    return await STATEMENTS.list_all(conn, "list_operators", Operator, region=region, after=after, limit=limit)


async def any_operator(conn: Conn, *, region: str) -> bool:
    """Whether the region has an operator."""
    return await STATEMENTS.hits(conn, "any_operator", region=region)


async def set_operator_lockout(
    conn: Conn, *, subject_id: UUID, failed_count: int, locked_until: datetime | None
) -> None:
    """Write what a sign-in leaves."""
    await STATEMENTS.run(
        conn, "set_operator_lockout", subject_id=subject_id, failed_count=failed_count, locked_until=locked_until
    )


async def set_operator_password(conn: Conn, *, subject_id: UUID, password_hash: str, password_is_first: bool) -> None:
    """Replace a password."""
    await STATEMENTS.run(
        conn,
        "set_operator_password",
        subject_id=subject_id,
        password_hash=password_hash,
        password_is_first=password_is_first,
    )


async def set_operator_suspension(conn: Conn, *, subject_id: UUID, region: str, suspended_at: datetime | None) -> bool:
    """Suspend or resume; False when that changed nothing."""
    return await STATEMENTS.hits(
        conn, "set_operator_suspension", subject_id=subject_id, region=region, suspended_at=suspended_at
    )


async def set_attestation_limits(conn: Conn, *, operator_id: UUID, region: str, limits: AttestationLimits) -> bool:
    """Replace limits; False when there is no such operator."""
    return await STATEMENTS.hits(
        conn, "set_attestation_limits", operator_id=operator_id, region=region, **columns_of(limits)
    )


async def find_attestation_limits(conn: Conn, *, operator_id: UUID) -> AttestationLimits | None:
    """The limits of an operator who is not suspended."""
    return await STATEMENTS.find_one(conn, "find_attestation_limits", AttestationLimits, operator_id=operator_id)


async def put_role(conn: Conn, *, role: Role) -> None:
    """Add a role or replace it."""
    await STATEMENTS.run(conn, "put_role", **columns_of(role))


async def find_role(conn: Conn, *, region: str, name: str) -> Role | None:
    """The role with a name."""
    return await STATEMENTS.find_one(conn, "find_role", Role, region=region, name=name)


async def list_roles(conn: Conn, *, region: str) -> tuple[Role, ...]:
    """Roles in order of name."""
    return await STATEMENTS.list_all(conn, "list_roles", Role, region=region)


async def put_granted_role(
    conn: Conn,
    *,
    operator_id: UUID,
    region: str,
    name: str,
    divisions: Iterable[str],
    granted_by: UUID | None,
    granted_at: datetime,
) -> bool:
    """Give a role; False when it was held within the same bounds."""
    return await STATEMENTS.hits(
        conn,
        "put_granted_role",
        operator_id=operator_id,
        region=region,
        name=name,
        divisions=list(divisions),
        granted_by=granted_by,
        granted_at=granted_at,
    )


async def delete_granted_role(conn: Conn, *, operator_id: UUID, region: str, name: str) -> bool:
    """Take a role; False when it was not held."""
    return await STATEMENTS.hits(conn, "delete_granted_role", operator_id=operator_id, region=region, name=name)


async def list_granted_roles(conn: Conn, *, operator_id: UUID) -> tuple[GrantedRole, ...]:
    """What an operator holds; nothing when suspended."""
    return await STATEMENTS.list_all(conn, "list_granted_roles", GrantedRole, operator_id=operator_id)


async def insert_staff_member(conn: Conn, *, member: StaffMember) -> bool:
    """Add a member of staff; False when the login name is taken."""
    return await STATEMENTS.hits(conn, "insert_staff_member", **columns_of(member))


async def find_staff_member(conn: Conn, *, staff_id: UUID) -> StaffMember | None:
    """The member of staff with an id."""
    return await STATEMENTS.find_one(conn, "find_staff_member", StaffMember, staff_id=staff_id)


async def lock_staff_by_login(conn: Conn, *, region: str, login_name: str) -> StaffMember | None:
    """The member of staff with a login name, locked."""
    return await STATEMENTS.find_one(conn, "lock_staff_by_login", StaffMember, region=region, login_name=login_name)


async def set_staff_lockout(conn: Conn, *, subject_id: UUID, failed_count: int, locked_until: datetime | None) -> None:
    """Write what a sign-in leaves."""
    await STATEMENTS.run(
        conn, "set_staff_lockout", subject_id=subject_id, failed_count=failed_count, locked_until=locked_until
    )


async def set_staff_password(conn: Conn, *, subject_id: UUID, password_hash: str, password_is_first: bool) -> None:
    """Replace a password."""
    await STATEMENTS.run(
        conn,
        "set_staff_password",
        subject_id=subject_id,
        password_hash=password_hash,
        password_is_first=password_is_first,
    )


async def set_staff_suspension(conn: Conn, *, subject_id: UUID, region: str, suspended_at: datetime | None) -> bool:
    """Suspend or resume; False when that changed nothing."""
    return await STATEMENTS.hits(
        conn, "set_staff_suspension", subject_id=subject_id, region=region, suspended_at=suspended_at
    )


async def insert_partner(conn: Conn, *, partner: Partner) -> None:
    """Add a partner."""
    await STATEMENTS.run(conn, "insert_partner", **columns_of(partner))


async def find_partner(conn: Conn, *, partner_id: UUID, region: str) -> Partner | None:
    """The partner with an id in a region."""
    return await STATEMENTS.find_one(conn, "find_partner", Partner, partner_id=partner_id, region=region)
