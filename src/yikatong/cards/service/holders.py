"""What a decision needs to know of one resident, outside a tap batch."""

from datetime import date
from typing import Any

import psycopg

from yikatong.cards.model import Holder, Reason
from yikatong.cards.store.tap_batch import find_holder
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Refused

Conn = psycopg.AsyncConnection[Any]


async def get_holder(conn: Conn, *, bucket: int, resident_id: ResidentId, on: date) -> Holder:
    """The facts of one resident as of a day, nothing locked; refuses RESIDENT_IS_NOT_KNOWN."""
    holder = await find_holder(conn, bucket=bucket, resident_id=resident_id, on=on)
    if holder is None:
        raise Refused(Reason.RESIDENT_IS_NOT_KNOWN)
    return holder
