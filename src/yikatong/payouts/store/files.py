"""Statements about parts, the files that carry them, and the files that banks write back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from yikatong.kernel.ids import ResidentId
from yikatong.payouts.model import Part, PaymentDifference, PaymentState, ReturnFile, Run
from yikatong.payouts.store.statements import STATEMENTS, among
from yikatong.plumbing import wire
from yikatong.plumbing.rows import columns_of

Conn = psycopg.AsyncConnection[Any]

_STATE = {state.value: state for state in PaymentState}


class OpenLine(NamedTuple):
    """A line of a part that is to be written."""

    line: int
    resident_id: ResidentId
    reference: UUID
    amount_fen: int
    bank_code: str
    bank_token: str


class Standing(NamedTuple):
    """How a line stands; `was_paid` also when it came back later, `booked_on` as an account first said."""

    state: PaymentState
    amount_fen: int
    was_paid: bool
    booked_on: date | None


async def list_runs(conn: Conn, *, bucket: int, batch_id: UUID, lines_in_part: int) -> list[Run]:
    """The open lines of one bucket, cut by bank and into parts."""
    cursor = await conn.execute(
        STATEMENTS["list_runs"], {"bucket": bucket, "batch_id": batch_id, "lines_in_part": lines_in_part}
    )
    return [Run(bucket, *row) for row in await cursor.fetchall()]


async def insert_parts(conn: Conn, *, batch_id: UUID, parts: Sequence[Part]) -> None:
    """Plan the parts of a batch."""
    await STATEMENTS.run(
        conn,
        "insert_parts",
        batch_id=batch_id,
        parts=[part.part for part in parts],
        buckets=[part.bucket for part in parts],
        bank_codes=[part.bank_code for part in parts],
        formats=[part.format.value for part in parts],
        first_lines=[part.first_line for part in parts],
        last_lines=[part.last_line for part in parts],
        line_counts=[part.line_count for part in parts],
        amount_fens=[part.amount_fen for part in parts],
    )


async def list_parts(conn: Conn, *, batch_id: UUID) -> tuple[Part, ...]:
    """The parts of a batch in their order."""
    return await STATEMENTS.list_all(conn, "list_parts", Part, batch_id=batch_id)


async def lock_part(conn: Conn, *, batch_id: UUID, part: int) -> Part | None:
    """One part of a batch, locked."""
    return await STATEMENTS.find_one(conn, "lock_part", Part, batch_id=batch_id, part=part)


async def draft_part(conn: Conn, *, part: Part, digest: bytes, now: datetime) -> None:
    """Journal the file of a locked part that was not sent, with its lines and fen as they are now."""
    await STATEMENTS.run(
        conn,
        "draft_part",
        batch_id=part.batch_id,
        part=part.part,
        digest=digest,
        line_count=part.line_count,
        amount_fen=part.amount_fen,
        now=now,
    )


async def send_part(conn: Conn, *, batch_id: UUID, part: int, now: datetime) -> bool:
    """Mark a drafted part as sent; False when it was."""
    return await STATEMENTS.hits(conn, "send_part", batch_id=batch_id, part=part, now=now)


async def delete_part(conn: Conn, *, batch_id: UUID, part: int) -> None:
    """Drop a part of which every line was stopped before it was sent."""
    await STATEMENTS.run(conn, "delete_part", batch_id=batch_id, part=part)


async def list_lines_of_part(conn: Conn, *, part: Part) -> list[OpenLine]:
    """The open lines of a part."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(
            STATEMENTS["list_lines_of_part"],
            {
                "bucket": part.bucket,
                "batch_id": part.batch_id,
                "first_line": part.first_line,
                "last_line": part.last_line,
            },
        )
        return [OpenLine(*row) for row in await cursor.fetchall()]


async def count_open_lines(
    conn: Conn, *, bucket: int, batch_id: UUID, parts: Sequence[Part]
) -> dict[int, tuple[int, int]]:
    """How many lines of some parts are open in one bucket, and their sum, by part."""
    cursor = await conn.execute(
        STATEMENTS["count_open_lines"],
        {
            "bucket": bucket,
            "batch_id": batch_id,
            "parts": [part.part for part in parts],
            "first_lines": [part.first_line for part in parts],
            "last_lines": [part.last_line for part in parts],
        },
    )
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}


async def pay_lines(
    conn: Conn,
    *,
    bucket: int,
    batch_id: UUID,
    lines: Sequence[int],
    amount_fens: Sequence[int],
    days: Sequence[date | None],
    transfer_id: UUID,
    now: datetime,
) -> tuple[int, int]:
    """Mark open lines as paid; how many, and their sum."""
    rows = await STATEMENTS.run(
        conn,
        "pay_lines",
        bucket=bucket,
        batch_id=batch_id,
        **among(lines),
        amount_fens=wire.int8_array(amount_fens),
        days=wire.day_array(days),
        transfer_id=transfer_id,
        now=now,
    )
    count, fen = rows[0].values()
    return count, fen


async def return_lines(
    conn: Conn,
    *,
    bucket: int,
    batch_id: UUID,
    state: PaymentState,
    lines: Sequence[int],
    amount_fens: Sequence[int],
    reasons: Sequence[str | None],
    transfer_id: UUID,
    now: datetime,
) -> tuple[int, int]:
    """Mark lines that stand in one state as returned; how many, and their sum."""
    rows = await STATEMENTS.run(
        conn,
        "return_lines",
        bucket=bucket,
        batch_id=batch_id,
        state=state.value,
        **among(lines),
        amount_fens=wire.int8_array(amount_fens),
        reasons=wire.text_array(reasons),
        transfer_id=transfer_id,
        now=now,
    )
    count, fen = rows[0].values()
    return count, fen


async def list_standing(conn: Conn, *, bucket: int, batch_id: UUID, lines: Sequence[int]) -> dict[int, Standing]:
    """How some lines of one bucket stand; unknown ones are not among them."""
    cursor = await conn.execute(
        STATEMENTS["list_standing_lines"], {"bucket": bucket, "batch_id": batch_id, "lines": wire.int4_array(lines)}
    )
    return {row[0]: Standing(_STATE[row[1]], row[2], row[3], row[4]) for row in await cursor.fetchall()}


async def book_lines(conn: Conn, *, bucket: int, batch_id: UUID, lines: Sequence[int], days: Sequence[date]) -> None:
    """Note the days on which paid lines were booked."""
    await STATEMENTS.run(
        conn, "book_lines", bucket=bucket, batch_id=batch_id, **among(lines), days=wire.day_array(days)
    )


async def insert_return_file(conn: Conn, *, file: ReturnFile) -> bool:
    """Write what became of a bank's file; False when the same bytes were dealt with."""
    return await STATEMENTS.hits(conn, "insert_return_file", **columns_of(file))


async def find_applied_file(conn: Conn, *, bank_code: str, digest: bytes) -> ReturnFile | None:
    """A bank's file that was applied, or None."""
    return await STATEMENTS.find_one(conn, "find_return_file", ReturnFile, bank_code=bank_code, digest=digest)


async def list_return_files(conn: Conn, *, bank_code: str, limit: int) -> tuple[ReturnFile, ...]:
    """A bank's files, the newest first."""
    return await STATEMENTS.list_all(conn, "list_return_files", ReturnFile, bank_code=bank_code, limit=limit)


async def insert_differences(
    conn: Conn, *, batch_id: UUID, differences: Sequence[PaymentDifference], file_digest: bytes, now: datetime
) -> None:
    """Keep payments of a batch on which a bank and we do not agree."""
    await STATEMENTS.run(
        conn,
        "insert_differences",
        file_digest=file_digest,
        batch_id=batch_id,
        lines=[each.line for each in differences],
        kinds=[each.kind.value for each in differences],
        our_fens=[each.our_fen for each in differences],
        bank_fens=[each.bank_fen for each in differences],
        now=now,
    )


async def list_differences(conn: Conn, *, batch_id: UUID) -> tuple[PaymentDifference, ...]:
    """Payments of a batch on which a bank and we do not agree."""
    return await STATEMENTS.list_all(conn, "list_differences", PaymentDifference, batch_id=batch_id)
