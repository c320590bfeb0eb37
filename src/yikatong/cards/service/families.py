"""Guardians, family members, concessions."""

from datetime import date, datetime
from typing import Any

import psycopg

from yikatong.cards.model import (
    Concession,
    FamilyKind,
    FamilyMember,
    Guardian,
    GuardianRelation,
    Reason,
    Terms,
    Vault,
)
from yikatong.cards.rules.families import FAMILY_LISTS, decide_family_member, decide_guardian
from yikatong.cards.service.gates import get_living_resident, get_region_rule, pass_gate
from yikatong.cards.service.people import address_of, age_of
from yikatong.cards.store import families as store
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.notices import service as notices
from yikatong.notices.model import Template
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def add_guardian(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    guardian_id: ResidentId,
    relation: GuardianRelation,
    terms: Terms,
    vault: Vault,
    now: datetime,
    ids: Ids,
) -> Change:
    """Record a guardian of a minor; the operator has seen the household book.

    Refuses, in this order: RESIDENT_CANNOT_BE_THEIR_OWN_FAMILY, RESIDENT_IS_NOT_KNOWN and RESIDENT_IS_DECEASED of
    ward and guardian, GUARDIAN_MUST_BE_ADULT, RESIDENT_IS_NOT_A_MINOR.
    """
    if resident_id == guardian_id:
        raise Refused(Reason.RESIDENT_CANNOT_BE_THEIR_OWN_FAMILY)
    guardian_bucket, _ = address_of(guardian_id, terms=terms)
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    await get_living_resident(conn, bucket=bucket, resident_id=resident_id)
    await get_living_resident(conn, bucket=guardian_bucket, resident_id=guardian_id)
    on = day_of(now)
    refused = decide_guardian(
        guardian_age=await age_of(conn, bucket=guardian_bucket, resident_id=guardian_id, on=on, vault=vault),
        ward_age=await age_of(conn, bucket=bucket, resident_id=resident_id, on=on, vault=vault),
    )
    if refused is not None:
        raise Refused(refused)
    changed = await store.put_guardian(
        conn, bucket=bucket, resident_id=resident_id, guardian_id=guardian_id, relation=relation, now=now
    )
    if changed:
        await notices.tell(conn, Template.GUARDIAN_ADDED, bucket=bucket, resident_id=resident_id, now=now, ids=ids)
    return Change.of(changed)


async def end_guardian(
    conn: Conn, *, bucket: int, resident_id: ResidentId, guardian_id: ResidentId, now: datetime
) -> Change:
    """End a guardianship. Refuses RESIDENT_IS_NOT_KNOWN."""
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    ended = await store.end_guardian(conn, bucket=bucket, resident_id=resident_id, guardian_id=guardian_id, now=now)
    return Change.of(ended)


async def list_guardians(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Guardian, ...]:
    """A ward's guardians."""
    return await store.list_guardians(conn, bucket=bucket, resident_id=resident_id)


async def add_family_member(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    member_id: ResidentId,
    kind: FamilyKind,
    face_matched: bool,
    has_photo: bool,
    terms: Terms,
    vault: Vault,
    now: datetime,
    ids: Ids,
) -> Change:
    """Add a relative to a holder's family service (亲情服务), within the limits of the holder's region.

    The caller has proved the holder's password. A relative already in it is ALREADY_SO.
    Refuses, in this order: RESIDENT_CANNOT_BE_THEIR_OWN_FAMILY, RESIDENT_IS_NOT_KNOWN and RESIDENT_IS_DECEASED of
    holder and relative, then as `rules.families.decide_family_member`.
    """
    if resident_id == member_id:
        raise Refused(Reason.RESIDENT_CANNOT_BE_THEIR_OWN_FAMILY)
    member_bucket, _ = address_of(member_id, terms=terms)
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    holder = await get_living_resident(conn, bucket=bucket, resident_id=resident_id)
    await get_living_resident(conn, bucket=member_bucket, resident_id=member_id)
    family = await store.list_family(conn, bucket=bucket, resident_id=resident_id)
    if any(member.member_id == member_id for member in family):
        return Change.ALREADY_SO
    rule = await get_region_rule(conn, region=holder.region)
    refused = decide_family_member(
        limits=FAMILY_LISTS[rule.family_list],
        kind=kind,
        taken=[member.kind for member in family],
        age=await age_of(conn, bucket=member_bucket, resident_id=member_id, on=day_of(now), vault=vault),
        face_matched=face_matched,
        has_photo=has_photo,
    )
    if refused is not None:
        raise Refused(refused)
    await store.put_family_member(conn, bucket=bucket, resident_id=resident_id, member_id=member_id, kind=kind, now=now)
    await notices.tell(conn, Template.FAMILY_MEMBER_ADDED, bucket=bucket, resident_id=resident_id, now=now, ids=ids)
    return Change.DONE


async def remove_family_member(
    conn: Conn, *, bucket: int, resident_id: ResidentId, member_id: ResidentId, now: datetime
) -> Change:
    """Take a relative out of a holder's family service. Refuses RESIDENT_IS_NOT_KNOWN."""
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    ended = await store.end_family_member(conn, bucket=bucket, resident_id=resident_id, member_id=member_id, now=now)
    return Change.of(ended)


async def list_family(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[FamilyMember, ...]:
    """The relatives in a holder's family service."""
    return await store.list_family(conn, bucket=bucket, resident_id=resident_id)


async def grant_concession(
    conn: Conn, *, bucket: int, resident_id: ResidentId, class_: str, valid_until: date, now: datetime
) -> Change:
    """Grant a concession from today, or change how long it holds; `valid_until` is exclusive.

    Refuses RESIDENT_IS_NOT_KNOWN, RESIDENT_IS_DECEASED, RESIDENT_HAS_LEFT, PERSONAL_FIELD_IS_NOT_VALID (a past end).
    """
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    await get_living_resident(conn, bucket=bucket, resident_id=resident_id)
    if valid_until <= day_of(now):
        raise Refused(Reason.PERSONAL_FIELD_IS_NOT_VALID, field="valid_until")
    changed = await store.put_concession(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        class_=class_,
        granted_on=day_of(now),
        valid_until=valid_until,
    )
    return Change.of(changed)


async def end_concession(conn: Conn, *, bucket: int, resident_id: ResidentId, class_: str, now: datetime) -> Change:
    """End a concession today. Refuses RESIDENT_IS_NOT_KNOWN, CONCESSION_IS_NOT_KNOWN."""
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    held = await store.list_concessions(conn, bucket=bucket, resident_id=resident_id)
    if all(concession.class_ != class_ for concession in held):
        raise Refused(Reason.CONCESSION_IS_NOT_KNOWN)
    ended = await store.end_concession(conn, bucket=bucket, resident_id=resident_id, class_=class_, on=day_of(now))
    return Change.of(ended)


async def list_concessions(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Concession, ...]:
    """A resident's concessions, past ones too."""
    return await store.list_concessions(conn, bucket=bucket, resident_id=resident_id)
