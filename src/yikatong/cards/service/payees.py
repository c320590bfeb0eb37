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
    people = [(resident_id, wrapped_key, (name, id_number)) for resident_id, wrapped_key, name, id_number in found]
    opened = vault.open_each(people, fields=("name", "id_number"))
    return {
        resident_id: PayeeName(name=name.decode(), id_tail=id_number.decode()[-_TAIL:])
        for (resident_id, _, _), (name, id_number) in zip(people, opened, strict=True)
    }
