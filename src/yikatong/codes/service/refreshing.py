"""Giving certificates to wallets: a batch of refreshes in one transaction, or one alone by the same statements."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import psycopg

from yikatong.cards import service as cards
from yikatong.cards.model import Device, Holder
from yikatong.cards.model import Reason as CardReason
from yikatong.codes import store
from yikatong.codes.model import IssuedCertificate, Refreshed, ShowKey
from yikatong.codes.rules.certificate import expiry_of, issue_certificate, seal_resident
from yikatong.codes.rules.refresh import read_refresh
from yikatong.codes.rules.status import spread_positions, status_index
from yikatong.codes.service.keys import Issuer, get_issuer
from yikatong.codes.store import CertificateRow
from yikatong.kernel.ids import DeviceId, ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.pipeline import Result, Statement
from yikatong.plumbing.statements import run_in_order
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, Standing

Conn = psycopg.AsyncConnection[Any]
Run = Callable[[Sequence[Statement[Any]]], Awaitable[list[Result[Any]]]]
"""Runs statements in an open transaction: one round trip of a `BatchConnection`, or one after the other."""

BLOCK_RESTS_FOR = timedelta(days=30)
"""How long a block's last certificate has expired before its indexes are given again."""


class RefreshWork(NamedTuple):
    """A wallet that asks for certificates: whose, of which device, and what the device signed."""

    resident_id: ResidentId
    device_id: DeviceId
    request: bytes


class Given(NamedTuple):
    """What a batch came to: an answer for each work, and what must be written before any answer is told."""

    answers: list[Refreshed | Refused]
    statements: list[Statement[Any]]


class _Granted(NamedTuple):
    """A wallet that gets certificates."""

    work: RefreshWork
    device: Device
    holder: Holder
    issuer: Issuer
    show_keys: tuple[ShowKey, ...]


async def refresh(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    device_id: DeviceId,
    request: bytes,
    holder: KeyHolder,
    now: datetime,
    ids: Ids,
) -> Refreshed:
    """Give one wallet a fresh pool of certificates, one for each show key it asks for, and the server's time.

    A batch of one: keeps and refuses what `give_certificates` does.
    """
    run: Run = partial(run_in_order, conn)
    works = [RefreshWork(resident_id, device_id, request)]
    read = await run(lock_for_refresh(works, bucket=bucket, now=now))
    given = await give_certificates(run, works, read, bucket=bucket, holder=holder, now=now, ids=ids)
    (answer,) = given.answers
    if isinstance(answer, Refused):
        raise answer
    await run(given.statements)
    return answer


def lock_for_refresh(works: Sequence[RefreshWork], *, bucket: int, now: datetime) -> list[Statement[Any]]:
    """What a batch begins with: it locks the residents' serial rows in the order of their ids, then reads.

    Devices and holders are read in later statements than the lock, so they are seen as they stand once it is won.
    """
    by_number = {work.resident_id.int: work.resident_id for work in works}
    residents = [by_number[number] for number in sorted(by_number)]
    return [
        store.open_serials(bucket=bucket, resident_ids=residents),
        store.lock_serials(bucket=bucket, resident_ids=residents),
        cards.load_devices(bucket=bucket, device_ids=[work.device_id for work in works]),
        cards.load_holders(bucket=bucket, resident_ids=residents, on=day_of(now)),
    ]


async def give_certificates(
    run: Run,
    works: Sequence[RefreshWork],
    read: Sequence[Result[Any]],
    *,
    bucket: int,
    holder: KeyHolder,
    now: datetime,
    ids: Ids,
) -> Given:
    """Give the wallets of a bucket certificates, one for each show key that each asks for; `read` is what
    `lock_for_refresh` gave in this transaction.

    The residents' serial rows are locked before cards and devices are looked at, and whoever stops certificates locks
    them too: a certificate is given either before a stop, which then stops it, or not at all. A wallet that is refused
    leaves nothing, and its neighbours get theirs.
    Each is refused in this order: DEVICE_IS_NOT_KNOWN, DEVICE_IS_REVOKED; why `read_refresh` refuses;
    RESIDENT_IS_NOT_KNOWN; why card or e-card may not be used now (cards' reasons); REGION_ISSUES_NO_CODES.
    """
    decided = await _decide_each(works, read, holder=holder, now=now)
    granted = [one for one in decided if isinstance(one, _Granted)]
    if not granted:
        return Given([one for one in decided if isinstance(one, Refused)], [])
    expires_at = expiry_of(now)
    indexes = await _take_indexes(run, granted, live_until=expires_at, now=now, ids=ids)
    next_serials: dict[ResidentId, int] = dict(read[1].rows)
    answers: list[Refreshed | Refused] = []
    rows: list[CertificateRow] = []
    for one in decided:
        if isinstance(one, Refused):
            answers.append(one)
            continue
        mine = _rows(one, first_serial=next_serials[one.work.resident_id], indexes=indexes[one.holder.region])
        next_serials[one.work.resident_id] += len(mine)
        rows += mine
        answers.append(Refreshed(certificates=_issue(one, mine, expires_at=expires_at), server_time=now))
        await _let_others_run()
    advanced = {one.work.resident_id: next_serials[one.work.resident_id] for one in granted}
    return Given(
        answers,
        [
            store.advance_serials(bucket=bucket, next_serials=advanced),
            store.insert_certificates(rows, bucket=bucket, made_at=now, expires_at=expires_at),
        ],
    )


async def _let_others_run() -> None:
    """Signatures of a batch take the processor for long: taps that this process serves go in between."""
    await asyncio.sleep(0)


async def _decide_each(
    works: Sequence[RefreshWork], read: Sequence[Result[Any]], *, holder: KeyHolder, now: datetime
) -> list[_Granted | Refused]:
    devices = {device.id.int: device for device in read[2].rows}
    holders = {one.resident_id.int: one for one in read[3].rows}
    issuers: dict[str, Issuer] = {}
    decided: list[_Granted | Refused] = []
    for work in works:
        device, card_holder = devices.get(work.device_id.int), holders.get(work.resident_id.int)
        decided.append(_decide(work, device, card_holder, holder=holder, issuers=issuers, now=now))
        await _let_others_run()
    return decided


def _decide(
    work: RefreshWork,
    device: Device | None,
    card_holder: Holder | None,
    *,
    holder: KeyHolder,
    issuers: dict[str, Issuer],
    now: datetime,
) -> _Granted | Refused:
    """Whether one wallet gets certificates; what refuses it is given back, for its neighbours go on."""
    try:
        device = cards.verify_device(device, resident_id=work.resident_id)
        key = trust.verifying_key(device.key)
        wanted = read_refresh(work.request, device_id=device.id, device_key=key, now=now)
        if card_holder is None:
            return Refused(CardReason.RESIDENT_IS_NOT_KNOWN)
        refused = cards.decide_holder(card_holder, with_e_card=True)
        if refused is not None:
            return Refused(refused)
        region = card_holder.region
        issuer = issuers[region] = issuers.get(region) or get_issuer(holder, region)
    except Refused as refused_now:
        return refused_now
    return _Granted(work, device, card_holder, issuer, wanted.show_keys)


def _rows(one: _Granted, *, first_serial: int, indexes: list[int]) -> list[CertificateRow]:
    """What is written of one wallet's certificates; takes as many of the region's indexes."""
    return [
        CertificateRow(
            resident_id=one.work.resident_id,
            serial=serial,
            e_card_id=one.device.e_card_id,
            device_id=one.device.id,
            region=one.holder.region,
            scene_group=key.scene_group.value,
            algorithm=int(key.public_key.algorithm),
            show_key=key.public_key.data,
            status_index=indexes.pop(),
        )
        for serial, key in enumerate(one.show_keys, first_serial)
    ]


def _issue(one: _Granted, rows: Sequence[CertificateRow], *, expires_at: datetime) -> tuple[IssuedCertificate, ...]:
    issuer = one.issuer
    level = one.holder.e_card_level or 1
    concession = 1 if one.holder.concessions else 0
    return tuple(
        IssuedCertificate(
            key.scene_group,
            row.show_key,
            issue_certificate(
                region=issuer.region,
                alias=seal_resident(issuer.region, issuer.alias_key, row.resident_id, row.serial),
                expires_at=expires_at,
                show_key=key.public_key,
                standing=Standing(level=level, concession=concession, status_index=row.status_index),
                region_key=issuer.key,
                key_id=issuer.key_id,
            ),
            expires_at,
        )
        for key, row in zip(one.show_keys, rows, strict=True)
    )


async def _take_indexes(
    run: Run, granted: Sequence[_Granted], *, live_until: datetime, now: datetime, ids: Ids
) -> dict[str, list[int]]:
    """As many fresh status indexes of each region as the batch gives certificates of it."""
    counts: dict[str, int] = {}
    for one in granted:
        counts[one.holder.region] = counts.get(one.holder.region, 0) + len(one.show_keys)
    return {
        region: await take_indexes(
            run, region=region, kind="wallet", count=wanted, live_until=live_until, now=now, ids=ids
        )
        for region, wanted in sorted(counts.items())
    }


async def take_indexes(
    run: Run, *, region: str, kind: str, count: int, live_until: datetime, now: datetime, ids: Ids
) -> list[int]:
    """Fresh status indexes, from a block of wallets or of chips that nobody else holds at this moment."""
    while True:
        (taken,) = await run(
            [store.take_status_positions(region=region, kind=kind, count=count, live_until=live_until)]
        )
        for block, seed, first in taken.rows:
            return [status_index(block, place) for place in spread_positions(seed, first, count)]
        seed, rested = ids.random_bytes(16), now - BLOCK_RESTS_FOR
        (reused,) = await run(
            [store.reuse_status_block(region=region, kind=kind, seed=seed, dead_before=rested, now=now)]
        )
        if not reused.touched:
            await run([store.open_status_block(region=region, kind=kind, seed=seed, now=now)])
