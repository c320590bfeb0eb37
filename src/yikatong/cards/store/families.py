"""Guardians, family members, concessions."""

from datetime import date, datetime
from typing import Any

import psycopg

from yikatong.cards.model import Concession, FamilyKind, FamilyMember, Guardian, GuardianRelation
from yikatong.cards.store.rows import QUERIES, fetch_all, touches
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
    row = {
        "bucket": bucket,
        "resident_id": resident_id,
        "guardian_id": guardian_id,
        "relation": relation,
        "now": now,
    }
    return await touches(conn, QUERIES["put_guardian"], row)


async def end_guardian(
    conn: Conn, *, bucket: int, resident_id: ResidentId, guardian_id: ResidentId, now: datetime
) -> bool:
    """End a guardianship; whether there was one."""
    change = {"bucket": bucket, "resident_id": resident_id, "guardian_id": guardian_id, "now": now}
    return await touches(conn, QUERIES["end_guardian"], change)


async def list_guardians(conn: Conn, *, bucket: int, resident_id: ResidentId) -> list[Guardian]:
    """A ward's guardians."""
    key = {"bucket": bucket, "resident_id": resident_id}
    return await fetch_all(conn, QUERIES["list_guardians"], key, Guardian)


async def put_family_member(
    conn: Conn, *, bucket: int, resident_id: ResidentId, member_id: ResidentId, kind: FamilyKind, now: datetime
) -> bool:
    """Add a relative; whether they were not in the family service before."""
    row = {"bucket": bucket, "resident_id": resident_id, "member_id": member_id, "kind": kind, "now": now}
    return await touches(conn, QUERIES["put_family_member"], row)


async def end_family_member(
    conn: Conn, *, bucket: int, resident_id: ResidentId, member_id: ResidentId, now: datetime
) -> bool:
    """Take a relative out; whether they were in."""
    change = {"bucket": bucket, "resident_id": resident_id, "member_id": member_id, "now": now}
    return await touches(conn, QUERIES["end_family_member"], change)


async def list_family(conn: Conn, *, bucket: int, resident_id: ResidentId) -> list[FamilyMember]:
    """The relatives in a holder's family service."""
    key = {"bucket": bucket, "resident_id": resident_id}
    return await fetch_all(conn, QUERIES["list_family"], key, FamilyMember)


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
    return await touches(conn, QUERIES["put_concession"], row)


async def end_concession(conn: Conn, *, bucket: int, resident_id: ResidentId, class_: str, on: date) -> bool:
    """End a concession on a day; whether one held beyond it."""
    change = {"bucket": bucket, "resident_id": resident_id, "class": class_, "on": on}
    return await touches(conn, QUERIES["end_concession"], change)


async def list_concessions(conn: Conn, *, bucket: int, resident_id: ResidentId) -> list[Concession]:
    """A resident's concessions, past ones too."""
    key = {"bucket": bucket, "resident_id": resident_id}
    return await fetch_all(conn, QUERIES["list_concessions"], key, Concession)
