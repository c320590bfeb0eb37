"""What `yikatong audit` recomputes of desk: the cash that counters took and handed out, against the ledger."""

from collections import defaultdict
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.desk import store
from yikatong.kernel.ids import AccountId, show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, Transfer, TransferKind, account_id_of


class _Cash(NamedTuple):
    """Cash over a counter, and what the ledger should have of it: so much into (or out of) an account."""

    transfer_id: UUID
    resident_id: UUID
    kind: TransferKind
    account: AccountId
    amount_fen: int


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name cash paid into a purse, or handed out of what was kept, whose transfer is missing or another."""
    by_bucket: defaultdict[int, list[_Cash]] = defaultdict(list)
    for top_up in await store.list_top_ups(conn):
        purse = account_id_of(top_up.resident_id, AccountKind.PURSE)
        by_bucket[top_up.bucket].append(
            _Cash(top_up.transfer_id, top_up.resident_id, TransferKind.TOP_UP, purse, top_up.amount_fen)
        )
    for paid in await store.list_kept_payouts(conn):
        kept = account_id_of(paid.resident_id, AccountKind.ESCHEAT)
        by_bucket[paid.bucket].append(
            _Cash(paid.transfer_id, paid.resident_id, TransferKind.PAYOUT, kept, -paid.amount_fen)
        )
    found: list[str] = []
    for bucket, cash in by_bucket.items():
        ids = [one.transfer_id for one in cash]
        transfers = await ledger.find_transfers(conn, bucket=bucket, transfer_ids=ids)
        found += [line for one in cash for line in _compare(one, transfers.get(one.transfer_id))]
    return found


def _compare(cash: _Cash, transfer: Transfer | None) -> list[str]:
    moved = {} if transfer is None else dict(zip(transfer.accounts, transfer.legs, strict=True))
    if transfer is not None and transfer.kind is cash.kind and moved.get(cash.account) == cash.amount_fen:
        return []
    return [
        f"desk: {show_id('resident', cash.resident_id)} and a counter moved {cash.amount_fen} fen, transfer"
        f" {show_id('transfer', cash.transfer_id)} moved {moved.get(cash.account, 0)}"
    ]
