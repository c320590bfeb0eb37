"""Those who are to be paid, many at once: whether they can be, and how the bank knows them."""

from collections.abc import Sequence
from typing import Any

import psycopg

from yikatong.cards.model import Payee, PayeeName, Vault
from yikatong.cards.store import payees as store
from yikatong.kernel.ids import ResidentId

Conn = psycopg.AsyncConnection[Any]

_TAIL = 4


async def list_payees(conn: Conn, *, bucket: int, resident_ids: Sequence[ResidentId]) -> dict[ResidentId, Payee]:
    """How some residents of a bucket stand: alive, with which card, with which bound account. No personal field."""
    return await store.list_payees(conn, bucket=bucket, resident_ids=resident_ids)


async def list_payee_names(
    conn: Conn, *, bucket: int, resident_ids: Sequence[ResidentId], vault: Vault
) -> dict[ResidentId, PayeeName]:
    """Names and last ID characters of some residents, unsealed, without the erased; the caller records the look."""
    found = await store.list_sealed_names(conn, bucket=bucket, resident_ids=resident_ids)
    names = {}
    for resident_id, wrapped_key, name, id_number in found:
        key = vault.open_data_key(wrapped_key, owner=resident_id)
        names[resident_id] = PayeeName(
            name=key.open(name, field="name").decode(), id_tail=key.open(id_number, field="id_number").decode()[-_TAIL:]
        )
    return names
