"""Those who apply for something, many at once: whether they live here, when they were born, and their open keys."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from yikatong.cards.model import Applicant, Vault
from yikatong.cards.store import applicants as store
from yikatong.kernel.ids import ResidentId

Conn = psycopg.AsyncConnection[Any]


async def open_applicants(
    conn: Conn, *, bucket: int, resident_ids: Sequence[ResidentId], vault: Vault
) -> dict[ResidentId, Applicant]:
    """Applicants of one bucket by id, without the erased and the unknown; the caller records the look.

    What is decided about them may be sealed with their key, and is gone with it.
    """
    found = {}
    for resident_id, status, wrapped_key, birth in await store.list_sealed_births(
        conn, bucket=bucket, resident_ids=resident_ids
    ):
        key = vault.open_data_key(wrapped_key, owner=resident_id)
        born_on = date.fromisoformat(key.open(birth, field="birth").decode())
        found[resident_id] = Applicant(status=status, born_on=born_on, key=key)
    return found
