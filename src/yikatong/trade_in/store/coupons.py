"""Statements about coupons and what banks say of their use."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from yikatong.plumbing.rows import columns_of
from yikatong.trade_in.model import CouponUseRow, ListedCoupon
from yikatong.trade_in.store.statements import STATEMENTS

Conn = psycopg.AsyncConnection[Any]
_decode = msgspec.json.Decoder(dict[str, str]).decode


async def insert_coupon_use(conn: Conn, *, row: CouponUseRow) -> bool:
    """Keep a coupon's use; False when a use of the claim is kept already."""
    return await STATEMENTS.hits(conn, "insert_coupon_use", **columns_of(row))


async def find_coupon_use(conn: Conn, *, bucket: int, claim_id: UUID) -> CouponUseRow | None:
    """What a bank said of the use of a claim's coupon, or None."""
    return await STATEMENTS.find_one(conn, "find_coupon_use", CouponUseRow, bucket=bucket, claim_id=claim_id)


async def list_coupons(
    conn: Conn, *, bucket: int, place: str, sheets: Sequence[str], after: UUID, limit: int
) -> list[ListedCoupon]:
    """Claims of one bucket and place under some sheets whose coupon may be used, after one id."""
    rows = await STATEMENTS.run(
        conn, "list_coupons", bucket=bucket, place=place, sheets=list(sheets), after=after, limit=limit
    )
    return [ListedCoupon(**{**row, "facts": _decode(row["facts"])}) for row in rows]


async def page_coupon_uses(conn: Conn, *, bucket: int, claim_id: UUID, limit: int) -> tuple[CouponUseRow, ...]:
    """Uses of coupons of all buckets after one."""
    return await STATEMENTS.list_all(
        conn, "page_coupon_uses", CouponUseRow, bucket=bucket, claim_id=claim_id, limit=limit
    )


async def list_uses_of_no_claim(conn: Conn) -> list[UUID]:
    """Claims of which a coupon's use is kept, and which there are not or which are another resident's."""
    return await STATEMENTS.list_column(conn, "audit_coupon_uses")
