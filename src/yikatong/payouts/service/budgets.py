"""Budgets: accounts with a floor that pay batches; money comes in from whoever funds them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import TransferId, bucket_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import (
    AccountKind,
    AccountName,
    Balance,
    Leg,
    TransferDraft,
    TransferKind,
    name_account,
    owner_of,
)
from yikatong.payouts.service.settling import WRITER
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

LABEL = "payouts"


def budget_of(*, region: str, code: str) -> AccountName:
    """The budget account of a region under its code: the same name, the same account."""
    return name_account(owner_of("budget", f"{region}:{code}"), AccountKind.BUDGET, LABEL)


async def fund_budget(
    conn: Conn, *, budget: AccountName, amount_fen: int, reference: UUID, now: datetime, ids: Ids, bucket_count: int
) -> Balance:
    """Put money into a budget, opening it if need be; gives what it holds now. Refuses as the ledger's `post`.

    What the funder still owes us for it stands in the budget's funding account.
    """
    bucket = bucket_of(budget.owner_id, bucket_count)
    await ledger.open_account(conn, bucket=bucket, account=budget, now=now)
    funding = name_account(budget.owner_id, AccountKind.FUNDING, budget.label)
    draft = TransferDraft(
        TransferId(ids.new()), TransferKind.GRANT, reference, (Leg(funding, -amount_fen), Leg(budget, amount_fen))
    )
    await ledger.post(conn, bucket=bucket, writer=WRITER, draft=draft, now=now)
    return await get_budget(conn, budget=budget, now=now, bucket_count=bucket_count)


async def get_budget(conn: Conn, *, budget: AccountName, now: datetime, bucket_count: int) -> Balance:
    """What a budget holds. Refuses ACCOUNT_IS_UNKNOWN."""
    return await ledger.get_balance(conn, bucket=bucket_of(budget.owner_id, bucket_count), account=budget, now=now)
