"""Statements about those who are to be paid, many at once."""

from collections.abc import Sequence
from typing import Any

import psycopg

from yikatong.cards.model import CardState, Payee, ResidentStatus
from yikatong.cards.store.statements import STATEMENTS
from yikatong.kernel.ids import ResidentId
from yikatong.plumbing import wire

Conn = psycopg.AsyncConnection[Any]

_STATUS = {status.value: status for status in ResidentStatus}
_CARD = {state.value: state for state in CardState}


async def list_payees(conn: Conn, *, bucket: int, resident_ids: Sequence[ResidentId]) -> dict[ResidentId, Payee]:
    """How some residents stand, by id; whoever is not registered is not among them."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(
            STATEMENTS["list_payees"], {"bucket": bucket, "resident_ids": wire.uuid_array(resident_ids)}
        )
        rows = await cursor.fetchall()
    return {
        resident_id: Payee(
            resident_id=resident_id,
            status=_STATUS[status],
            region=region,
            division=division,
            card_state=None if card_state is None else _CARD[card_state],
            bank_code=bank_code,
            bank_token=token,
        )
        for resident_id, status, region, division, card_state, bank_code, token in rows
    }


async def list_sealed_names(
    conn: Conn, *, bucket: int, resident_ids: Sequence[ResidentId]
) -> list[tuple[ResidentId, bytes, bytes, bytes]]:
    """Each resident's wrapped key, sealed name and sealed ID number; the erased are not among them."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(
            STATEMENTS["list_sealed_names"], {"bucket": bucket, "resident_ids": wire.uuid_array(resident_ids)}
        )
        return await cursor.fetchall()
