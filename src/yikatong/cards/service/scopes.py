"""Whom a caller may serve, and at whom they may look."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.cards.model import Reason, Resident, Terms, Vault
from yikatong.cards.rules.application import ADULT_FROM_AGE
from yikatong.cards.service.gates import get_resident
from yikatong.cards.service.people import address_of, age_of
from yikatong.kernel import outcomes
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Caller, read_or_refuse

Conn = psycopg.AsyncConnection[Any]


SCOPE: tuple[outcomes.Reason, ...] = (
    Reason.RESIDENT_IS_NOT_KNOWN,
    AccessReason.REGION_IS_OUT_OF_SCOPE,
    AccessReason.DIVISION_IS_OUT_OF_SCOPE,
)
"""How every route that names a resident may refuse, as `get_resident_for` does."""

LOOK: tuple[outcomes.Reason, ...] = (*SCOPE, AccessReason.MINOR_LOOK_NEEDS_APPROVAL)
"""How every route that shows something of a resident may refuse, as `get_resident_to_look_at` does."""


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


async def get_resident_to_look_at(
    conn: Conn, *, caller: Caller, shown_id: str, vault: Vault, terms: Terms, now: datetime
) -> Resident:
    """The resident whose id is shown, for whoever looks at anything of theirs; a minor only with an approval.

    Every look of staff at one resident goes through here: fields, card, its events, family, concessions, accounts
    (Regulation on the Protection of Minors in Cyberspace, Art. 36). Of an erased person nothing is left that says how
    old they were. The caller records the look.
    Refuses, in this order: those of `get_resident_for`, MINOR_LOOK_NEEDS_APPROVAL.
    """
    resident = await get_resident_for(conn, caller=caller, shown_id=shown_id, terms=terms)
    if await _is_minor(conn, resident=resident, vault=vault, now=now):
        await access.verify_minor_look(
            conn, caller=caller, resident_id=resident.id, now=now, bucket_count=terms.bucket_count
        )
    return resident


async def _is_minor(conn: Conn, *, resident: Resident, vault: Vault, now: datetime) -> bool:
    on = day_of(now)
    try:
        age = await age_of(conn, bucket=resident.bucket, resident_id=resident.id, on=on, vault=vault)
    except Refused as refused:
        if refused.reason is not Reason.PERSON_IS_ERASED:
            raise
        return False
    return age < ADULT_FROM_AGE
