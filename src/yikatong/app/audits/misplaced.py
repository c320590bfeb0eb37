"""Sealed rows that lie in another bucket than their owner's: whole as they are, and found by nobody who looks for them.

The bucket is in no leaf, because a change of their number moves rows; so it is told from whose a row is.
"""

from typing import Any

from psycopg import AsyncConnection

from yikatong.app.distribute import EXCEPTIONS
from yikatong.plumbing import distribution

SEALED = (
    "taps.tap",
    "taps.refund",
    "taps.reversal",
    "ledger.transfer",
    "ledger.hold",
    "trade_in.deed",
    "trade_in.decision",
    "trade_in.coupon_use",
    "access.record",
)
"""Tables in buckets whose rows have leaves."""


async def list_misplaced(conn: AsyncConnection[Any], *, bucket_count: int) -> list[str]:
    """Say of each table of sealed rows how many lie elsewhere than the bucket of whom they are about.

    Of transfers, which are found by accounts of several owners, those are told that lie in no bucket at all.
    """
    columns = {table: await distribution.list_columns(conn, table) for table in SEALED}
    found: list[str] = []
    for table, rule in distribution.rules_of(columns, EXCEPTIONS).items():
        count = await distribution.count_misplaced(conn, table, rule, bucket_count=bucket_count)
        if count:
            found.append(f"log: {count} rows of {table} lie in a bucket in which nobody finds them")
    return found
