"""What `yikatong audit` recomputes of desk: the cash that counters took against what the ledger put into purses."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.desk import store
from yikatong.desk.model import TopUp
from yikatong.kernel.ids import show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, Transfer, TransferKind, account_id_of


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every top-up whose transfer is missing, or is not of that amount into that resident's purse."""
    by_bucket: defaultdict[int, list[TopUp]] = defaultdict(list)
    for top_up in await store.list_top_ups(conn):
        by_bucket[top_up.bucket].append(top_up)
    found: list[str] = []
    for bucket, top_ups in by_bucket.items():
        ids = [top_up.transfer_id for top_up in top_ups]
        found += _compare(top_ups, await ledger.find_transfers(conn, bucket=bucket, transfer_ids=ids))
    return found


def _compare(top_ups: Iterable[TopUp], transfers: dict[UUID, Transfer]) -> list[str]:
    found = []
    for top_up in top_ups:
        transfer = transfers.get(top_up.transfer_id)
        purse = account_id_of(top_up.resident_id, AccountKind.PURSE)
        moved = {} if transfer is None else dict(zip(transfer.accounts, transfer.legs, strict=True))
        is_top_up = transfer is not None and transfer.kind is TransferKind.TOP_UP
        if not is_top_up or moved.get(purse) != top_up.amount_fen:
            found.append(
                f"desk: {top_up.amount_fen} fen were paid in for {show_id('resident', top_up.resident_id)}, transfer"
                f" {show_id('transfer', top_up.transfer_id)} put {moved.get(purse, 0)} into the purse"
            )
    return found
