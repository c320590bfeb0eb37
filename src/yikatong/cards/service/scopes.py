"""Whom a caller may serve, and at whom they may look."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.cards.model import Person, Reason, Resident, Terms, Vault
from yikatong.cards.rules.application import ADULT_FROM_AGE
from yikatong.cards.service.gates import get_resident
from yikatong.cards.service.people import address_of, view_person
from yikatong.kernel import outcomes
from yikatong.kernel.instants import age_on, day_of
from yikatong.plumbing.http import Caller, read_or_refuse

Conn = psycopg.AsyncConnection[Any]


SCOPE: tuple[outcomes.Reason, ...] = (
    Reason.RESIDENT_IS_NOT_KNOWN,
    AccessReason.REGION_IS_OUT_OF_SCOPE,
    AccessReason.DIVISION_IS_OUT_OF_SCOPE,
)
"""How every route that names a resident may refuse, as `get_resident_for` does."""


async def get_resident_for(conn: Conn, *, caller: Caller, shown_id: str, terms: Terms) -> Resident:
    """The resident whose id is shown in an address or body, if the caller may serve them.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN (also an id that cannot be read), REGION_IS_OUT_OF_SCOPE,
    DIVISION_IS_OUT_OF_SCOPE.
    """
    resident_id = read_or_refuse("resident", shown_id, reason=Reason.RESIDENT_IS_NOT_KNOWN)
    bucket, known_id = address_of(resident_id, terms=terms)
    resident = await get_resident(conn, bucket=bucket, resident_id=known_id)
    access.verify_region(caller, region=resident.region)
    access.verify_division(caller, division=resident.division)
    return resident


async def view_person_for(
    conn: Conn, *, caller: Caller, resident: Resident, vault: Vault, terms: Terms, now: datetime
) -> Person:
    """A person's fields for somebody who says why; a minor's only with an approval. The caller records the look.

    Refuses, in this order: PERSON_IS_ERASED, MINOR_LOOK_NEEDS_APPROVAL.
    """
    person = await view_person(conn, bucket=resident.bucket, resident_id=resident.id, vault=vault)
    if age_on(day_of(now), born_on=person.birth) < ADULT_FROM_AGE:
        await access.verify_minor_look(
            conn, caller=caller, resident_id=resident.id, now=now, bucket_count=terms.bucket_count
        )
    return person
