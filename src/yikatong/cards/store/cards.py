"""Physical cards, their numbers, their events, and the batches in which they are made."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards.model import (
    Actor,
    Card,
    CardCommand,
    CardEvent,
    CardState,
    NumberedCard,
    ProductionBatch,
)
from yikatong.cards.store.statements import STATEMENTS
from yikatong.kernel.ids import CardId, ResidentId
from yikatong.trust.model import PublicKey

Conn = psycopg.AsyncConnection[Any]


async def insert_card(
    conn: Conn,
    *,
    bucket: int,
    card_id: CardId,
    resident_id: ResidentId,
    region: str,
    bank_code: str,
    state_version: int,
    photo_on_file: bool,
    replaces_card_id: CardId | None,
    now: datetime,
) -> None:
    """Add a card that is to be made."""
    await STATEMENTS.run(
        conn,
        "insert_card",
        bucket=bucket,
        id=card_id,
        resident_id=resident_id,
        region=region,
        bank_code=bank_code,
        state_version=state_version,
        photo_on_file=photo_on_file,
        replaces_card_id=replaces_card_id,
        now=now,
    )


async def find_card(conn: Conn, *, bucket: int, card_id: CardId) -> Card | None:
    """One card."""
    return await STATEMENTS.find_one(conn, "find_card", Card, bucket=bucket, card_id=card_id)


async def list_chip_keys(
    conn: Conn, *, bucket: int, resident_ids: Sequence[ResidentId]
) -> list[tuple[ResidentId, bytes]]:
    """Resident and chip key of each active card of some residents that has a chip."""
    rows = await STATEMENTS.run(conn, "list_chip_keys", bucket=bucket, resident_ids=list(resident_ids))
    return [(row["resident_id"], row["chip_public_key"]) for row in rows]


async def list_cards(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Card, ...]:
    """A resident's cards, the one in force first, then the latest."""
    return await STATEMENTS.list_all(conn, "list_cards", Card, bucket=bucket, resident_id=resident_id)


async def set_card_state(
    conn: Conn, *, bucket: int, card_id: CardId, state: CardState, state_version: int, now: datetime
) -> None:
    """Move a card to a state."""
    await STATEMENTS.run(
        conn, "set_card_state", bucket=bucket, card_id=card_id, state=state, state_version=state_version, now=now
    )


async def insert_card_event(
    conn: Conn,
    *,
    bucket: int,
    card_id: CardId,
    resident_id: ResidentId,
    gate_version: int,
    command: CardCommand,
    state_before: CardState | None,
    state_after: CardState,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Write down one change of a card's state."""
    await STATEMENTS.run(
        conn,
        "insert_card_event",
        bucket=bucket,
        card_id=card_id,
        resident_id=resident_id,
        gate_version=gate_version,
        command=command,
        state_before=state_before,
        state_after=state_after,
        reason=reason,
        by_kind=by.kind,
        by_id=by.id,
        now=now,
    )


async def list_card_events(conn: Conn, *, bucket: int, card_ids: Sequence[CardId]) -> list[CardEvent]:
    """Every change of state of some cards, in order."""
    cursor = await conn.execute(STATEMENTS["list_card_events"], {"bucket": bucket, "card_ids": list(card_ids)})
    return [
        CardEvent(
            card_id=card_id,
            gate_version=gate_version,
            resident_id=resident_id,
            command=CardCommand(command),
            state_before=None if before is None else CardState(before),
            state_after=CardState(after),
            reason=reason,
            by=Actor(kind=by_kind, id=by_id),
            made_at=made_at,
        )
        for card_id, gate_version, resident_id, command, before, after, reason, by_kind, by_id, made_at in (
            await cursor.fetchall()
        )
    ]


async def list_cards_to_make(conn: Conn, *, bucket: int, region: str, limit: int) -> tuple[Card, ...]:
    """Cards of a region that wait to be put into a batch."""
    return await STATEMENTS.list_all(conn, "list_cards_to_make", Card, bucket=bucket, region=region, limit=limit)


async def list_batch_cards(conn: Conn, *, bucket: int, batch_id: UUID) -> tuple[Card, ...]:
    """The cards of a batch in one bucket."""
    return await STATEMENTS.list_all(conn, "list_batch_cards", Card, bucket=bucket, batch_id=batch_id)


async def claim_card_number(
    conn: Conn, *, card_number: str, region: str, resident_id: ResidentId, card_id: CardId
) -> bool:
    """Give a number to a card; whether it was free."""
    return await STATEMENTS.hits(
        conn, "claim_card_number", card_number=card_number, region=region, resident_id=resident_id, card_id=card_id
    )


async def find_card_by_number(conn: Conn, *, region: str, card_number: str) -> NumberedCard | None:
    """Whose card bears a number."""
    return await STATEMENTS.find_one(conn, "find_card_by_number", NumberedCard, region=region, card_number=card_number)


async def put_card_in_batch(conn: Conn, *, bucket: int, card_id: CardId, batch_id: UUID, card_number: str) -> bool:
    """Put a waiting card into a batch; whether it still waited."""
    return await STATEMENTS.hits(
        conn, "put_card_in_batch", bucket=bucket, card_id=card_id, batch_id=batch_id, card_number=card_number
    )


async def take_card_from_batch(conn: Conn, *, bucket: int, card_id: CardId) -> None:
    """Let a card whose making failed wait for the next batch."""
    await STATEMENTS.run(conn, "take_card_from_batch", bucket=bucket, card_id=card_id)


async def set_card_made(
    conn: Conn, *, bucket: int, card_id: CardId, chip_key: PublicKey, issued_on: date, expires_on: date
) -> None:
    """Record what the maker put on a card."""
    await STATEMENTS.run(
        conn,
        "set_card_made",
        bucket=bucket,
        card_id=card_id,
        chip_algorithm=int(chip_key.algorithm),
        chip_public_key=chip_key.data,
        issued_on=issued_on,
        expires_on=expires_on,
    )


async def insert_batch(
    conn: Conn, *, batch_id: UUID, region: str, batch_number: str, card_count: int, now: datetime
) -> None:
    """Open a production batch."""
    await STATEMENTS.run(
        conn, "insert_batch", id=batch_id, region=region, batch_number=batch_number, card_count=card_count, now=now
    )


async def find_batch(conn: Conn, *, batch_id: UUID) -> ProductionBatch | None:
    """One production batch."""
    return await STATEMENTS.find_one(conn, "find_batch", ProductionBatch, batch_id=batch_id)


async def lock_batch(conn: Conn, *, batch_id: UUID) -> ProductionBatch | None:
    """One production batch, locked."""
    return await STATEMENTS.find_one(conn, "lock_batch", ProductionBatch, batch_id=batch_id)


async def set_batch_returned(conn: Conn, *, batch_id: UUID, made_count: int, now: datetime) -> None:
    """Close a batch."""
    await STATEMENTS.run(conn, "set_batch_returned", batch_id=batch_id, made_count=made_count, now=now)
