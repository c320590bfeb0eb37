"""Statements about batches, their lines, and the applications to pay them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from yikatong.payouts.model import (
    Application,
    ApplicationState,
    Batch,
    BatchLine,
    BatchState,
    LinesMoved,
    MovedLine,
    StopReason,
    Sums,
)
from yikatong.payouts.store.statements import STATEMENTS, among
from yikatong.plumbing.rows import columns_of

Conn = psycopg.AsyncConnection[Any]

_SUMS = Sums.__struct_fields__


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of issuing took: lines and fen, and the last bank and line of the roster."""

    count: int
    fen: int
    last_bank: str | None
    last_line: int | None


def _batch_of(row: dict[str, Any]) -> Batch:
    sums = msgspec.convert({name: row.pop(name) for name in _SUMS}, Sums)
    return msgspec.convert({**row, "sums": sums}, Batch)


async def insert_batch(conn: Conn, *, batch: Batch) -> None:
    """Write a new batch without lines."""
    await STATEMENTS.run(conn, "insert_batch", **columns_of(batch) | {"state": batch.state.value})


async def find_batch(conn: Conn, *, batch_id: UUID, locked: bool = False) -> Batch | None:
    """One batch, locked if asked."""
    rows = await STATEMENTS.run(conn, "lock_batch" if locked else "find_batch", id=batch_id)
    return _batch_of(rows[0]) if rows else None


async def try_to_hold_batch(conn: Conn, *, key: int) -> bool:
    """Whether this session has a batch's lock now, until it ends."""
    return bool((await STATEMENTS.list_column(conn, "try_to_hold_batch", key=key))[0])


async def let_go_of_batches(conn: Conn) -> None:
    """Give back every batch's lock that this session has."""
    await STATEMENTS.list_column(conn, "let_go_of_batches")


async def give_line_up(conn: Conn, *, bucket: int, batch_id: UUID, line: int, now: datetime) -> bool:
    """Never pay a line again; False when it is not one that came back or was stopped, or was corrected or given up."""
    return await STATEMENTS.hits(conn, "give_line_up", bucket=bucket, batch_id=batch_id, line=line, now=now)


async def list_moved(conn: Conn, *, bucket: int, moved: LinesMoved) -> list[MovedLine]:
    """The lines of one bucket of which news speak."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(
            STATEMENTS["list_moved_lines"],
            {
                "bucket": bucket,
                "batch_id": moved.batch_id,
                "first_line": moved.first_line,
                "last_line": moved.last_line,
                "state": moved.state.value,
                "transfer_id": moved.transfer_id,
            },
        )
        return [MovedLine(bucket, *row) for row in await cursor.fetchall()]


async def list_batches(conn: Conn, *, region: str, prefixes: Sequence[str], limit: int) -> tuple[Batch, ...]:
    """Batches of a region under some places (none: all), the newest first."""
    patterns = [f"{prefix}%" for prefix in prefixes]
    rows = await STATEMENTS.run(conn, "list_batches", region=region, prefixes=patterns, limit=limit)
    return tuple(_batch_of(row) for row in rows)


async def list_due_batches(conn: Conn, *, today: date, limit: int) -> list[UUID]:
    """Batches whose files go out today."""
    return await STATEMENTS.list_column(conn, "list_due_batches", today=today, limit=limit)


async def sum_of_rosters(conn: Conn, *, roster_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What the batches of some rosters have set aside or paid."""
    cursor = await conn.execute(STATEMENTS["audit_batches_of_rosters"], {"roster_ids": list(roster_ids)})
    return dict(await cursor.fetchall())


async def list_every_batch(conn: Conn) -> tuple[Batch, ...]:
    """Every batch."""
    return tuple(_batch_of(row) for row in await STATEMENTS.run(conn, "audit_batches"))


async def update_batch(conn: Conn, *, batch: Batch, state_before: BatchState) -> bool:
    """Write how a locked batch stands; False when it no longer stands as it was read."""
    return await STATEMENTS.hits(
        conn,
        "update_batch",
        id=batch.id,
        state=batch.state.value,
        pay_on=batch.pay_on,
        ended_at=batch.ended_at,
        state_before=state_before.value,
        **columns_of(batch.sums),
    )


async def insert_application(conn: Conn, *, application: Application) -> bool:
    """Submit an application; False when one is in force."""
    return await STATEMENTS.hits(conn, "insert_application", **columns_of(application))


async def lock_application(conn: Conn, *, batch_id: UUID) -> Application | None:
    """The application in force of a batch, locked."""
    return await STATEMENTS.find_one(conn, "lock_application", Application, batch_id=batch_id)


async def list_applications(conn: Conn, *, batch_id: UUID) -> tuple[Application, ...]:
    """Every application of a batch."""
    return await STATEMENTS.list_all(conn, "list_applications", Application, batch_id=batch_id)


async def end_application(conn: Conn, *, application: Application, state: ApplicationState, now: datetime) -> bool:
    """End a submitted application; False when it was ended."""
    return await STATEMENTS.hits(
        conn,
        "end_application",
        batch_id=application.batch_id,
        id=application.id,
        state=state.value,
        now=now,
    )


async def issue_lines(
    conn: Conn,
    *,
    bucket: int,
    roster_id: UUID,
    batch_id: UUID,
    after: tuple[str, int],
    offset: int,
    limit: int,
) -> Taken:
    """Write the next lines of a batch from the clear lines of its roster in one bucket, by bank and line."""
    cursor = await conn.execute(
        STATEMENTS["issue_lines"],
        {
            "bucket": bucket,
            "roster_id": roster_id,
            "batch_id": batch_id,
            "after_bank": after[0],
            "after_line": after[1],
            "offset": offset,
            "limit": limit,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return Taken(count=row[0], fen=row[1], last_bank=row[2], last_line=row[3])


async def insert_corrections(conn: Conn, *, bucket: int, batch_id: UUID, lines: Sequence[BatchLine]) -> None:
    """Write lines of a correction in one bucket."""
    await STATEMENTS.run(
        conn,
        "insert_corrections",
        bucket=bucket,
        batch_id=batch_id,
        lines=[line.line for line in lines],
        resident_ids=[line.resident_id for line in lines],
        references=[line.reference for line in lines],
        amount_fens=[line.amount_fen for line in lines],
        bank_codes=[line.bank_code for line in lines],
        bank_tokens=[line.bank_token for line in lines],
        source_lines=[line.source_line for line in lines],
        source_fens=[line.source_fen for line in lines],
    )


async def list_lines(conn: Conn, *, bucket: int, batch_id: UUID, after: int, limit: int) -> tuple[BatchLine, ...]:
    """Lines of a batch in one bucket after one."""
    return await STATEMENTS.list_all(
        conn, "list_batch_lines", BatchLine, bucket=bucket, batch_id=batch_id, after=after, limit=limit
    )


async def list_lines_of_resident(conn: Conn, *, bucket: int, resident_id: UUID, limit: int) -> tuple[BatchLine, ...]:
    """What one person was to be paid, the newest batch first."""
    return await STATEMENTS.list_all(
        conn, "list_lines_of_resident", BatchLine, bucket=bucket, resident_id=resident_id, limit=limit
    )


async def find_line(conn: Conn, *, bucket: int, batch_id: UUID, line: int) -> BatchLine | None:
    """One line of a batch in one bucket."""
    return await STATEMENTS.find_one(conn, "find_batch_line", BatchLine, bucket=bucket, batch_id=batch_id, line=line)


async def list_correctable(conn: Conn, *, bucket: int, batch_id: UUID) -> tuple[BatchLine, ...]:
    """Lines in one bucket that came back or were stopped and were not corrected, locked."""
    return await STATEMENTS.list_all(conn, "list_correctable", BatchLine, bucket=bucket, batch_id=batch_id)


async def mark_corrected(conn: Conn, *, bucket: int, batch_id: UUID, lines: Sequence[int], by_batch_id: UUID) -> int:
    """Mark lines as corrected by a batch; how many were not marked before."""
    cursor = await conn.execute(
        STATEMENTS["mark_corrected"],
        {"bucket": bucket, "batch_id": batch_id, "lines": list(lines), "by_batch_id": by_batch_id},
    )
    return cursor.rowcount


async def unmark_corrected(conn: Conn, *, bucket: int, batch_id: UUID, by_batch_id: UUID) -> None:
    """Let lines be corrected again whose correction was deleted, but for those that were given up in it."""
    await STATEMENTS.run(conn, "unmark_corrected", bucket=bucket, batch_id=batch_id, by_batch_id=by_batch_id)


async def stop_lines(
    conn: Conn,
    *,
    bucket: int,
    batch_id: UUID,
    stops: Sequence[tuple[int, StopReason]],
    transfer_id: UUID | None,
    now: datetime,
) -> tuple[int, int]:
    """Stop issued lines of one bucket; how many, and their sum."""
    rows = await STATEMENTS.run(
        conn,
        "stop_lines",
        bucket=bucket,
        batch_id=batch_id,
        **among([line for line, _ in stops]),
        reasons=[reason.value for _, reason in stops],
        transfer_id=transfer_id,
        now=now,
    )
    count, fen = rows[0].values()
    return count, fen


async def stop_all_lines(
    conn: Conn, *, bucket: int, batch_id: UUID, reason: StopReason, now: datetime
) -> tuple[int, int]:
    """Stop every issued line of one bucket; how many, and their sum."""
    rows = await STATEMENTS.run(conn, "stop_all_lines", bucket=bucket, batch_id=batch_id, reason=reason.value, now=now)
    count, fen = rows[0].values()
    return count, fen


async def list_line_sums(conn: Conn) -> dict[tuple[UUID, str], tuple[int, int]]:
    """Lines and fen of every batch by state."""
    cursor = await conn.execute(STATEMENTS["audit_line_sums"])
    return {(row[0], row[1]): (row[2], row[3]) for row in await cursor.fetchall()}


async def list_line_transfers(conn: Conn) -> list[tuple[UUID, UUID, int]]:
    """What the lines of each batch say that each transfer moved."""
    cursor = await conn.execute(STATEMENTS["audit_line_transfers"])
    return await cursor.fetchall()


async def list_wrong_corrections(conn: Conn) -> list[tuple[UUID, int, int, int | None]]:
    """Corrected lines whose correction is missing, doubled or above its source."""
    cursor = await conn.execute(STATEMENTS["audit_corrections"])
    return await cursor.fetchall()


async def count_half_sent(conn: Conn) -> int:
    """How many batches are being sent, and rosters worked on page by page."""
    return int((await STATEMENTS.list_column(conn, "count_half_sent"))[0])
