"""Applying for a card."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.cards.model import Actor, CardCommand, CardState, Gate, Vault
from yikatong.cards.rules.application import decide_application
from yikatong.cards.service.gates import get_resident, pass_gate
from yikatong.cards.service.people import view_person
from yikatong.cards.store import cards as store
from yikatong.cards.store import families as family_store
from yikatong.kernel.ids import CardId, ResidentId
from yikatong.kernel.instants import age_on, day_of
from yikatong.kernel.outcomes import Refused
from yikatong.notices import service as notices
from yikatong.notices.model import Template
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def apply_for_card(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    bank_code: str,
    has_photo: bool,
    guardian_id: ResidentId | None,
    vault: Vault,
    by: Actor,
    now: datetime,
    ids: Ids,
) -> CardId:
    """Apply for a card. `guardian_id` is the person who applies for a child.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, then as `rules.application.decide_application`; a guardian who is
    not recorded counts as none.
    """
    gate = await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    resident = await get_resident(conn, bucket=bucket, resident_id=resident_id)
    person = await view_person(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    cards = await store.list_cards(conn, bucket=bucket, resident_id=resident_id)
    guardians = await family_store.list_guardians(conn, bucket=bucket, resident_id=resident_id)
    refused = decide_application(
        status=resident.status,
        age=age_on(day_of(now), born_on=person.birth),
        holds_card=any(card.state is not CardState.CANCELLED for card in cards),
        is_first=not cards,
        by_guardian=any(guardian.guardian_id == guardian_id for guardian in guardians),
        has_photo=has_photo,
    )
    if refused is not None:
        raise Refused(refused)
    card_id = await add_card(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        region=resident.region,
        bank_code=bank_code,
        gate=gate,
        photo_on_file=has_photo,
        replaces=None,
        by=by,
        now=now,
        ids=ids,
    )
    await notices.tell(conn, Template.CARD_APPLIED_FOR, bucket=bucket, resident_id=resident_id, now=now, ids=ids)
    return card_id


async def add_card(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    region: str,
    bank_code: str,
    gate: Gate,
    photo_on_file: bool,
    replaces: CardId | None,
    by: Actor,
    now: datetime,
    ids: Ids,
) -> CardId:
    """Add a card that is to be made, with its first event; the caller has passed the gate."""
    card_id = CardId(ids.new())
    await store.insert_card(
        conn,
        bucket=bucket,
        card_id=card_id,
        resident_id=resident_id,
        region=region,
        bank_code=bank_code,
        state_version=gate.version,
        photo_on_file=photo_on_file,
        replaces_card_id=replaces,
        now=now,
    )
    await store.insert_card_event(
        conn,
        bucket=bucket,
        card_id=card_id,
        resident_id=resident_id,
        gate_version=gate.version,
        command=CardCommand.MAKE,
        state_before=None,
        state_after=CardState.MAKING,
        reason="" if replaces is None else "replacement",
        by=by,
        now=now,
    )
    return card_id
