"""At the counter: cash that is paid into a purse."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.cards import service as cards
from yikatong.cards.model import Card, Resident
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Item
from yikatong.desk import store
from yikatong.desk.model import PurseToppedUp, TopUp
from yikatong.desk.rules import TOP_UP_ITEM, verify_top_up, verify_top_up_item
from yikatong.desk.service.counter import purse_of
from yikatong.kernel.ids import OperatorId, TransferId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def top_up_purse(
    conn: Conn, *, resident: Resident, amount_fen: int, operator_id: OperatorId, now: datetime, ids: Ids
) -> PurseToppedUp:
    """Pay cash into a purse. The counter belongs to the card's bank, which took the cash and owes it from now on.

    It is the item `purse-topup` of the resident's region, served by the desk, and recorded under that entry with its
    rule. Refuses, in this order: TOP_UP_IS_NOT_OFFERED, TOP_UP_IS_OVER_THE_ITEM_MAXIMUM, RESIDENT_IS_NOT_KNOWN, why the
    card is not in order, PURSE_WOULD_HOLD_TOO_MUCH, then as `ledger.top_up_purse`.
    """
    item = await catalogue.find_item(conn, region=resident.region, code=TOP_UP_ITEM, on=day_of(now))
    item = verify_top_up_item(item, amount_fen=amount_fen)
    card = await _lock_card(conn, resident=resident, now=now)
    account = purse_of(resident.id)
    before = await ledger.get_balance(conn, bucket=resident.bucket, account=account, now=now)
    verify_top_up(amount_fen, posted_fen=before.posted_fen)
    top_up = _write_up(
        item, card=card, amount_fen=amount_fen, transfer_id=TransferId(ids.new()), operator_id=operator_id, now=now
    )
    await ledger.top_up_purse(
        conn,
        bucket=resident.bucket,
        resident_id=resident.id,
        bank_code=card.bank_code,
        amount_fen=amount_fen,
        transfer_id=top_up.transfer_id,
        reference=card.id,
        now=now,
    )
    await store.insert_top_up(conn, top_up=top_up)
    after = await ledger.get_balance(conn, bucket=resident.bucket, account=account, now=now)
    return PurseToppedUp(top_up=top_up, available_fen=after.available_fen)


async def _lock_card(conn: Conn, *, resident: Resident, now: datetime) -> Card:
    """The card of a resident whose gate is locked, if it may be used."""
    bucket, resident_id = resident.bucket, resident.id
    await cards.lock_gate(conn, bucket=bucket, resident_id=resident_id)
    holder = await cards.get_holder(conn, bucket=bucket, resident_id=resident_id, on=day_of(now))
    refused = cards.decide_card_of(holder)
    if refused is not None:
        raise Refused(refused)
    return await cards.get_card(conn, bucket=bucket, resident_id=resident_id)


def _write_up(
    item: Item, *, card: Card, amount_fen: int, transfer_id: TransferId, operator_id: OperatorId, now: datetime
) -> TopUp:
    return TopUp(
        bucket=card.bucket,
        transfer_id=transfer_id,
        resident_id=card.resident_id,
        card_id=card.id,
        region=item.region,
        item=item.code,
        list_version=item.list_version,
        rule=item.clause,
        amount_fen=amount_fen,
        operator_id=operator_id,
        paid_at=now,
    )
