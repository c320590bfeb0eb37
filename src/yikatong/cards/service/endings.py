"""How a card ends: replaced by another, or cancelled without one."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.cards.model import (
    Actor,
    CancellationReason,
    CardCommand,
    CardState,
    Ended,
    Replaced,
    ReplacementReason,
)
from yikatong.cards.rules.life import STATUS_AFTER, decide_balance, decide_replacement, verify_command
from yikatong.cards.service.applications import add_card
from yikatong.cards.service.gates import (
    get_living_resident,
    get_region_rule,
    get_resident,
    pass_gate,
)
from yikatong.cards.service.life import get_card, move_card, tell_changed
from yikatong.cards.store import devices as device_store
from yikatong.cards.store import e_cards as e_card_store
from yikatong.cards.store import residents as resident_store
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def replace_card(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    why: ReplacementReason,
    has_photo: bool,
    by: Actor,
    now: datetime,
    ids: Ids,
    bank_code: str | None = None,
) -> Replaced:
    """Cancel a card and have another made; `bank_code` changes the card's bank. Money stays with the resident.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, RESIDENT_IS_DECEASED, RESIDENT_HAS_LEFT, RESIDENT_HAS_NO_CARD,
    then as `rules.life.decide_replacement`.
    """
    gate = await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    resident = await get_living_resident(conn, bucket=bucket, resident_id=resident_id)
    old = await get_card(conn, bucket=bucket, resident_id=resident_id)
    rule = await get_region_rule(conn, region=old.region)
    refused = decide_replacement(old, why=why, on=day_of(now), rule=rule)
    if refused is not None:
        raise Refused(refused)
    cancelled, replace = CardState.CANCELLED, CardCommand.REPLACE
    await move_card(conn, old, to=cancelled, command=replace, reason=why.value, gate=gate, by=by, now=now)
    new_id = await add_card(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        region=resident.region,
        bank_code=bank_code or old.bank_code,
        gate=gate,
        photo_on_file=has_photo or old.photo_on_file,
        replaces=old.id,
        by=by,
        now=now,
        ids=ids,
    )
    await tell_changed(conn, old, command=replace, to=cancelled, now=now, ids=ids)
    return Replaced(old_card_id=old.id, new_card_id=new_id)


async def cancel_card(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    why: CancellationReason,
    by: Actor,
    now: datetime,
    ids: Ids,
) -> Ended:
    """End a card and its e-card without a successor; death and emigration are recorded of the resident.

    Tells what becomes of the holder's money; it is moved by others. Refuses RESIDENT_IS_NOT_KNOWN,
    RESIDENT_HAS_NO_CARD. A cancelled card is ALREADY_SO, but the resident's status is recorded all the same.
    """
    gate = await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    card = await get_card(conn, bucket=bucket, resident_id=resident_id)
    await _record_status(conn, bucket=bucket, resident_id=resident_id, why=why, now=now)
    binding = await e_card_store.find_bank_binding(conn, bucket=bucket, resident_id=resident_id)
    balance = decide_balance(why, has_bound_account=binding is not None)
    rule = await get_region_rule(conn, region=card.region)
    state = verify_command(card.state, CardCommand.CANCEL, rule=rule)
    if state is None:
        return Ended(change=Change.ALREADY_SO, card_id=card.id, balance=balance)
    command = CardCommand.CANCEL
    await move_card(conn, card, to=state, command=command, reason=why.value, gate=gate, by=by, now=now)
    await _end_e_card(conn, bucket=bucket, resident_id=resident_id, now=now)
    await tell_changed(conn, card, command=command, to=state, now=now, ids=ids)
    return Ended(change=Change.DONE, card_id=card.id, balance=balance)


async def _record_status(
    conn: Conn, *, bucket: int, resident_id: ResidentId, why: CancellationReason, now: datetime
) -> None:
    status = STATUS_AFTER[why]
    resident = await get_resident(conn, bucket=bucket, resident_id=resident_id)
    if why is not CancellationReason.OTHER and status is not resident.status:
        await resident_store.set_resident_status(conn, bucket=bucket, resident_id=resident_id, status=status, now=now)


async def _end_e_card(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> None:
    e_card = await e_card_store.find_e_card(conn, bucket=bucket, resident_id=resident_id)
    if e_card is not None:
        await e_card_store.cancel_e_card(conn, bucket=bucket, e_card_id=e_card.id, now=now)
    await device_store.revoke_devices(conn, bucket=bucket, resident_id=resident_id, channel=None, now=now)
