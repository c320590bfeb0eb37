"""The ledger's part of a change of the number of buckets.

Transfers and entries go where their resident goes. What belongs to nobody (a settlement, the reserve's movements) stays
with its bucket, so that afterwards one bucket of an account without a floor may stand far below zero and others above.
Three kinds of that are levelled by new transfers inside each bucket, whose sum over all buckets is zero: receivables,
because a refund is measured against its bucket's receivable; slices of budgets, which are never below zero; and the
reserve, which in each bucket equals the purses.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.kernel.ids import TransferId
from yikatong.kernel.instants import day_of
from yikatong.ledger.leaves import leaf_of_transfer
from yikatong.ledger.model import (
    RESERVE_CLEARING,
    RESERVE_NOSTRO,
    AccountKind,
    AccountName,
    Leg,
    TransferDraft,
    TransferKind,
    name_account,
)
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.queries import load_queries
from yikatong.sealing import service as sealing

_Q = load_queries("yikatong.ledger")

Conn = AsyncConnection[Any]


async def note_transfers(conn: Conn, *, bucket_count: int) -> None:
    """List the transfers with a resident's account among theirs, and where they go; accounts have not moved yet.

    `moved_transfer`, a table of this transaction, has those already whose resident another room knows.
    """
    await conn.execute(_Q["rebucket_note_transfers"], {"bucket_count": bucket_count})


async def rebuild_open_accounts(conn: Conn, *, now: datetime, ids: Ids) -> int:
    """Make accounts without a floor anew from their entries, after everything moved, and level them.

    Gives how many levelling transfers were posted.
    """
    reference = ids.new()
    levelled = 0
    levellings = [
        *await _shares(conn, AccountKind.PROVIDER_RECEIVABLE, AccountKind.PAYOUT_CLEARING, TransferKind.SETTLEMENT),
        *await _shares(conn, AccountKind.BUDGET_SLICE, AccountKind.BUDGET_LEASES, TransferKind.LEASE),
        await _reserve(conn),
    ]
    for account, counter, kind, changes in levellings:
        for bucket, fen in sorted(changes.items()):
            await _write(conn, bucket, ids.new(), kind, reference, ((account, fen), (counter, -fen)), now)
            levelled += 1
    await conn.execute(_Q["rebucket_note_open_accounts"])
    await conn.execute(_Q["rebucket_empty_open_accounts"])
    await conn.execute(_Q["rebucket_fill_open_accounts"])
    return levelled


def level(balances: Mapping[int, int]) -> dict[int, int]:
    """What each bucket's balance changes by, so that none is below zero while another is above; the sum is zero."""
    total = sum(balances.values())
    wrong_sign = {bucket: fen for bucket, fen in balances.items() if fen * (1 if total >= 0 else -1) < 0}
    changes = {bucket: -fen for bucket, fen in wrong_sign.items()}
    to_take = sum(wrong_sign.values())
    for bucket, fen in sorted(balances.items()):
        if bucket in wrong_sign or to_take == 0:
            continue
        share = max(to_take, -fen) if total >= 0 else min(to_take, -fen)
        if share:
            changes[bucket] = share
            to_take -= share
    return changes


Levelling = tuple[AccountName, AccountName, TransferKind, dict[int, int]]


async def _shares(conn: Conn, kind: AccountKind, counter: AccountKind, transfer_kind: TransferKind) -> list[Levelling]:
    """How every account of a kind is levelled, each against its owner's account of another kind."""
    balances: defaultdict[UUID, dict[int, int]] = defaultdict(dict)
    labels: dict[UUID, tuple[UUID, str]] = {}
    async for bucket, account_id, owner_id, label, fen in await conn.execute(
        _Q["rebucket_list_shares"], {"kind": kind.value}
    ):
        balances[account_id][bucket] = fen
        labels[account_id] = (owner_id, label)
    return [
        (
            name_account(labels[account_id][0], kind, labels[account_id][1]),
            name_account(labels[account_id][0], counter, labels[account_id][1]),
            transfer_kind,
            level(by_bucket),
        )
        for account_id, by_bucket in sorted(balances.items())
    ]


async def _reserve(conn: Conn) -> Levelling:
    found = await conn.execute(_Q["rebucket_list_reserve_gaps"])
    return RESERVE_NOSTRO, RESERVE_CLEARING, TransferKind.RESERVE, {bucket: fen async for bucket, fen in found}


async def _write(
    conn: Conn,
    bucket: int,
    transfer_id: UUID,
    kind: TransferKind,
    reference: UUID,
    legs: tuple[tuple[AccountName, int], ...],
    now: datetime,
) -> None:
    """Write a transfer, its entries and its leaf; the accounts' balances are made of them afterwards."""
    accounts = [account for account, _ in legs]
    draft = TransferDraft(TransferId(transfer_id), kind, reference, tuple(Leg(account, fen) for account, fen in legs))
    await sealing.leave(conn, leaf_of_transfer(draft, posted_at=now), now=now)
    await conn.execute(
        _Q["rebucket_write_transfer"],
        {
            "bucket": bucket,
            "id": transfer_id,
            "kind": kind.value,
            "reference": reference,
            "accounts": [account.id for account in accounts],
            "legs": [fen for _, fen in legs],
            "now": now,
            "posted_on": day_of(now),
        },
    )
    await conn.execute(
        _Q["rebucket_name_open_accounts"],
        {
            "bucket": bucket,
            "ids": [account.id for account in accounts],
            "kinds": [account.kind.value for account in accounts],
            "owner_ids": [account.owner_id for account in accounts],
            "labels": [account.label for account in accounts],
        },
    )
