"""What a provider owes beyond its receivable, and how much of it the receivable still takes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import TransferId
from yikatong.ledger.batch import load_open_totals, lock_open_gates
from yikatong.ledger.model import AccountName, Leg, TransferDraft, TransferKind
from yikatong.ledger.service.posting import post
from yikatong.ledger.service.reading import find_transfers
from yikatong.ledger.service.working import COMMANDS
from yikatong.plumbing.statements import run_in_order

Conn = psycopg.AsyncConnection[Any]


async def net_debt(
    conn: Conn,
    *,
    bucket: int,
    receivable: AccountName,
    debt: AccountName,
    amount_fen: int,
    limit_fen: int,
    transfer_id: TransferId,
    reference: UUID,
    now: datetime,
) -> int:
    """Take a debt, or as much of it as may be, out of a receivable; gives how much it was, once per transfer id.

    The receivable falls below zero, but not below its limit: what is left stays on the debt. Refuses as `post`.
    """
    await run_in_order(conn, [lock_open_gates(bucket=bucket, accounts=[receivable])])
    known = await find_transfers(conn, bucket=bucket, transfer_ids=[transfer_id])
    if transfer_id in known:
        return max(known[transfer_id].legs)
    found = await run_in_order(conn, [load_open_totals(bucket=bucket, accounts=[receivable])])
    receivable_fen = int(sum(total.posted_fen for total in found[0].rows))
    netted_fen = min(amount_fen, max(0, receivable_fen + limit_fen))
    if netted_fen > 0:
        legs = (Leg(receivable, -netted_fen), Leg(debt, netted_fen))
        draft = TransferDraft(transfer_id, TransferKind.DEBT, reference, legs)
        await post(conn, bucket=bucket, writer=COMMANDS, draft=draft, now=now)
    return netted_fen
