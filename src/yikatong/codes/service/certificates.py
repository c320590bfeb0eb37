"""Stopping certificates when a card, an e-card or a device rests or ends, and bringing back those that rested.

A stop locks the resident's serial row first, as whoever gives certificates does (`codes.service.refreshing`).
"""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.codes import store
from yikatong.codes.model import CertificateState
from yikatong.kernel.ids import DeviceId, ResidentId

Conn = psycopg.AsyncConnection[Any]


async def suspend_certificates(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> int:
    """Let a resident's certificates rest while the card is lost or locked, its chip's too; how many were active."""
    return await _move(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        device_id=None,
        states_before=[CertificateState.ACTIVE],
        state=CertificateState.SUSPENDED,
        now=now,
    )


async def restore_certificates(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> int:
    """Bring back what was suspended of a resident's wallets, not of the chip; how many were."""
    return await _move(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        device_id=None,
        states_before=[CertificateState.SUSPENDED],
        state=CertificateState.ACTIVE,
        now=now,
    )


async def revoke_certificates(
    conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime, device_id: DeviceId | None = None
) -> int:
    """End a resident's certificates and the chip's, or those of one device, for ever; how many were not ended yet."""
    return await _move(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        device_id=device_id,
        states_before=[CertificateState.ACTIVE, CertificateState.SUSPENDED],
        state=CertificateState.REVOKED,
        now=now,
    )


async def _move(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    device_id: DeviceId | None,
    states_before: list[CertificateState],
    state: CertificateState,
    now: datetime,
) -> int:
    await store.lock_serial(conn, bucket=bucket, resident_id=resident_id)
    moved = await store.change_states(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        device_id=device_id,
        states_before=states_before,
        state=state,
        now=now,
    )
    # A chip stops with its card, but it comes back with the card, not with the wallet, and no device is it.
    if device_id is None and state is not CertificateState.ACTIVE:
        moved += await store.change_chip_states(
            conn, bucket=bucket, resident_id=resident_id, states_before=states_before, state=state, now=now
        )
    return moved
