"""Statements about claims on rosters of payouts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import ResidentId
from yikatong.plumbing import wire
from yikatong.plumbing.rows import columns_of
from yikatong.trade_in.model import PaymentAtOdds, Rosterable, Rostered
from yikatong.trade_in.store.statements import STATEMENTS

Conn = psycopg.AsyncConnection[Any]


async def list_rosterable(conn: Conn, *, bucket: int, place: str, after: UUID, limit: int) -> list[Rosterable]:
    """Claims of one bucket and place that may be taken onto a roster, after one id."""
    cursor = await conn.execute(
        STATEMENTS["list_rosterable"], {"bucket": bucket, "place": place, "after": after, "limit": limit}
    )
    return [Rosterable(claim_id, ResidentId(who), fen) for claim_id, who, fen in await cursor.fetchall()]


async def insert_rostered(
    conn: Conn, *, bucket: int, roster_id: UUID, claims: Sequence[Rosterable], now: datetime
) -> set[UUID]:
    """Take claims onto a roster; those that were taken now."""
    cursor = await conn.execute(
        STATEMENTS["insert_rostered"],
        {
            "bucket": bucket,
            "roster_id": roster_id,
            "claim_ids": wire.uuid_array([claim.claim_id for claim in claims]),
            "resident_ids": wire.uuid_array([claim.resident_id for claim in claims]),
            "now": now,
        },
    )
    return {claim_id for (claim_id,) in await cursor.fetchall()}


async def list_rostered(conn: Conn, *, bucket: int, roster_id: UUID, after: UUID, limit: int) -> list[Rostered]:
    """Claims of one bucket that stand on a roster, after one id."""
    cursor = await conn.execute(
        STATEMENTS["list_rostered"], {"bucket": bucket, "roster_id": roster_id, "after": after, "limit": limit}
    )
    return [Rostered(claim_id, ResidentId(who)) for claim_id, who in await cursor.fetchall()]


async def find_rostered(conn: Conn, *, bucket: int, claim_id: UUID) -> UUID | None:
    """The roster on which a claim stands, or None."""
    found = await STATEMENTS.list_column(conn, "find_rostered", bucket=bucket, claim_id=claim_id)
    return found[0] if found else None


async def delete_rostered(conn: Conn, *, bucket: int, claim_id: UUID, roster_id: UUID) -> bool:
    """Let a claim leave a roster; False when it did not stand there."""
    return await STATEMENTS.hits(conn, "delete_rostered", bucket=bucket, claim_id=claim_id, roster_id=roster_id)


async def sum_rostered(conn: Conn) -> dict[UUID, int]:
    """By roster, what of its claims was handed to payouts and has not come back."""
    cursor = await conn.execute(STATEMENTS["audit_rostered"])
    return dict(await cursor.fetchall())


async def insert_payment_at_odds(conn: Conn, *, odds: PaymentAtOdds) -> None:
    """Keep what a claim could not follow."""
    columns = columns_of(odds) | {"told": odds.told.value, "now": odds.found_at}
    await STATEMENTS.run(conn, "insert_payment_at_odds", **columns)


async def list_payments_at_odds(
    conn: Conn, *, bucket: int, under: str, until: datetime, limit: int
) -> tuple[PaymentAtOdds, ...]:
    """What claims of one bucket at places of one prefix could not follow, the newest first; more than `limit` when
    several were found together."""
    return await STATEMENTS.list_all(
        conn, "list_payments_at_odds", PaymentAtOdds, bucket=bucket, under=under, until=until, limit=limit
    )
