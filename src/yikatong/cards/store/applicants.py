"""Statements about those who apply for something."""

from collections.abc import Sequence
from typing import Any

import psycopg

from yikatong.cards.model import ResidentStatus
from yikatong.cards.store.statements import STATEMENTS
from yikatong.kernel.ids import ResidentId

Conn = psycopg.AsyncConnection[Any]


async def list_sealed_births(
    conn: Conn, *, bucket: int, resident_ids: Sequence[ResidentId]
) -> list[tuple[ResidentId, ResidentStatus, bytes, bytes]]:
    """How each resident stands, the wrapped key and the sealed birth date; the erased are not among them."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(STATEMENTS["list_sealed_births"], {"bucket": bucket, "resident_ids": list(resident_ids)})
        rows = await cursor.fetchall()
    return [(resident_id, ResidentStatus(status), key, birth) for resident_id, status, key, birth in rows]
