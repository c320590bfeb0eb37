"""What is kept of an e-card after its end, for its term and no longer.

The card itself, its number and its events stay: receipts name the card, and a number is never given twice.
"""

from datetime import datetime

from yikatong.cards.store import retention
from yikatong.plumbing.rows import Conn


async def forget_e_cards(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete e-cards cancelled before an instant, with password, channels and devices; how many there were.

    With a resident's last e-card goes the bank account that was bound: until then what comes back to the purse of a
    cancelled card finds its way there. Deleted by the schema's owner: the role that serves has no right to it.
    """
    return await retention.forget_e_cards(conn, bucket=bucket, before=before, limit=limit)


async def forget_bank_bindings(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete bank accounts whose binding ended before an instant; how many there were."""
    return await retention.forget_bank_bindings(conn, bucket=bucket, before=before, limit=limit)
