"""Enrolled devices."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.cards.model import Device, Shell
from yikatong.cards.store.rows import QUERIES, fetch_all, fetch_column, fetch_one, touches
from yikatong.kernel.ids import DeviceId, ECardId, ResidentId
from yikatong.trust.model import PublicKey

Conn = psycopg.AsyncConnection[Any]


async def insert_device(
    conn: Conn,
    *,
    bucket: int,
    device_id: DeviceId,
    resident_id: ResidentId,
    e_card_id: ECardId,
    channel: str,
    platform: str,
    shell: Shell,
    key: PublicKey,
    signed_at: datetime,
    now: datetime,
) -> bool:
    """Enrol a device; whether its key was new."""
    row = {
        "bucket": bucket,
        "id": device_id,
        "resident_id": resident_id,
        "e_card_id": e_card_id,
        "channel": channel,
        "platform": platform,
        "shell": shell,
        "algorithm": int(key.algorithm),
        "public_key": key.data,
        "signed_at": signed_at,
        "now": now,
    }
    return await touches(conn, QUERIES["insert_device"], row)


async def find_device(conn: Conn, *, bucket: int, resident_id: ResidentId, device_id: DeviceId) -> Device | None:
    """One device of a resident."""
    key = {"bucket": bucket, "resident_id": resident_id, "device_id": device_id}
    return await fetch_one(conn, QUERIES["find_device"], key, Device)


async def list_devices(conn: Conn, *, bucket: int, resident_id: ResidentId) -> list[Device]:
    """A resident's devices, the latest first."""
    key = {"bucket": bucket, "resident_id": resident_id}
    return await fetch_all(conn, QUERIES["list_devices"], key, Device)


async def revoke_device(
    conn: Conn, *, bucket: int, resident_id: ResidentId, device_id: DeviceId, now: datetime
) -> bool:
    """Revoke a device; whether it was in force."""
    change = {"bucket": bucket, "resident_id": resident_id, "device_id": device_id, "now": now}
    return await touches(conn, QUERIES["revoke_device"], change)


async def revoke_devices(
    conn: Conn, *, bucket: int, resident_id: ResidentId, channel: str | None, now: datetime
) -> list[DeviceId]:
    """Revoke a resident's devices in one channel, or in all; gives those that were in force."""
    change = {"bucket": bucket, "resident_id": resident_id, "channel": channel, "now": now}
    return await fetch_column(conn, QUERIES["revoke_devices"], change)


async def advance_session_signed(
    conn: Conn, *, bucket: int, resident_id: ResidentId, device_id: DeviceId, signed_at: datetime
) -> bool:
    """Note that a device signed for a session; whether that is later than what it signed before."""
    change = {"bucket": bucket, "resident_id": resident_id, "device_id": device_id, "signed_at": signed_at}
    return await touches(conn, QUERIES["advance_session_signed"], change)
