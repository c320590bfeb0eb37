"""In the wallet: opened, opened again, brought back into order, limited, closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from yikatong.access import service as access
from yikatong.cards import service as cards
from yikatong.cards.model import Enrolment, Terms, Vault
from yikatong.codes import service as codes
from yikatong.desk.model import WalletOpened
from yikatong.kernel.ids import DeviceId, ECardId, ResidentId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.http import CallerKind
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def enrol(
    conn: Conn,
    *,
    enrolment: Enrolment,
    check: cards.FaceCheck,
    vault: Vault,
    terms: Terms,
    now: datetime,
    ids: Ids,
) -> WalletOpened | Refused:
    """Enrol a device and open its wallet; codes that rested come back with the e-card.

    Refuses as `cards.enrol_device`; a Refused given back has counted an attempt, which the caller commits.
    """
    enrolled = await cards.enrol_device(
        conn, enrolment=enrolment, face=check, vault=vault, terms=terms, now=now, ids=ids
    )
    if isinstance(enrolled, Refused):
        return enrolled
    await codes.restore_certificates(conn, bucket=enrolled.bucket, resident_id=enrolled.resident_id, now=now)
    return await _open(
        conn,
        resident_id=enrolled.resident_id,
        region=enrolled.region,
        device_id=enrolled.device_id,
        e_card_id=enrolled.e_card_id,
        now=now,
        ids=ids,
    )


async def open_again(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    device_id: DeviceId,
    made_at: datetime,
    signature: bytes,
    now: datetime,
    ids: Ids,
) -> WalletOpened:
    """Open a session for a device that signed for it just now; its sessions before end.

    Refuses as `cards.verify_session_request`.
    """
    device = await cards.verify_session_request(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        device_id=device_id,
        made_at=made_at,
        signature=signature,
        now=now,
    )
    resident = await cards.get_resident(conn, bucket=bucket, resident_id=resident_id)
    await access.end_sessions_of(conn, subject_id=device_id, now=now)
    return await _open(
        conn,
        resident_id=resident_id,
        region=resident.region,
        device_id=device_id,
        e_card_id=device.e_card_id,
        now=now,
        ids=ids,
    )


async def _open(
    conn: Conn,
    *,
    resident_id: ResidentId,
    region: str,
    device_id: DeviceId,
    e_card_id: ECardId,
    now: datetime,
    ids: Ids,
) -> WalletOpened:
    session = await access.open_session(
        conn,
        kind=CallerKind.WALLET,
        subject_id=device_id,
        region=region,
        now=now,
        ids=ids,
        resident_id=resident_id,
        device_id=device_id,
    )
    return WalletOpened(
        resident_id=resident_id,
        e_card_id=e_card_id,
        device_id=device_id,
        token=session.token,
        ends_at=session.ends_at,
        server_time=now,
    )


async def associate(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> Change:
    """Associate the e-card with the card in force again and bring its codes back; the caller has proved the holder.

    Refuses as `cards.associate`.
    """
    change = await cards.associate(conn, bucket=bucket, resident_id=resident_id, now=now)
    await codes.restore_certificates(conn, bucket=bucket, resident_id=resident_id, now=now)
    return change


async def revoke_device(
    conn: Conn, *, bucket: int, resident_id: ResidentId, device_id: DeviceId, now: datetime, ids: Ids
) -> Change:
    """Revoke a device with its codes and sessions. Refuses as `cards.revoke_device`."""
    change = await cards.revoke_device(
        conn, bucket=bucket, resident_id=resident_id, device_id=device_id, now=now, ids=ids
    )
    await _shut_out(conn, bucket=bucket, resident_id=resident_id, device_ids=[device_id], now=now)
    return change


async def unlink_channel(
    conn: Conn, *, bucket: int, resident_id: ResidentId, channel: str, now: datetime, ids: Ids
) -> Change:
    """Close the e-card in a channel, with the devices, codes and sessions there. Refuses as `cards.unlink_channel`."""
    change, device_ids = await cards.unlink_channel(
        conn, bucket=bucket, resident_id=resident_id, channel=channel, now=now, ids=ids
    )
    await _shut_out(conn, bucket=bucket, resident_id=resident_id, device_ids=device_ids, now=now)
    return change


async def _shut_out(
    conn: Conn, *, bucket: int, resident_id: ResidentId, device_ids: Sequence[DeviceId], now: datetime
) -> None:
    for device_id in device_ids:
        await codes.revoke_certificates(conn, bucket=bucket, resident_id=resident_id, device_id=device_id, now=now)
        await access.end_sessions_of(conn, subject_id=device_id, now=now)
