"""Statements about sales that wait to be paid; those of a tap batch are given as values."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.plumbing import wire
from yikatong.plumbing.pipeline import Statement, as_tuple
from yikatong.plumbing.rows import columns_of
from yikatong.trade_in.model import DeedRow, PreparedSale, SaleAtTill
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


async def list_waiting_codes(conn: Conn) -> list[tuple[str, UUID]]:
    """The new bikes of sales that wait to be paid, over all buckets, with their claims."""
    cursor = await conn.execute(STATEMENTS["audit_waiting_sales"])
    return [(code, claim_id) for code, claim_id in await cursor.fetchall()]


async def list_stale_sales(conn: Conn, *, bucket: int, before: date, limit: int) -> list[UUID]:
    """Claims of one bucket whose prepared sale is of a day before one."""
    return await STATEMENTS.list_column(conn, "list_stale_sales", bucket=bucket, before=before, limit=limit)


def load_sales(*, bucket: int, resident_ids: Sequence[UUID]) -> Statement[SaleAtTill]:
    """The entered sales of some residents, waiting or paid, each with its claim."""
    return Statement(STATEMENTS["load_sales"], (wire.int2(bucket), wire.uuid_array(resident_ids)), _sale_at_till)


def _sale_at_till(*columns: Any) -> SaleAtTill:
    kept = claim_of(dict(zip(CLAIM_COLUMNS, columns[:_CLAIM], strict=True)))
    sale = PreparedSale(**dict(zip(PreparedSale.__struct_fields__, columns[_CLAIM:], strict=True)))
    return SaleAtTill(kept=kept, sale=sale, version_read=kept.version)


def write_sales(*, bucket: int, sales: Sequence[SaleAtTill], now: datetime) -> list[Statement[Any]]:
    """Write what a batch of taps did to claims and their sales; fails with BatchMustRerun when others were first."""
    standing = [one for one in sales if not one.is_over]
    over = [one for one in sales if one.is_over]
    deeds = [deed for one in sales for deed in one.deeds]
    statements = [_write_claims(bucket, sales, now=now), _write_deeds(bucket, deeds, now=now)]
    if standing:
        params = (
            *_counted(bucket, standing),
            wire.uuid_array([one.sale.claim_id for one in standing]),
            wire.uuid_array([one.sale.tap_id for one in standing]),
        )
        statements.append(Statement(STATEMENTS["write_taps_of_sales"], params, as_tuple))
    if over:
        ended = (*_counted(bucket, over), wire.uuid_array([one.sale.claim_id for one in over]))
        statements.append(Statement(STATEMENTS["end_sales"], ended, as_tuple))
    return statements


def _counted(bucket: int, sales: Sequence[SaleAtTill]) -> tuple[wire.Param, ...]:
    return (wire.int2(bucket), wire.int8(len(sales)))


def _write_claims(bucket: int, sales: Sequence[SaleAtTill], *, now: datetime) -> Statement[Any]:
    claims = [one.kept.claim for one in sales]
    money = [claim.money for claim in claims]
    params = (
        *_counted(bucket, sales),
        wire.instant(now),
        wire.uuid_array([claim.claim_id for claim in claims]),
        wire.int4_array([one.version_read for one in sales]),
        wire.int4_array([one.kept.version for one in sales]),
        wire.text_array([claim.state.value for claim in claims]),
        wire.text_array([claim.new.value for claim in claims]),
        wire.text_array([claim.new_code for claim in claims]),
        wire.day_array([claim.days.bought_on for claim in claims]),
        wire.day_array([claim.days.returned_on for claim in claims]),
        wire.int8_array([claim.price_fen for claim in claims]),
        wire.int8_array([claim.amount_fen for claim in claims]),
        wire.int8_array([fen.held_fen for fen in money]),
        wire.int8_array([fen.paid_fen for fen in money]),
        wire.int8_array([fen.owed_back_fen for fen in money]),
        wire.int8_array([fen.released_fen for fen in money]),
        wire.int8_array([fen.reclaimed_fen for fen in money]),
        wire.int8_array([one.kept.to_release_fen for one in sales]),
        wire.day_array([claim.valid_until for claim in claims]),
        wire.uuid_array([claim.store_id for claim in claims]),
    )
    return Statement(STATEMENTS["write_claims_of_sales"], params, as_tuple)


def _write_deeds(bucket: int, deeds: Sequence[DeedRow], *, now: datetime) -> Statement[Any]:
    params = (
        wire.int2(bucket),
        wire.text_array([state for deed in deeds for state in deed.states_before]),
        wire.text_array([state for deed in deeds for state in deed.states_after]),
        wire.instant(now),
        wire.uuid_array([deed.request_id for deed in deeds]),
        wire.uuid_array([deed.claim_id for deed in deeds]),
        wire.uuid_array([deed.resident_id for deed in deeds]),
        wire.int4_array([deed.number for deed in deeds]),
        wire.bytea_array([deed.digest for deed in deeds]),
        wire.text_array([deed.act for deed in deeds]),
        wire.text_array([deed.actor for deed in deeds]),
        wire.uuid_array([deed.by_id for deed in deeds]),
        wire.day_array([deed.done_on for deed in deeds]),
        wire.int8_array([deed.fen for deed in deeds]),
        wire.int8_array([deed.price_fen for deed in deeds]),
        wire.text_array([deed.new_code for deed in deeds]),
        wire.day_array([deed.until_on for deed in deeds]),
        wire.uuid_array([deed.decision_id for deed in deeds]),
        wire.int4_array([4 * number + 1 for number in range(len(deeds))]),
    )
    return Statement(STATEMENTS["write_deeds_of_sales"], params, as_tuple)
