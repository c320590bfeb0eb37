"""The physical card from application to its end. Every command passes the resident's gate first."""

from datetime import datetime
from typing import Any, Unpack

import psycopg

from yikatong.cards.model import (
    Actor,
    Card,
    CardCommand,
    CardEvent,
    CardState,
    CardStep,
    Gate,
    Reason,
)
from yikatong.cards.rules.life import verify_command
from yikatong.cards.service.gates import (
    get_region_rule,
    pass_gate,
)
from yikatong.cards.store import cards as store
from yikatong.kernel.ids import ResidentId, bucket_of, show_id
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing import outbox
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

CARD_CHANGED = "cards.card_changed"
"""Outbox topic: {resident_id, card_id, command, state_before, state_after}."""


async def find_card(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Card | None:
    """A resident's card: the one in force, or the last one cancelled, or None."""
    cards = await store.list_cards(conn, bucket=bucket, resident_id=resident_id)
    return cards[0] if cards else None


async def get_card(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Card:
    """As `find_card`; refuses RESIDENT_HAS_NO_CARD."""
    card = await find_card(conn, bucket=bucket, resident_id=resident_id)
    if card is None:
        raise Refused(Reason.RESIDENT_HAS_NO_CARD)
    return card


async def find_card_by_number(conn: Conn, *, region: str, card_number: str, bucket_count: int) -> Card | None:
    """The card that bears a number in a region, in force or not."""
    numbered = await store.find_card_by_number(conn, region=region, card_number=card_number)
    if numbered is None:
        return None
    bucket = bucket_of(numbered.resident_id, bucket_count)
    return await store.find_card(conn, bucket=bucket, card_id=numbered.card_id)


async def move_card(
    conn: Conn,
    card: Card,
    *,
    to: CardState,
    command: CardCommand,
    reason: str,
    gate: Gate,
    by: Actor,
    now: datetime,
) -> None:
    """Write a card's new state and its event; the caller has passed the gate."""
    await store.set_card_state(conn, bucket=card.bucket, card_id=card.id, state=to, state_version=gate.version, now=now)
    await store.insert_card_event(
        conn,
        bucket=card.bucket,
        card_id=card.id,
        resident_id=card.resident_id,
        gate_version=gate.version,
        command=command,
        state_before=card.state,
        state_after=to,
        reason=reason,
        by=by,
        now=now,
    )


async def _take(conn: Conn, command: CardCommand, *, reason: str = "", **step: Unpack[CardStep]) -> Change:
    """Do what the table of life says of a command."""
    gate = await pass_gate(conn, bucket=step["bucket"], resident_id=step["resident_id"])
    card = await get_card(conn, bucket=step["bucket"], resident_id=step["resident_id"])
    rule = await get_region_rule(conn, region=card.region)
    state = verify_command(card.state, command, rule=rule)
    if state is None:
        return Change.ALREADY_SO
    await move_card(conn, card, to=state, command=command, reason=reason, gate=gate, by=step["by"], now=step["now"])
    await tell_changed(conn, card, command=command, to=state, now=step["now"], ids=step["ids"])
    return Change.DONE


async def tell_changed(conn: Conn, card: Card, *, command: CardCommand, to: CardState, now: datetime, ids: Ids) -> None:
    """Tell subscribers that a card changed its state."""
    payload = {
        "resident_id": show_id("resident", card.resident_id),
        "card_id": show_id("card", card.id),
        "command": command.value,
        "state_before": card.state.value,
        "state_after": to.value,
    }
    await outbox.publish(conn, id=ids.new(), topic=CARD_CHANGED, payload=payload, now=now)


async def activate(conn: Conn, **step: Unpack[CardStep]) -> Change:
    """Activate a sealed card (启用). Refuses as the table of life says; an active card is ALREADY_SO."""
    return await _take(conn, CardCommand.ACTIVATE, **step)


async def report_temporary_loss(conn: Conn, **step: Unpack[CardStep]) -> Change:
    """Report a card lost for the time being (临时挂失); its e-card is suspended at once. A lost card is ALREADY_SO."""
    return await _take(conn, CardCommand.REPORT_TEMPORARY_LOSS, **step)


async def report_formal_loss(conn: Conn, **step: Unpack[CardStep]) -> Change:
    """Report a card lost for good (正式挂失); its e-card is suspended at once. A card so reported is ALREADY_SO."""
    return await _take(conn, CardCommand.REPORT_FORMAL_LOSS, **step)


async def release_loss(conn: Conn, **step: Unpack[CardStep]) -> Change:
    """Release a loss report (解挂); the e-card and its codes rest until it is associated again.

    Refuses as the table of life says; FORMAL_LOSS_CANNOT_BE_UNDONE where the region says so.
    """
    return await _take(conn, CardCommand.RELEASE_LOSS, **step)


async def lock_card(conn: Conn, *, reason: str, **step: Unpack[CardStep]) -> Change:
    """Lock a card's application (应用锁定). Refuses as the table of life says."""
    return await _take(conn, CardCommand.LOCK, reason=reason, **step)


async def unlock_card(conn: Conn, *, reason: str, **step: Unpack[CardStep]) -> Change:
    """Unlock a card's application (解锁); the e-card and its codes rest until it is associated again."""
    return await _take(conn, CardCommand.UNLOCK, reason=reason, **step)


async def list_card_events(conn: Conn, *, bucket: int, resident_id: ResidentId) -> list[CardEvent]:
    """Every change of state of a resident's cards, in order."""
    cards = await store.list_cards(conn, bucket=bucket, resident_id=resident_id)
    return await store.list_card_events(conn, bucket=bucket, card_ids=[card.id for card in cards])
