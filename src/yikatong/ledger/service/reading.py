"""The ledger as a whole: transfers, days and the trial balance."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.kernel.ids import AccountId
from yikatong.ledger import store
from yikatong.ledger.model import (
    AccountKind,
    AccountName,
    DayChange,
    DayTotal,
    Transfer,
    TransferKind,
    TrialLine,
    name_account,
)
from yikatong.plumbing.statements import run_in_order

Conn = psycopg.AsyncConnection[Any]


async def find_transfers(conn: Conn, *, bucket: int, transfer_ids: Sequence[UUID]) -> dict[UUID, Transfer]:
    """Those of these transfers that were posted in a bucket, by id."""
    results = await run_in_order(conn, [store.load_transfers(bucket=bucket, transfer_ids=transfer_ids)])
    return {transfer.id: transfer for transfer in results[0].rows}


async def sum_transfers(conn: Conn, *, transfer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What some transfers moved, for audits of who asked for them; those that were not posted are not among them."""
    return dict(await store.list_moved(conn, transfer_ids=transfer_ids))


async def count_transfers(conn: Conn, *, kind: TransferKind) -> int:
    """How many transfers of a kind there are, for audits of who asked for them."""
    return await store.count_transfers(conn, kind=kind)


async def list_balances_of_kind(conn: Conn, *, kind: AccountKind) -> dict[AccountId, int]:
    """What lies in each account of a kind with a floor, for audits of whose it is; empty ones are left out."""
    return await store.list_balances_of_kind(conn, kind=kind)


async def day_totals(
    conn: Conn, *, kind: AccountKind, day: date, account: AccountName | None = None
) -> tuple[DayTotal, ...]:
    """What a Shanghai day did to every account of a kind without a floor, or to one, by bucket.

    Accounts without entries on that day are there too. One statement reads balances and entries, so that they
    belong together however much is posted meanwhile.
    """
    rows = await store.list_day_totals(conn, kind=kind, day=day, account_id=None if account is None else account.id)
    totals: dict[tuple[AccountId, int], DayTotal] = {}
    for bucket, account_id, owner_id, label, closing_fen, settled_later_fen, transfer_kind, count, sum_fen in rows:
        name = name_account(owner_id, kind, label)
        total = totals.get((account_id, bucket)) or DayTotal(
            bucket, name, closing_fen, closing_fen, settled_later_fen, {}, {}
        )
        if transfer_kind is not None:
            total = structs.replace(
                total,
                opening_fen=total.opening_fen - sum_fen,
                counts={**total.counts, transfer_kind: count},
                sums_fen={**total.sums_fen, transfer_kind: sum_fen},
            )
        totals[account_id, bucket] = total
    return tuple(totals.values())


async def day_changes(conn: Conn, *, kind: AccountKind) -> tuple[DayChange, ...]:
    """Every day of every account of a kind without a floor, by owner and day, for recomputing."""
    return tuple(await store.list_day_changes(conn, kind=kind))


async def trial_balance(conn: Conn) -> tuple[TrialLine, ...]:
    """All balances by kind of account; over all lines they sum to zero."""
    return tuple(await store.list_trial_lines(conn))
