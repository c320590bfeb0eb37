"""Statements about sales that wait to be paid; those of a tap batch are given as values."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.plumbing import wire
from yikatong.plumbing.pipeline import Statement, as_tuple
from yikatong.plumbing.rows import columns_of
from yikatong.trade_in.model import DeedRow, KeptClaim, Prepared, PreparedSale, Sold
from yikatong.trade_in.store.claims import CLAIM_COLUMNS, claim_of
from yikatong.trade_in.store.statements import STATEMENTS

Conn = psycopg.AsyncConnection[Any]

_CLAIM = len(CLAIM_COLUMNS)


async def insert_prepared_sale(conn: Conn, *, sale: PreparedSale) -> None:
    """Write a sale that waits to be paid."""
    await STATEMENTS.run(conn, "insert_prepared_sale", **columns_of(sale))


async def find_prepared_sale(conn: Conn, *, bucket: int, claim_id: UUID) -> PreparedSale | None:
    """The sale that waits under a claim."""
    return await STATEMENTS.find_one(conn, "find_prepared_sale", PreparedSale, bucket=bucket, claim_id=claim_id)


async def delete_prepared_sale(conn: Conn, *, bucket: int, claim_id: UUID) -> str | None:
    """Take back the sale that waits under a claim; gives the new bike's code, None when none waited."""
    codes = await STATEMENTS.list_column(conn, "delete_prepared_sale", bucket=bucket, claim_id=claim_id)
    return codes[0] if codes else None


async def list_stale_sales(conn: Conn, *, bucket: int, before: date, limit: int) -> list[UUID]:
    """Claims of one bucket whose prepared sale is of a day before one."""
    return await STATEMENTS.list_column(conn, "list_stale_sales", bucket=bucket, before=before, limit=limit)


def load_prepared_sales(*, bucket: int, resident_ids: Sequence[UUID]) -> Statement[Prepared]:
    """The sales that wait for some residents, each with its claim, locked."""
    return Statement(STATEMENTS["load_prepared_sales"], (wire.int2(bucket), wire.uuid_array(resident_ids)), _prepared)


def _prepared(*columns: Any) -> Prepared:
    kept: KeptClaim = claim_of(dict(zip(CLAIM_COLUMNS, columns[:_CLAIM], strict=True)))
    fields = dict(zip(PreparedSale.__struct_fields__, columns[_CLAIM:], strict=True))
    return Prepared(kept, PreparedSale(**fields))


def write_sales(*, bucket: int, sold: Sequence[Sold], deeds: Sequence[DeedRow], now: datetime) -> list[Statement[Any]]:
    """Write that prepared sales were paid: claims, their deeds, and that nothing waits any more."""
    count = wire.int8(len(sold))
    claim_ids = wire.uuid_array([one.sale.claim_id for one in sold])
    claims = (
        wire.int2(bucket),
        count,
        wire.instant(now),
        claim_ids,
        wire.int8_array([one.before.version for one in sold]),
        wire.text_array([one.sale.new_code for one in sold]),
        wire.day_array([one.deed.on for one in sold]),
        wire.int8_array([one.sale.price_fen for one in sold]),
        wire.int8_array([one.sale.subsidy_fen for one in sold]),
        wire.int8_array([one.before.claim.money.held_fen - one.sale.subsidy_fen for one in sold]),
        wire.day_array([one.after.claim.valid_until for one in sold]),
        wire.uuid_array([one.sale.provider_id for one in sold]),
    )
    told = (
        wire.int2(bucket),
        wire.instant(now),
        wire.uuid_array([deed.request_id for deed in deeds]),
        wire.uuid_array([deed.claim_id for deed in deeds]),
        wire.uuid_array([deed.resident_id for deed in deeds]),
        wire.int8_array([deed.number for deed in deeds]),
        wire.bytea_array([deed.digest for deed in deeds]),
        wire.uuid_array([deed.by_id for deed in deeds]),
        wire.day_array([deed.done_on for deed in deeds]),
        wire.int8_array([deed.fen for deed in deeds]),
        wire.int8_array([deed.price_fen for deed in deeds]),
        wire.text_array([deed.new_code for deed in deeds]),
        wire.day_array([deed.until_on for deed in deeds]),
        wire.text_array([deed.states_before[0] for deed in deeds]),
        wire.text_array([deed.states_before[1] for deed in deeds]),
        wire.text_array([deed.states_before[2] for deed in deeds]),
        wire.uuid_array([deed.decision_id for deed in deeds]),
    )
    return [
        Statement(STATEMENTS["write_sold_claims"], claims, as_tuple),
        Statement(STATEMENTS["end_prepared_sales"], (wire.int2(bucket), count, claim_ids), as_tuple),
        Statement(STATEMENTS["write_sale_deeds"], told, as_tuple),
    ]
