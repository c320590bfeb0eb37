"""E-cards, the channels they are open in, and the bank account bound to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards.model import Association, BankBinding, ECard
from yikatong.cards.store.rows import QUERIES, fetch_all, fetch_one, touches
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
    row = {
        "bucket": bucket,
        "id": e_card_id,
        "resident_id": resident_id,
        "card_id": card_id,
        "sign_no": sign_no,
        "valid_until": valid_until,
        "associated_version": associated_version,
        "password_hash": password_hash,
        "now": now,
    }
    return await touches(conn, QUERIES["insert_e_card"], row)


async def find_e_card(conn: Conn, *, bucket: int, resident_id: ResidentId) -> ECard | None:
    """A resident's e-card, unless cancelled."""
    key = {"bucket": bucket, "resident_id": resident_id}
    return await fetch_one(conn, QUERIES["find_e_card"], key, ECard)


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
    change = {
        "bucket": bucket,
        "e_card_id": e_card_id,
        "card_id": card_id,
        "associated_version": associated_version,
        "valid_until": valid_until,
        "level": level,
    }
    await conn.execute(QUERIES["associate_e_card"], change)


async def set_e_card_level(conn: Conn, *, bucket: int, e_card_id: ECardId, level: int) -> None:
    """Sign an e-card at a level."""
    await conn.execute(QUERIES["set_e_card_level"], {"bucket": bucket, "e_card_id": e_card_id, "level": level})


async def set_e_card_password(conn: Conn, *, bucket: int, e_card_id: ECardId, password_hash: str) -> None:
    """Set the password and forget wrong attempts."""
    change = {"bucket": bucket, "e_card_id": e_card_id, "password_hash": password_hash}
    await conn.execute(QUERIES["set_e_card_password"], change)


async def set_password_failures(conn: Conn, *, bucket: int, e_card_id: ECardId, failures: int) -> None:
    """Count wrong attempts in a row."""
    change = {"bucket": bucket, "e_card_id": e_card_id, "failures": failures}
    await conn.execute(QUERIES["set_password_failures"], change)


async def cancel_e_card(conn: Conn, *, bucket: int, e_card_id: ECardId, now: datetime) -> None:
    """End an e-card."""
    await conn.execute(QUERIES["cancel_e_card"], {"bucket": bucket, "e_card_id": e_card_id, "now": now})


async def link_channel(
    conn: Conn, *, bucket: int, e_card_id: ECardId, resident_id: ResidentId, channel: str, now: datetime
) -> bool:
    """Open an e-card in a channel; whether it was closed."""
    change = {
        "bucket": bucket,
        "e_card_id": e_card_id,
        "resident_id": resident_id,
        "channel": channel,
        "now": now,
    }
    return await touches(conn, QUERIES["link_channel"], change)


async def unlink_channel(conn: Conn, *, bucket: int, e_card_id: ECardId, channel: str, now: datetime) -> bool:
    """Close an e-card in a channel; whether it was open."""
    change = {"bucket": bucket, "e_card_id": e_card_id, "channel": channel, "now": now}
    return await touches(conn, QUERIES["unlink_channel"], change)


async def list_channels(conn: Conn, *, bucket: int, e_card_id: ECardId) -> list[Association]:
    """The channels in which an e-card is or was open."""
    key = {"bucket": bucket, "e_card_id": e_card_id}
    return await fetch_all(conn, QUERIES["list_channels"], key, Association)


async def find_bank_binding(conn: Conn, *, bucket: int, resident_id: ResidentId) -> BankBinding | None:
    """The bound bank account."""
    key = {"bucket": bucket, "resident_id": resident_id}
    return await fetch_one(conn, QUERIES["find_bank_binding"], key, BankBinding)


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
    row = {
        "bucket": bucket,
        "id": binding_id,
        "resident_id": resident_id,
        "bank_code": bank_code,
        "token": token,
        "tail": tail,
        "now": now,
    }
    await conn.execute(QUERIES["insert_bank_binding"], row)


async def end_bank_binding(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> bool:
    """Unbind the bank account; whether one was bound."""
    change = {"bucket": bucket, "resident_id": resident_id, "now": now}
    return await touches(conn, QUERIES["end_bank_binding"], change)
