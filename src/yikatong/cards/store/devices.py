"""Enrolled devices."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.cards.model import Device, Shell
from yikatong.cards.store.statements import STATEMENTS
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
    return await STATEMENTS.hits(
        conn,
        "insert_device",
        bucket=bucket,
        id=device_id,
        resident_id=resident_id,
        e_card_id=e_card_id,
        channel=channel,
        platform=platform,
        shell=shell,
        algorithm=int(key.algorithm),
        public_key=key.data,
        signed_at=signed_at,
        now=now,
    )


async def find_device(conn: Conn, *, bucket: int, resident_id: ResidentId, device_id: DeviceId) -> Device | None:
    """One device of a resident."""
    return await STATEMENTS.find_one(
        conn, "find_device", Device, bucket=bucket, resident_id=resident_id, device_id=device_id
    )


async def list_devices(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Device, ...]:
    """A resident's devices, the latest first."""
    return await STATEMENTS.list_all(conn, "list_devices", Device, bucket=bucket, resident_id=resident_id)


async def revoke_device(
    conn: Conn, *, bucket: int, resident_id: ResidentId, device_id: DeviceId, now: datetime
) -> bool:
    """Revoke a device; whether it was in force."""
    return await STATEMENTS.hits(
        conn, "revoke_device", bucket=bucket, resident_id=resident_id, device_id=device_id, now=now
    )


async def revoke_devices(
    conn: Conn, *, bucket: int, resident_id: ResidentId, channel: str | None, now: datetime
) -> list[DeviceId]:
    """Revoke a resident's devices in one channel, or in all; gives those that were in force."""
    return await STATEMENTS.list_column(
        conn, "revoke_devices", bucket=bucket, resident_id=resident_id, channel=channel, now=now
    )


async def advance_session_signed(
    conn: Conn, *, bucket: int, resident_id: ResidentId, device_id: DeviceId, signed_at: datetime
) -> bool:
    """Note that a device signed for a session; whether that is later than what it signed before."""
    return await STATEMENTS.hits(
        conn, "advance_session_signed", bucket=bucket, resident_id=resident_id, device_id=device_id, signed_at=signed_at
    )
