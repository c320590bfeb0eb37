"""Statements about deeds, decisions and refusals."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from yikatong.plumbing.rows import columns_of
from yikatong.trade_in.model import DecisionRow, DeedRow
from yikatong.trade_in.store.statements import STATEMENTS

Conn = psycopg.AsyncConnection[Any]


async def insert_deeds(conn: Conn, *, deeds: Sequence[DeedRow]) -> None:
    """Write deeds."""
    async with conn.cursor() as cursor:
        await cursor.executemany(STATEMENTS["insert_deed"], [columns_of(deed) for deed in deeds])


async def find_deed(conn: Conn, *, bucket: int, claim_id: UUID, request_id: UUID) -> DeedRow | None:
    """The deed that a request asked for on a claim."""
    return await STATEMENTS.find_one(
        conn, "find_deed", DeedRow, bucket=bucket, claim_id=claim_id, request_id=request_id
    )


async def list_first_deeds(conn: Conn, *, bucket: int, claim_ids: Sequence[UUID]) -> dict[UUID, DeedRow]:
    """The deeds with which some claims began, by claim."""
    deeds = await STATEMENTS.list_all(conn, "list_first_deeds", DeedRow, bucket=bucket, claim_ids=list(claim_ids))
    return {deed.claim_id: deed for deed in deeds}


async def list_deeds(conn: Conn, *, bucket: int, claim_id: UUID) -> tuple[DeedRow, ...]:
    """The deeds of one claim in their order."""
    return await STATEMENTS.list_all(conn, "list_deeds", DeedRow, bucket=bucket, claim_id=claim_id)


async def page_deeds(conn: Conn, *, bucket: int, claim_id: UUID, number: int, limit: int) -> tuple[DeedRow, ...]:
    """Deeds of all buckets after one, in the order of claim and number."""
    return await STATEMENTS.list_all(
        conn, "page_deeds", DeedRow, bucket=bucket, claim_id=claim_id, number=number, limit=limit
    )


async def insert_decisions(conn: Conn, *, decisions: Sequence[DecisionRow]) -> None:
    """Write decisions."""
    async with conn.cursor() as cursor:
        await cursor.executemany(STATEMENTS["insert_decision"], [columns_of(one) for one in decisions])


async def list_decisions(conn: Conn, *, bucket: int, claim_id: UUID) -> tuple[DecisionRow, ...]:
    """The decisions about one claim, the oldest first."""
    return await STATEMENTS.list_all(conn, "list_decisions", DecisionRow, bucket=bucket, claim_id=claim_id)


async def page_decisions(conn: Conn, *, bucket: int, decision_id: UUID, limit: int) -> tuple[DecisionRow, ...]:
    """Decisions of all buckets after one."""
    return await STATEMENTS.list_all(
        conn, "page_decisions", DecisionRow, bucket=bucket, decision_id=decision_id, limit=limit
    )


async def count_decisions(conn: Conn) -> int:
    """How many decisions there are, in all buckets."""
    (count,) = await STATEMENTS.list_column(conn, "audit_decision_count")
    return int(count)


async def list_missing_decisions(conn: Conn) -> list[tuple[UUID, int]]:
    """Claims and the numbers of their deeds that name a decision which there is not."""
    cursor = await conn.execute(STATEMENTS["audit_missing_decisions"])
    return [(claim_id, number) for claim_id, number in await cursor.fetchall()]


async def count_refusals(conn: Conn, *, on: date, writer: int, refused: Mapping[tuple[str, str], int]) -> None:
    """Add refused applications, counted by place and reason, to what a writer counted on a day."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            STATEMENTS["count_refusals"],
            [
                {"place": place, "refused_on": on, "reason": reason, "writer": writer, "refused": count}
                for (place, reason), count in sorted(refused.items())
            ],
        )
