"""What is kept of offline taps after their term: what moved money stays with its tap, the rest goes."""

from datetime import datetime, timedelta
from uuid import UUID

from yikatong.offline import store
from yikatong.offline.model import UPLOAD_TERM
from yikatong.offline.rules import ACCEPTED_FOR_MAX
from yikatong.plumbing.rows import Conn

ALLOWANCE_LIVES = ACCEPTED_FOR_MAX + UPLOAD_TERM + timedelta(days=1)
"""An allowance from which an upload was posted is over within this time after it."""


async def forget_allowances(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete allowances whose upload term was over before an instant; how many. Their holds stay in the ledger."""
    return await store.forget_allowances(conn, bucket=bucket, before=before, limit=limit)


async def forget_disputes(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete disputes opened before an instant that moved no money, with their uploads; how many.

    One that was decided for the provider is the voucher of its correction and stays.
    """
    return await store.forget_disputes(conn, bucket=bucket, before=before, limit=limit)


async def find_old_uploads(conn: Conn, *, before: datetime, limit: int) -> list[UUID]:
    """Some terminals with uploads that `forget_uploads` deletes."""
    return await store.find_old_uploads(conn, before=before - ALLOWANCE_LIVES, limit=limit)


async def forget_uploads(conn: Conn, *, terminal_id: UUID, before: datetime, limit: int) -> int:
    """Delete uploads of a terminal that were no dispute, once the allowances they were posted from are gone; how many.

    The tap that an upload became stays for its own term, with the signed code. The caller has deleted all allowances
    that were over before the same instant.
    """
    return await store.forget_uploads(conn, terminal_id=terminal_id, before=before - ALLOWANCE_LIVES, limit=limit)
