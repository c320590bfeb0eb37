"""At the counter: cash that is paid into a purse."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.cards import service as cards
from yikatong.desk.model import PurseToppedUp
from yikatong.desk.rules import verify_top_up
from yikatong.desk.service.counter import purse_of
from yikatong.kernel.ids import ResidentId, TransferId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def top_up_purse(
    conn: Conn, *, bucket: int, resident_id: ResidentId, amount_fen: int, now: datetime, ids: Ids
) -> PurseToppedUp:
    """Pay cash into a purse. The counter belongs to the card's bank, which took the cash and owes it from now on.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, why the card is not in order, PURSE_WOULD_HOLD_TOO_MUCH, then as
    `ledger.top_up_purse`.
    """
    await cards.lock_gate(conn, bucket=bucket, resident_id=resident_id)
    holder = await cards.get_holder(conn, bucket=bucket, resident_id=resident_id, on=day_of(now))
    refused = cards.decide_card_of(holder)
    if refused is not None:
        raise Refused(refused)
    card = await cards.get_card(conn, bucket=bucket, resident_id=resident_id)
    account = purse_of(resident_id)
    before = await ledger.get_balance(conn, bucket=bucket, account=account, now=now)
    verify_top_up(amount_fen, posted_fen=before.posted_fen)
    transfer_id = TransferId(ids.new())
    await ledger.top_up_purse(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        bank_code=card.bank_code,
        amount_fen=amount_fen,
        transfer_id=transfer_id,
        reference=card.id,
        now=now,
    )
    after = await ledger.get_balance(conn, bucket=bucket, account=account, now=now)
    return PurseToppedUp(transfer_id=transfer_id, available_fen=after.available_fen)
