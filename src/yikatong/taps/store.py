"""The counter's statements: pipelined ones for a batch, ordinary ones around it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from yikatong.kernel.ids import ResidentId, TapId
from yikatong.plumbing import wire
from yikatong.plumbing.pipeline import Statement, as_tuple
from yikatong.plumbing.queries import load_queries
from yikatong.taps.model import (
    AnyRow,
    Request,
    SecondUse,
    TapRow,
    UnreadCount,
    UnreadTap,
    UsedCode,
    WaitingRow,
)
from yikatong.taps.receipts import as_it_stands

QUERIES = load_queries(__package__)
Conn = psycopg.AsyncConnection[Any]


def find_requests(*, terminal_ids: Sequence[UUID], request_ids: Sequence[str]) -> Statement[Request]:
    """What terminals asked under these request ids before; the two lists run side by side."""
    return Statement(
        QUERIES["find_requests"],
        (wire.uuid_array(terminal_ids), wire.text_array(request_ids)),
        lambda terminal_id, request_id, tap_id, bucket, digest: Request(
            terminal_id=terminal_id, request_id=request_id, tap_id=tap_id, bucket=bucket, body_digest=digest
        ),
        # Over nodes no limit inside a lateral join can be planned; on one machine this form reads more than its rows.
        on_cluster=QUERIES["find_requests_on_cluster"],
    )


def find_used_codes(
    *, bucket: int, code_ats: Sequence[datetime], resident_ids: Sequence[UUID], nonces: Sequence[bytes]
) -> Statement[UsedCode]:
    """Codes spent before; the three lists run side by side."""
    params = (
        wire.int2(bucket),
        wire.instant_array(code_ats),
        wire.uuid_array(resident_ids),
        wire.bytea_array(nonces),
    )
    return Statement(QUERIES["find_used_codes"], params, UsedCode)


def find_reversals(*, bucket: int, tap_ids: Sequence[UUID]) -> Statement[tuple[UUID, str]]:
    """Which of these taps were reversed, and what each reversal met."""
    return Statement(QUERIES["find_reversals"], (wire.int2(bucket), wire.uuid_array(tap_ids)), as_tuple)


def find_waiting(*, bucket: int, resident_ids: Sequence[UUID]) -> Statement[WaitingRow]:
    """Taps of these residents that wait."""
    return Statement(
        QUERIES["find_waiting"],
        (wire.int2(bucket), wire.uuid_array(resident_ids)),
        lambda *row: WaitingRow(**dict(zip(WaitingRow.__struct_fields__, row, strict=True))),
    )


def find_taps(*, bucket: int, tap_ids: Sequence[UUID]) -> Statement[TapRow]:
    """Those of these taps that ended."""
    return Statement(
        QUERIES["find_taps"],
        (wire.int2(bucket), wire.uuid_array(tap_ids)),
        lambda *row: TapRow(**dict(zip(TapRow.__struct_fields__, row, strict=True))),
    )


def find_refunds(*, bucket: int, tap_ids: Sequence[UUID]) -> Statement[tuple[UUID, UUID, int]]:
    """What was given back of these taps: tap, refund, amount in fen."""
    return Statement(QUERIES["find_refunds"], (wire.int2(bucket), wire.uuid_array(tap_ids)), as_tuple)


def write_taps(*, bucket: int, rows: Sequence[TapRow]) -> Statement[AnyRow]:
    """Write taps that ended."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([row.id for row in rows]),
        wire.uuid_array([row.resident_id for row in rows]),
        wire.uuid_array([row.card_id for row in rows]),
        wire.uuid_array([row.terminal_id for row in rows]),
        wire.uuid_array([row.provider_id for row in rows]),
        wire.text_array([row.request_id for row in rows]),
        wire.text_array([row.item for row in rows]),
        wire.int2_array([row.form for row in rows]),
        wire.int2_array([row.strength for row in rows]),
        wire.int8_array([row.amount_fen for row in rows]),
        wire.text_array([row.reason for row in rows]),
        wire.instant_array([row.code_at for row in rows]),
        wire.bytea_array([row.nonce for row in rows]),
        wire.boolean_array([row.spends_nonce for row in rows]),
        wire.uuid_array([row.transfer_id for row in rows]),
        wire.text_array([",".join(row.learned) for row in rows]),
        wire.instant_array([row.decided_at for row in rows]),
        wire.bytea_array([row.facts for row in rows]),
        wire.bytea_array([row.evidence for row in rows]),
    )
    return Statement(QUERIES["write_taps"], params, as_tuple)


def write_requests(*, bucket: int, rows: Sequence[Request], made_at: datetime) -> Statement[AnyRow]:
    """Claim request ids."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([row.terminal_id for row in rows]),
        wire.text_array([row.request_id for row in rows]),
        wire.uuid_array([row.tap_id for row in rows]),
        wire.bytea_array([row.body_digest for row in rows]),
        wire.instant(made_at),
    )
    return Statement(QUERIES["write_requests"], params, as_tuple)


def write_waiting(*, bucket: int, rows: Sequence[WaitingRow]) -> Statement[AnyRow]:
    """Write taps that now wait."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([row.tap_id for row in rows]),
        wire.uuid_array([row.resident_id for row in rows]),
        wire.text_array([row.waits_for for row in rows]),
        wire.bytea_array([row.work for row in rows]),
        wire.text_array([",".join(str(hold_id) for hold_id in row.hold_ids) for row in rows]),
        wire.instant_array([row.deadline_at for row in rows]),
        wire.instant_array([row.made_at for row in rows]),
    )
    return Statement(QUERIES["write_waiting"], params, as_tuple)


def end_waiting(*, bucket: int, tap_ids: Sequence[UUID]) -> Statement[AnyRow]:
    """Take ended taps out of those that wait."""
    return Statement(QUERIES["end_waiting"], (wire.int2(bucket), wire.uuid_array(tap_ids)), as_tuple)


class ReversalRow(NamedTuple):
    """A tombstone of a reversed tap; `found` says what the reversal met."""

    tap_id: TapId
    resident_id: UUID
    terminal_id: UUID
    transfer_id: UUID | None
    found: str


def write_reversals(*, bucket: int, rows: Sequence[ReversalRow], made_at: datetime) -> Statement[AnyRow]:
    """Write tombstones."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([row.tap_id for row in rows]),
        wire.uuid_array([row.resident_id for row in rows]),
        wire.uuid_array([row.terminal_id for row in rows]),
        wire.uuid_array([row.transfer_id for row in rows]),
        wire.text_array([row.found for row in rows]),
        wire.instant(made_at),
    )
    return Statement(QUERIES["write_reversals"], params, as_tuple)


class RefundRow(NamedTuple):
    """Money given back for a tap."""

    tap_id: TapId
    id: UUID
    resident_id: UUID
    terminal_id: UUID
    amount_fen: int
    transfer_id: UUID


def write_refunds(*, bucket: int, rows: Sequence[RefundRow], made_at: datetime) -> Statement[AnyRow]:
    """Write refunds."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([row.tap_id for row in rows]),
        wire.uuid_array([row.id for row in rows]),
        wire.uuid_array([row.resident_id for row in rows]),
        wire.uuid_array([row.terminal_id for row in rows]),
        wire.int8_array([row.amount_fen for row in rows]),
        wire.uuid_array([row.transfer_id for row in rows]),
        wire.instant(made_at),
    )
    return Statement(QUERIES["write_refunds"], params, as_tuple)


def write_second_uses(*, bucket: int, rows: Sequence[tuple[UUID, UUID, bytes]], seen_at: datetime) -> Statement[AnyRow]:
    """Keep the codes of second uses: (tap, first tap, code)."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([row[0] for row in rows]),
        wire.uuid_array([row[1] for row in rows]),
        wire.bytea_array([row[2] for row in rows]),
        wire.instant(seen_at),
    )
    return Statement(QUERIES["write_second_uses"], params, as_tuple)


async def find_request(conn: Conn, *, terminal_id: UUID, request_id: str) -> Request | None:
    """What a terminal asked under one request id before."""
    async with conn.cursor(row_factory=class_row(Request)) as cursor:
        await cursor.execute(QUERIES["find_request"], {"terminal_id": terminal_id, "request_id": request_id})
        return await cursor.fetchone()


async def find_tap(conn: Conn, *, bucket: int, tap_id: UUID) -> TapRow | None:
    """One tap as it ended."""
    async with conn.cursor(row_factory=class_row(TapRow)) as cursor:
        await cursor.execute(QUERIES["find_tap"], {"bucket": bucket, "tap_id": tap_id})
        return await cursor.fetchone()


async def find_waiting_tap(conn: Conn, *, bucket: int, tap_id: UUID) -> WaitingRow | None:
    """One tap that waits."""
    async with conn.cursor(row_factory=class_row(WaitingRow)) as cursor:
        await cursor.execute(QUERIES["find_waiting_tap"], {"bucket": bucket, "tap_id": tap_id})
        return await cursor.fetchone()


async def find_made(conn: Conn, *, bucket: int, tap_id: UUID) -> TapRow | WaitingRow | None:
    """One tap as written, ended or waiting; those that wait are read first, so one that ends meanwhile is found."""
    waiting = await find_waiting_tap(conn, bucket=bucket, tap_id=tap_id)
    return await find_tap(conn, bucket=bucket, tap_id=tap_id) or waiting


async def find_standing(conn: Conn, *, bucket: int, tap_id: UUID) -> TapRow | WaitingRow | None:
    """One tap as it is told now, waiting, ended, or taken back."""
    made = await find_made(conn, bucket=bucket, tap_id=tap_id)
    if not isinstance(made, TapRow):
        return made
    cursor = await conn.execute(QUERIES["find_reversal"], {"bucket": bucket, "tap_id": tap_id})
    return as_it_stands(made, is_reversed=await cursor.fetchone() is not None)


async def write_unread(conn: Conn, unread: UnreadTap, *, quota: int) -> None:
    """Keep a refusal before a card was known, within the terminal's daily quota."""
    await conn.execute(
        QUERIES["write_unread"],
        {
            "terminal_id": unread.terminal_id,
            "day": unread.day,
            "reason": unread.reason,
            "request_id": unread.request_id,
            "seen_at": unread.seen_at,
            "quota": quota,
        },
    )


async def list_second_uses(
    conn: Conn, *, provider_ids: Sequence[UUID], until: datetime, before: UUID, count_max: int
) -> list[SecondUse]:
    """Codes that came again at some providers, the newest first."""
    arguments = {"provider_ids": list(provider_ids), "until": until, "before": before, "count_max": count_max}
    cursor = await conn.execute(QUERIES["list_second_uses"], arguments)
    return [SecondUse(*row) for row in await cursor.fetchall()]


async def count_unread(conn: Conn, *, terminal_ids: Sequence[UUID], day: date) -> list[UnreadCount]:
    """What some terminals sent on a day and nobody could read."""
    cursor = await conn.execute(QUERIES["count_unread"], {"terminal_ids": list(terminal_ids), "day": day})
    return [UnreadCount(*row) for row in await cursor.fetchall()]


async def list_waiting_of_resident(conn: Conn, *, bucket: int, resident_id: UUID) -> list[WaitingRow]:
    """A resident's waiting taps, oldest first."""
    async with conn.cursor(row_factory=class_row(WaitingRow)) as cursor:
        await cursor.execute(QUERIES["list_waiting_of_resident"], {"bucket": bucket, "resident_id": resident_id})
        return await cursor.fetchall()


async def list_taps_that_told(conn: Conn, *, bucket: int, resident_id: ResidentId, count_max: int) -> list[TapRow]:
    """A resident's latest taps at which a terminal learned something, newest first."""
    async with conn.cursor(row_factory=class_row(TapRow)) as cursor:
        await cursor.execute(
            QUERIES["list_taps_that_told"], {"bucket": bucket, "resident_id": resident_id, "count_max": count_max}
        )
        return await cursor.fetchall()


async def list_overdue(conn: Conn, *, now: datetime, bank_before: datetime, count_max: int) -> list[WaitingRow]:
    """Waiting taps that something has to be done about."""
    async with conn.cursor(row_factory=class_row(WaitingRow)) as cursor:
        await cursor.execute(QUERIES["list_overdue"], {"now": now, "bank_before": bank_before, "count_max": count_max})
        return await cursor.fetchall()


async def page_taps(conn: Conn, *, bucket: int, tap_id: UUID, count_max: int) -> list[TapRow]:
    """Taps after one, in the order of their keys."""
    async with conn.cursor(row_factory=class_row(TapRow)) as cursor:
        await cursor.execute(QUERIES["page_taps"], {"bucket": bucket, "tap_id": tap_id, "count_max": count_max})
        return await cursor.fetchall()


class GivenBack(NamedTuple):
    """A refund, or (without an amount) a reversal, that moved money."""

    bucket: int
    tap_id: UUID
    transfer_id: UUID
    amount_fen: int | None


async def page_given_back(conn: Conn, *, bucket: int, transfer_id: UUID, count_max: int) -> list[GivenBack]:
    """Refunds and reversals after one, in the order of their transfers."""
    cursor = await conn.execute(
        QUERIES["page_given_back"], {"bucket": bucket, "transfer_id": transfer_id, "count_max": count_max}
    )
    return [GivenBack(*row) for row in await cursor.fetchall()]


async def page_refunds(
    conn: Conn, *, bucket: int, tap_id: UUID, refund_id: UUID, count_max: int
) -> list[tuple[int, RefundRow, datetime]]:
    """Refunds after one with bucket and instant, in the order of their keys."""
    arguments = {"bucket": bucket, "tap_id": tap_id, "id": refund_id, "count_max": count_max}
    cursor = await conn.execute(QUERIES["page_refunds"], arguments)
    return [(row[0], RefundRow(*row[1:-1]), row[-1]) for row in await cursor.fetchall()]


async def page_reversals(
    conn: Conn, *, bucket: int, tap_id: UUID, count_max: int
) -> list[tuple[int, ReversalRow, datetime]]:
    """Reversals after one with bucket and instant, in the order of their keys."""
    arguments = {"bucket": bucket, "tap_id": tap_id, "count_max": count_max}
    cursor = await conn.execute(QUERIES["page_reversals"], arguments)
    return [(row[0], ReversalRow(*row[1:-1]), row[-1]) for row in await cursor.fetchall()]


async def list_differences(conn: Conn, *, query: str) -> list[AnyRow]:
    """The rows of one of the audit's statements."""
    assert query.startswith("audit_")
    return await (await conn.execute(QUERIES[query])).fetchall()


async def forget(conn: Conn, *, query: str, **arguments: Any) -> list[AnyRow]:
    """The rows that one of the statements of terms deleted; `before` says from before when."""
    assert query.startswith("forget_")
    cursor = await conn.execute(QUERIES[query], arguments)
    return await cursor.fetchall() if cursor.description else []
