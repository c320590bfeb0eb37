"""Giving certificates to a wallet, and stopping them when a card, an e-card or a device rests or ends."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from yikatong.cards import service as cards
from yikatong.cards.model import Device, Holder
from yikatong.codes import store
from yikatong.codes.model import CertificateState, IssuedCertificate, Refreshed, ShowKey
from yikatong.codes.rules.certificate import expiry_of, issue_certificate, seal_resident
from yikatong.codes.rules.refresh import read_refresh
from yikatong.codes.rules.status import spread_positions, status_index
from yikatong.codes.service.keys import get_issuer
from yikatong.kernel.ids import DeviceId, ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, Standing

Conn = psycopg.AsyncConnection[Any]

BLOCK_RESTS_FOR = timedelta(days=30)
"""How long a block's last certificate has expired before its indexes are given again."""


async def refresh(
    conn: Conn, *, device: Device, request: bytes, holder: KeyHolder, now: datetime, ids: Ids
) -> Refreshed:
    """Give a wallet a fresh pool of certificates, one for each show key it asks for, and the server's time.

    The resident's serial row is locked before card and device are looked at, and whoever stops certificates locks it
    too: a certificate is given either before a stop, which then stops it, or not at all.
    Refuses in this order: those of `read_refresh`; DEVICE_IS_NOT_KNOWN, DEVICE_IS_REVOKED; why card or e-card may not
    be used now (cards' reasons); REGION_ISSUES_NO_CODES.
    """
    wanted = read_refresh(request, device_id=device.id, device_key=trust.verifying_key(device.key), now=now)
    count = len(wanted.show_keys)
    bucket, resident_id = device.bucket, device.resident_id
    first_serial = await store.take_serials(conn, bucket=bucket, resident_id=resident_id, count=count)
    await cards.get_device(conn, bucket=bucket, resident_id=resident_id, device_id=device.id)
    card_holder = await cards.get_holder(conn, bucket=bucket, resident_id=resident_id, on=day_of(now))
    refused = cards.decide_holder(card_holder, with_e_card=True)
    if refused is not None:
        raise Refused(refused)
    expires_at = expiry_of(now)
    indexes = await _take_indexes(conn, region=card_holder.region, count=count, live_until=expires_at, now=now, ids=ids)
    issued = _issue(
        card_holder,
        wanted.show_keys,
        first_serial=first_serial,
        indexes=indexes,
        holder=holder,
        expires_at=expires_at,
    )
    await store.insert_certificates(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        e_card_id=device.e_card_id,
        device_id=device.id,
        region=card_holder.region,
        made_at=now,
        expires_at=expires_at,
        rows=[
            (first_serial + at, key.scene_group.value, int(key.public_key.algorithm), key.public_key.data, index)
            for at, (key, index) in enumerate(zip(wanted.show_keys, indexes, strict=True))
        ],
    )
    return Refreshed(certificates=issued, server_time=now)


async def suspend_certificates(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> int:
    """Let a resident's certificates rest while the card is lost or locked; how many were active."""
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
    """Bring back what was suspended; how many were."""
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
    """End a resident's certificates, or those of one device, for ever; how many were not ended yet."""
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
    await store.take_serials(conn, bucket=bucket, resident_id=resident_id, count=0)
    return await store.change_states(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        device_id=device_id,
        states_before=states_before,
        state=state,
        now=now,
    )


def _issue(
    card_holder: Holder,
    show_keys: tuple[ShowKey, ...],
    *,
    first_serial: int,
    indexes: list[int],
    holder: KeyHolder,
    expires_at: datetime,
) -> tuple[IssuedCertificate, ...]:
    issuer = get_issuer(holder, card_holder.region)
    level = card_holder.e_card_level or 1
    concession = 1 if card_holder.concessions else 0
    return tuple(
        IssuedCertificate(
            key.scene_group,
            key.public_key.data,
            issue_certificate(
                region=issuer.region,
                alias=seal_resident(issuer.region, issuer.alias_key, card_holder.resident_id, first_serial + at),
                expires_at=expires_at,
                show_key=key.public_key,
                standing=Standing(level=level, concession=concession, status_index=index),
                region_key=issuer.key,
                key_id=issuer.key_id,
            ),
            expires_at,
        )
        for at, (key, index) in enumerate(zip(show_keys, indexes, strict=True))
    )


async def _take_indexes(
    conn: Conn, *, region: str, count: int, live_until: datetime, now: datetime, ids: Ids
) -> list[int]:
    """Fresh status indexes, from a block that no other refresh holds at this moment."""
    while True:
        taken = await store.take_status_positions(conn, region=region, count=count, live_until=live_until)
        if taken is not None:
            block, seed, first = taken
            return [status_index(block, place) for place in spread_positions(seed, first, count)]
        seed, rested = ids.random_bytes(16), now - BLOCK_RESTS_FOR
        if not await store.reuse_status_block(conn, region=region, seed=seed, dead_before=rested, now=now):
            await store.open_status_block(conn, region=region, seed=seed, now=now)
