"""What is kept of certificates after their use: for its term and no longer.

The code that a tap spent has its certificate in it and stays with the tap; a serial is never given twice.
"""

from datetime import datetime

from yikatong.codes import store
from yikatong.codes.rules.code import KNOWN_TO_HOME_FOR
from yikatong.plumbing.rows import Conn


async def forget_certificates(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete certificates of wallets whose home had ceased to accept them before an instant; how many.

    That is 180 days after they were made. Deleted by the schema's owner: the role that serves has no right to it.
    """
    return await store.forget_certificates(
        conn, bucket=bucket, made_before=before - KNOWN_TO_HOME_FOR, ended_before=before, limit=limit
    )


async def forget_chip_certificates(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete certificates of chips that had expired before an instant; how many."""
    return await store.forget_chip_certificates(conn, bucket=bucket, ended_before=before, limit=limit)
