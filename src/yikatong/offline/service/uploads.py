"""Taking in what terminals did without a network: once, in order, verified again as of the time the wallet signed."""

from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from yikatong.cards import service as cards
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Item, Terminal
from yikatong.codes import service as codes
from yikatong.codes.model import Asked, Form, Presented, ReadCode, StoredChip, Strength
from yikatong.codes.service import RegionView
from yikatong.kernel.ids import ResidentId, TapId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Reason as BaseReason
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.offline import store
from yikatong.offline.model import Allowance, Case, Dispute, Outcome, Reason, UploadRow
from yikatong.offline.rules import CLOCK_LEEWAY, decide_genuine, decide_payable, hold_id_of, outcome_of
from yikatong.offline.service.allowances import hold_of
from yikatong.plumbing.ids import Ids
from yikatong.taps import service as taps
from yikatong.taps.model import Reason as TapReason
from yikatong.taps.model import TapRow

Conn = psycopg.AsyncConnection[Any]


class Uploading(msgspec.Struct, frozen=True, kw_only=True):
    """One tap as a terminal uploads it; `body` is it byte for byte."""

    memory: bytes
    sequence: int
    request_id: str
    item: str
    amount_fen: int | None
    code: str | None
    chip: bytes | None
    answers: bytes | None
    allowance_id: UUID | None
    accepted_at: datetime
    body: bytes


class _Late(msgspec.Struct, frozen=True):
    """What an upload presents, the code it came as, if it was one, and what was answered."""

    presented: Presented
    read: ReadCode | None
    answer: Asked | None


async def take_upload(
    conn: Conn,
    uploading: Uploading,
    *,
    region: str,
    terminal_id: UUID,
    regions: RegionView,
    locator_key: bytes,
    now: datetime,
    ids: Ids,
) -> UploadRow:
    """Take one tap in and give its answer; the same tap again is answered as before.

    Refuses, in this order, and then nothing is written: UPLOAD_WAS_ANOTHER_TAP, UPLOAD_IS_OUT_OF_ORDER,
    TERMINAL_IS_UNKNOWN. Every other reason is the tap's answer: PRESENTATION_IS_MISSING, codes' reasons for a code or a
    chip that is not genuine, HOME_REGION_IS_NOT_CONNECTED, CARD_IS_UNKNOWN, then as `rules.decide_genuine`,
    `rules.decide_payable`, and the ledger.
    """
    memory = uploading.memory
    expected = await store.lock_line(conn, terminal_id=terminal_id, memory=memory)
    if uploading.sequence < expected:
        earlier = await store.find_upload(conn, terminal_id=terminal_id, memory=memory, sequence=uploading.sequence)
        if earlier is None or earlier.body != uploading.body:
            raise Refused(Reason.UPLOAD_WAS_ANOTHER_TAP)
        return earlier
    if uploading.sequence > expected:
        raise Refused(Reason.UPLOAD_IS_OUT_OF_ORDER, expected=expected)
    terminal = await catalogue.get_terminal(conn, region=region, terminal_id=terminal_id)
    try:
        late = await _read(conn, uploading, terminal, regions=regions)
        await cards.lock_gate(conn, bucket=late.presented.bucket, resident_id=late.presented.resident_id)
    except Refused as refused:
        row = _row(uploading, terminal, outcome=Outcome.REFUSED, reason=refused.reason, now=now)
    else:
        row = await _take(conn, uploading, terminal, late, locator_key=locator_key, now=now, ids=ids)
    await store.insert_upload(conn, row=row)
    return row


async def _read(conn: Conn, uploading: Uploading, terminal: Terminal, *, regions: RegionView) -> _Late:
    """What an upload presents, as far as its signatures say."""
    if uploading.code is not None and uploading.chip is None:
        read = codes.read_code_of_any_age(uploading.code, regions=regions)
        if read.resident_id is None:
            raise Refused(TapReason.HOME_REGION_IS_NOT_CONNECTED, region=read.region)
        return _Late(_presented(read), read, read.answer)
    if uploading.chip is None or uploading.code is not None:
        raise Refused(TapReason.PRESENTATION_IS_MISSING)
    chip = codes.read_chip(uploading.chip)
    said = chip.presentation
    card = await cards.find_card_by_number(
        conn, region=said.region, card_number=said.card_number, bucket_count=regions.bucket_count
    )
    if card is None:
        raise Refused(TapReason.CARD_IS_UNKNOWN)
    stored = StoredChip(card_id=card.id, resident_id=card.resident_id, bucket=card.bucket, public_key=card.chip_key)
    return _Late(codes.present_chip(chip, stored, terminal_id=terminal.id), None, said.asked)


async def _take(
    conn: Conn, uploading: Uploading, terminal: Terminal, late: _Late, *, locator_key: bytes, now: datetime, ids: Ids
) -> UploadRow:
    """Decide a tap whose resident's gate is held, and write what it is."""
    case = await _case(conn, uploading, terminal, late, locator_key=locator_key, now=now)
    reason = decide_genuine(case)
    is_genuine = reason is None
    if is_genuine and case.amount_fen is not None:
        reason = decide_payable(case)
    tap_id = _tap_id(uploading, terminal, late.presented, locator_key=locator_key)
    tap = _tap(case, uploading, tap_id=tap_id, reason=reason)
    if tap.transfer_id is not None:
        assert case.allowance is not None
        fault = await _post(conn, tap, case.allowance, now=now)
        if fault is not None:
            reason = fault
            tap = _tap(case, uploading, tap_id=tap_id, reason=reason)
    outcome = outcome_of(reason, is_genuine=is_genuine, amount_fen=case.amount_fen)
    if case.request_is_taken:
        return _row(uploading, terminal, outcome=Outcome.REFUSED, reason=reason, now=now)
    await taps.write_late_tap(
        conn,
        row=tap,
        body_digest=blake2b(uploading.body, digest_size=16).digest(),
        first_tap_id=case.used_in,
        event_id=ids.new(),
        now=now,
    )
    if outcome is Outcome.DISPUTED:
        await store.insert_dispute(conn, dispute=_dispute(tap, case, now=now))
    return _row(uploading, terminal, outcome=outcome, reason=reason, tap=tap, allowance=case.allowance, now=now)


async def _case(
    conn: Conn, uploading: Uploading, terminal: Terminal, late: _Late, *, locator_key: bytes, now: datetime
) -> Case:
    presented, read = late.presented, late.read
    bucket, resident_id = presented.bucket, presented.resident_id
    on = day_of(presented.signed_at)
    item = await catalogue.find_item(conn, region=terminal.region, code=uploading.item, on=on)
    allowance = None
    if uploading.allowance_id is not None:
        allowance = await store.find_allowance(conn, bucket=bucket, resident_id=resident_id, id=uploading.allowance_id)
    earlier = await taps.find_earlier(
        conn,
        tap_id=_tap_id(uploading, terminal, presented, locator_key=locator_key),
        request_id=uploading.request_id,
        terminal_id=terminal.id,
        presented=presented,
    )
    certificate = chip = None
    if read is not None:
        certificate = await codes.find_certificate_at(
            conn, bucket=bucket, resident_id=resident_id, serial=presented.serial
        )
    elif presented.card_id is not None:
        chip = await codes.find_chip_certificate_at(
            conn,
            bucket=bucket,
            resident_id=resident_id,
            card_id=presented.card_id,
            at=presented.signed_at,
            made_by=presented.signed_at + CLOCK_LEEWAY,
        )
    return Case(
        now=now,
        accepted_at=uploading.accepted_at,
        presented=presented,
        read=read,
        answer=late.answer,
        asked=_asked(uploading, terminal, item),
        certificate=certificate,
        chip=chip,
        amount_fen=uploading.amount_fen,
        terminal=terminal,
        item=item,
        holder=await cards.get_holder(conn, bucket=bucket, resident_id=resident_id, on=day_of(now)),
        allowance=allowance,
        used_in=earlier.used_in,
        is_reversed=earlier.is_reversed,
        request_is_taken=earlier.request_is_taken,
    )


async def _post(conn: Conn, tap: TapRow, allowance: Allowance, *, now: datetime) -> BaseReason | None:
    """Post a tap's payment out of the allowance's present hold, and hold the rest under the next number."""
    assert tap.amount_fen is not None
    assert tap.transfer_id is not None
    number, rest_fen = allowance.hold_number, allowance.left_fen - tap.amount_fen
    rest = hold_of(allowance, number=number + 1, amount_fen=rest_fen) if rest_fen else None
    try:
        await ledger.post_part_of_hold(
            conn,
            bucket=tap.bucket,
            writer=ledger.COMMANDS,
            hold_id=hold_id_of(allowance, number),
            draft=taps.payment_of(tap, transfer_id=tap.transfer_id),
            rest=rest,
            now=now,
        )
    except Refused as refused:
        return refused.reason
    spent = await store.spend_allowance(conn, allowance=allowance, amount_fen=tap.amount_fen)
    assert spent, "the resident's gate is held"
    return None


def _asked(uploading: Uploading, terminal: Terminal, item: Item | None) -> Asked | None:
    if uploading.answers is None or item is None:
        return None
    return Asked(
        nonce=uploading.answers,
        amount_fen=uploading.amount_fen or 0,
        payee_id=terminal.provider_id,
        item_number=item.number,
    )


def _presented(read: ReadCode) -> Presented:
    """What a code presents as far as its signatures say; certificate and card are decided on after."""
    assert read.resident_id is not None
    assert read.bucket is not None
    assert read.serial is not None
    return Presented(
        form=Form.E_CARD_CODE,
        strength=Strength.SHOWN if read.answer is None else Strength.ANSWERED,
        kind=read.kind,
        region=read.region,
        resident_id=ResidentId(read.resident_id),
        bucket=read.bucket,
        card_id=None,
        e_card_id=None,
        device_id=None,
        operator_id=None,
        serial=read.serial,
        nonce=read.nonce,
        signed_at=read.made_at,
        posture=read.posture,
        evidence=read.evidence,
    )


def _tap_id(uploading: Uploading, terminal: Terminal, presented: Presented, *, locator_key: bytes) -> TapId:
    return taps.derive_tap_id(
        signed_at=presented.signed_at,
        terminal_id=terminal.id,
        request_id=uploading.request_id,
        nonce=presented.nonce,
        resident_id=presented.resident_id,
        locator_key=locator_key,
    )


def _tap(case: Case, uploading: Uploading, *, tap_id: TapId, reason: BaseReason | None) -> TapRow:
    request = taps.LateRequest(
        tap_id=tap_id,
        terminal_id=case.terminal.id,
        provider_id=case.terminal.provider_id,
        request_id=uploading.request_id,
        item=uploading.item,
        clause="" if case.item is None else case.item.clause,
        amount_fen=uploading.amount_fen,
        accepted_at=uploading.accepted_at,
        spends_nonce=case.used_in is None and not case.is_reversed,
    )
    card_id = case.presented.card_id or case.holder.card_id
    return taps.late_tap_of(case.presented, request=request, card_id=card_id, reason=reason, decided_at=case.now)


def _dispute(tap: TapRow, case: Case, *, now: datetime) -> Dispute:
    assert tap.amount_fen is not None
    assert tap.reason is not None
    return Dispute(
        bucket=tap.bucket,
        tap_id=tap.id,
        resident_id=tap.resident_id,
        provider_id=case.terminal.provider_id,
        terminal_id=tap.terminal_id,
        allowance_id=None if case.allowance is None else case.allowance.id,
        amount_fen=tap.amount_fen,
        reason=tap.reason,
        opened_at=now,
    )


def _row(
    uploading: Uploading,
    terminal: Terminal,
    *,
    outcome: Outcome,
    reason: BaseReason | None,
    now: datetime,
    tap: TapRow | None = None,
    allowance: Allowance | None = None,
) -> UploadRow:
    is_paid = outcome is Outcome.POSTED and tap is not None and tap.transfer_id is not None
    return UploadRow(
        terminal_id=terminal.id,
        memory=uploading.memory,
        sequence=uploading.sequence,
        body=uploading.body,
        outcome=outcome,
        reason=None if reason is None else reason.name,
        bucket=None if tap is None else tap.bucket,
        tap_id=None if tap is None else tap.id,
        allowance_id=allowance.id if allowance is not None and (is_paid or outcome is Outcome.DISPUTED) else None,
        amount_fen=None if tap is None else tap.amount_fen,
        decided_at=now,
    )
