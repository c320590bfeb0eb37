"""Taps that were made without a network and come later: what happened before them, their rows, their payments."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from yikatong.codes.model import Presented
from yikatong.kernel.ids import TapId
from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.lines.rules import PURSE
from yikatong.plumbing import outbox
from yikatong.plumbing.statements import run_in_order
from yikatong.sealing import service as sealing
from yikatong.taps import store
from yikatong.taps.counter.originals import transfer_id_of
from yikatong.taps.counter.writes import TOPIC
from yikatong.taps.leaves import leaf_of_tap, payment_of, rest_of
from yikatong.taps.model import Request, TapFacts, TapRow
from yikatong.taps.receipts import FORM_NUMBER, decode_work, encode_facts

__all__ = [
    "Earlier",
    "LateRequest",
    "find_earlier",
    "late_tap_of",
    "payment_of",
    "transfer_id_of",
    "write_late_tap",
]

Conn = psycopg.AsyncConnection[Any]


class LateRequest(NamedTuple):
    """What a terminal asked without a network; `spends_nonce` unless its code was used or it was taken back before."""

    tap_id: TapId
    terminal_id: UUID
    provider_id: UUID
    request_id: str
    item: str
    clause: str
    amount_fen: int | None
    accepted_at: datetime
    spends_nonce: bool


class Earlier(NamedTuple):
    """What was before a late tap: who spent its code, whether it was taken back, whether its request id is taken."""

    used_in: UUID | None
    is_reversed: bool
    request_is_taken: bool


async def find_earlier(
    conn: Conn, *, tap_id: TapId, request_id: str, terminal_id: UUID, presented: Presented
) -> Earlier:
    """What happened before a tap that comes late; its resident's gate is held."""
    bucket, signed_at, nonce = presented.bucket, presented.signed_at, presented.nonce
    taken = await store.find_request(conn, terminal_id=terminal_id, request_id=request_id)
    used, reversals, waiting = await run_in_order(
        conn,
        [
            store.find_used_codes(
                bucket=bucket, code_ats=[signed_at], resident_ids=[presented.resident_id], nonces=[nonce]
            ),
            store.find_reversals(bucket=bucket, tap_ids=[tap_id]),
            store.find_waiting(bucket=bucket, resident_ids=[presented.resident_id]),
        ],
    )
    codes_waiting = [(decode_work(each.work).presented, each.tap_id) for each in waiting.rows]
    users = [each.tap_id for each in used.rows] + [
        tap_id for code, tap_id in codes_waiting if (code.signed_at, code.nonce) == (signed_at, nonce)
    ]
    return Earlier(
        used_in=users[0] if users else None,
        is_reversed=bool(reversals.rows),
        request_is_taken=taken is not None,
    )


def late_tap_of(
    presented: Presented, *, request: LateRequest, card_id: UUID | None, reason: AnyReason | None, decided_at: datetime
) -> TapRow:
    """The row of a tap that was made without a network; for an amount, the purse is what pays."""
    moves = reason is None and request.amount_fen is not None
    facts = TapFacts(
        rule=request.clause,
        posture=int(presented.posture),
        parts=((PURSE, request.amount_fen),) if moves and request.amount_fen is not None else (),
        steps=(("made_without_a_network_at", request.accepted_at.isoformat()),) if reason is None else (),
    )
    return TapRow(
        bucket=presented.bucket,
        id=request.tap_id,
        resident_id=presented.resident_id,
        card_id=card_id,
        terminal_id=request.terminal_id,
        provider_id=request.provider_id,
        request_id=request.request_id,
        item=request.item,
        form=FORM_NUMBER[presented.form],
        strength=int(presented.strength),
        amount_fen=request.amount_fen,
        reason=None if reason is None else reason.name,
        code_at=presented.signed_at,
        nonce=presented.nonce,
        spends_nonce=request.spends_nonce,
        transfer_id=transfer_id_of(request.tap_id) if moves else None,
        learned=[],
        decided_at=decided_at,
        facts=encode_facts(facts),
        evidence=presented.evidence,
    )


async def write_late_tap(
    conn: Conn, *, row: TapRow, body_digest: bytes, first_tap_id: UUID | None, event_id: UUID, now: datetime
) -> None:
    """Write a tap that was made without a network, and tell its resident; `first_tap_id` used its code before.

    Its transfer, if it has one, was posted in the same transaction.
    """
    request = Request(
        terminal_id=row.terminal_id,
        request_id=row.request_id,
        tap_id=row.id,
        bucket=row.bucket,
        body_digest=body_digest,
    )
    statements = [
        store.write_requests(bucket=row.bucket, rows=[request], made_at=now),
        store.write_taps(bucket=row.bucket, rows=[row]),
        sealing.leaving([leaf_of_tap(row, rest=rest_of(row))], now=now),
    ]
    event: dict[str, Any] | None = None
    if row.transfer_id is not None:
        event = {"kind": "tap_paid", "item": row.item, "amount_fen": row.amount_fen}
    if first_tap_id is not None:
        seen_twice = [(row.id, first_tap_id, row.evidence)]
        statements.append(store.write_second_uses(bucket=row.bucket, rows=seen_twice, seen_at=now))
        event = {"kind": "code_used_twice", "first": first_tap_id}
    await run_in_order(conn, statements)
    if event is not None:
        told = {**event, "tap": row.id, "resident": row.resident_id, "provider": row.provider_id}
        payload = {"bucket": row.bucket, "events": [told]}
        await outbox.publish(conn, id=event_id, topic=TOPIC, payload=payload, now=now)
