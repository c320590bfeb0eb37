"""E-cards, the channels they are open in, and the bank account bound to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards.model import Association, BankBinding, ECard
from yikatong.cards.store.statements import STATEMENTS
from yikatong.kernel.ids import CardId, ECardId, ResidentId

Conn = psycopg.AsyncConnection[Any]


async def insert_e_card(
    conn: Conn,
    *,
    bucket: int,
    e_card_id: ECardId,
    resident_id: ResidentId,
    card_id: CardId,
    sign_no: str,
    valid_until: date,
    associated_version: int,
    password_hash: str,
    now: datetime,
) -> bool:
    """Add an e-card at level 1; whether the resident had none."""
    return await STATEMENTS.hits(
        conn,
        "insert_e_card",
        bucket=bucket,
        id=e_card_id,
        resident_id=resident_id,
        card_id=card_id,
        sign_no=sign_no,
        valid_until=valid_until,
        associated_version=associated_version,
        password_hash=password_hash,
        now=now,
    )


async def find_e_card(conn: Conn, *, bucket: int, resident_id: ResidentId) -> ECard | None:
    """A resident's e-card, unless cancelled."""
    return await STATEMENTS.find_one(conn, "find_e_card", ECard, bucket=bucket, resident_id=resident_id)


async def associate_e_card(
    conn: Conn,
    *,
    bucket: int,
    e_card_id: ECardId,
    card_id: CardId,
    associated_version: int,
    valid_until: date,
    level: int,
) -> None:
    """Associate an e-card with a card anew."""
    await STATEMENTS.run(
        conn,
        "associate_e_card",
        bucket=bucket,
        e_card_id=e_card_id,
        card_id=card_id,
        associated_version=associated_version,
        valid_until=valid_until,
        level=level,
    )


async def set_e_card_level(conn: Conn, *, bucket: int, e_card_id: ECardId, level: int) -> None:
    """Sign an e-card at a level."""
    await STATEMENTS.run(conn, "set_e_card_level", bucket=bucket, e_card_id=e_card_id, level=level)


async def set_e_card_password(conn: Conn, *, bucket: int, e_card_id: ECardId, password_hash: str) -> None:
    """Set the password and forget wrong attempts."""
    await STATEMENTS.run(conn, "set_e_card_password", bucket=bucket, e_card_id=e_card_id, password_hash=password_hash)


async def set_password_failures(conn: Conn, *, bucket: int, e_card_id: ECardId, failures: int) -> None:
    """Count wrong attempts in a row."""
    await STATEMENTS.run(conn, "set_password_failures", bucket=bucket, e_card_id=e_card_id, failures=failures)


async def cancel_e_card(conn: Conn, *, bucket: int, e_card_id: ECardId, now: datetime) -> None:
    """End an e-card."""
    await STATEMENTS.run(conn, "cancel_e_card", bucket=bucket, e_card_id=e_card_id, now=now)


async def link_channel(
    conn: Conn, *, bucket: int, e_card_id: ECardId, resident_id: ResidentId, channel: str, now: datetime
) -> bool:
    """Open an e-card in a channel; whether it was closed."""
    return await STATEMENTS.hits(
        conn, "link_channel", bucket=bucket, e_card_id=e_card_id, resident_id=resident_id, channel=channel, now=now
    )


async def unlink_channel(conn: Conn, *, bucket: int, e_card_id: ECardId, channel: str, now: datetime) -> bool:
    """Close an e-card in a channel; whether it was open."""
    return await STATEMENTS.hits(conn, "unlink_channel", bucket=bucket, e_card_id=e_card_id, channel=channel, now=now)


async def list_channels(conn: Conn, *, bucket: int, e_card_id: ECardId) -> tuple[Association, ...]:
    """The channels in which an e-card is or was open."""
    return await STATEMENTS.list_all(conn, "list_channels", Association, bucket=bucket, e_card_id=e_card_id)


async def find_bank_binding(conn: Conn, *, bucket: int, resident_id: ResidentId) -> BankBinding | None:
    """The bound bank account."""
    return await STATEMENTS.find_one(conn, "find_bank_binding", BankBinding, bucket=bucket, resident_id=resident_id)


async def insert_bank_binding(
    conn: Conn,
    *,
    bucket: int,
    binding_id: UUID,
    resident_id: ResidentId,
    bank_code: str,
    token: str,
    tail: str,
    now: datetime,
) -> None:
    """Bind a bank account."""
    await STATEMENTS.run(
        conn,
        "insert_bank_binding",
        bucket=bucket,
        id=binding_id,
        resident_id=resident_id,
        bank_code=bank_code,
        token=token,
        tail=tail,
        now=now,
    )


async def end_bank_binding(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> bool:
    """Unbind the bank account; whether one was bound."""
    return await STATEMENTS.hits(conn, "end_bank_binding", bucket=bucket, resident_id=resident_id, now=now)
