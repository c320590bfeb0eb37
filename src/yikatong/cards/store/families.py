"""Guardians, family members, concessions."""

from datetime import date, datetime
from typing import Any

import psycopg

from yikatong.cards.model import Concession, FamilyKind, FamilyMember, Guardian, GuardianRelation
from yikatong.cards.store.statements import STATEMENTS
from yikatong.kernel.ids import ResidentId

Conn = psycopg.AsyncConnection[Any]


async def put_guardian(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    guardian_id: ResidentId,
    relation: GuardianRelation,
    now: datetime,
) -> bool:
    """Record a guardian; whether that changed anything."""
    return await STATEMENTS.hits(
        conn,
        "put_guardian",
        bucket=bucket,
        resident_id=resident_id,
        guardian_id=guardian_id,
        relation=relation,
        now=now,
    )


async def end_guardian(
    conn: Conn, *, bucket: int, resident_id: ResidentId, guardian_id: ResidentId, now: datetime
) -> bool:
    """End a guardianship; whether there was one."""
    return await STATEMENTS.hits(
        conn, "end_guardian", bucket=bucket, resident_id=resident_id, guardian_id=guardian_id, now=now
    )


async def list_guardians(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Guardian, ...]:
    """A ward's guardians."""
    return await STATEMENTS.list_all(conn, "list_guardians", Guardian, bucket=bucket, resident_id=resident_id)


async def put_family_member(
    conn: Conn, *, bucket: int, resident_id: ResidentId, member_id: ResidentId, kind: FamilyKind, now: datetime
) -> bool:
    """Add a relative; whether they were not in the family service before."""
    return await STATEMENTS.hits(
        conn, "put_family_member", bucket=bucket, resident_id=resident_id, member_id=member_id, kind=kind, now=now
    )


async def end_family_member(
    conn: Conn, *, bucket: int, resident_id: ResidentId, member_id: ResidentId, now: datetime
) -> bool:
    """Take a relative out; whether they were in."""
    return await STATEMENTS.hits(
        conn, "end_family_member", bucket=bucket, resident_id=resident_id, member_id=member_id, now=now
    )


async def list_family(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[FamilyMember, ...]:
    """The relatives in a holder's family service."""
    return await STATEMENTS.list_all(conn, "list_family", FamilyMember, bucket=bucket, resident_id=resident_id)


async def put_concession(
    conn: Conn, *, bucket: int, resident_id: ResidentId, class_: str, granted_on: date, valid_until: date
) -> bool:
    """Grant a concession, or change how long it holds; whether that changed anything."""
    row = {
        "bucket": bucket,
        "resident_id": resident_id,
        "class": class_,
        "granted_on": granted_on,
        "valid_until": valid_until,
    }
    return await STATEMENTS.hits(conn, "put_concession", **row)


async def end_concession(conn: Conn, *, bucket: int, resident_id: ResidentId, class_: str, on: date) -> bool:
    """End a concession on a day; whether one held beyond it."""
    change = {"bucket": bucket, "resident_id": resident_id, "class": class_, "on": on}
    return await STATEMENTS.hits(conn, "end_concession", **change)


async def list_concessions(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Concession, ...]:
    """A resident's concessions, past ones too."""
    return await STATEMENTS.list_all(conn, "list_concessions", Concession, bucket=bucket, resident_id=resident_id)
