"""Coupons, as the bank that takes them meets them: which may be used, and what the bank says of one that was."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.statements import run_in_order
from yikatong.programmes.model import Sheet
from yikatong.sealing import service as sealing
from yikatong.trade_in.model import PROGRAMME, Act, ChainTerms, Coupon, CouponUse, CouponUseRow, KeptClaim, Reason
from yikatong.trade_in.rules.coupons import find_coupon, verify_use
from yikatong.trade_in.rules.leaves import leaf_of_coupon_use
from yikatong.trade_in.rules.sheets import is_coupon
from yikatong.trade_in.service.offices import Office, lock_claim
from yikatong.trade_in.store import coupons as store

Conn = psycopg.AsyncConnection[Any]


class UsableCoupon(NamedTuple):
    """A coupon that may be used: whose claim's, how much it gives at most."""

    claim_id: UUID
    most_fen: int
    coupon: Coupon


async def find_coupon_of(conn: Conn, *, kept: KeptClaim, chain: ChainTerms) -> Coupon | None:
    """A claim's coupon with its use; None where its sheet gives none."""
    sheet = _sheets(chain).get(kept.sheet)
    if sheet is None or not is_coupon(sheet):
        return None
    use = await store.find_coupon_use(conn, bucket=kept.bucket, claim_id=kept.claim.claim_id)
    return _coupon_of(kept.facts, sheet, chain=chain, use=use)


async def list_usable_coupons(
    conn: Conn, *, place: str, chain: ChainTerms, after: UUID, limit: int
) -> list[UsableCoupon]:
    """Coupons of a place's qualified claims that no bank has taken, after an id, in the order of their ids."""
    sheets = _sheets(chain)
    of_coupons = [name for name, sheet in sheets.items() if is_coupon(sheet)]
    found = [
        listed
        for bucket in range(chain.bucket_count)
        for listed in await store.list_coupons(
            conn, bucket=bucket, place=place, sheets=of_coupons, after=after, limit=limit
        )
    ]
    found.sort(key=lambda listed: listed.claim_id)
    usable = []
    for listed in found[:limit]:
        coupon = _coupon_of(listed.facts, sheets[listed.sheet], chain=chain, use=None)
        assert coupon is not None, "a claim that was qualified under such a sheet says when its coupon was taken"
        usable.append(UsableCoupon(listed.claim_id, listed.held_fen, coupon))
    return usable


async def use_coupon(conn: Conn, *, claim_id: UUID, use: CouponUse, under: Office) -> tuple[KeptClaim, Coupon, Change]:
    """Keep what a bank says of a coupon that it took, once; the claim itself does not move.

    Refuses CLAIM_IS_UNKNOWN, then as `verify_use`.
    """
    kept = await lock_claim(conn, claim_id=claim_id, office=under)
    before = await find_coupon_of(conn, kept=kept, chain=under.chain)
    change = verify_use(kept, before, use, today=under.today)
    assert before is not None, "what has no coupon was refused"
    if change is Change.ALREADY_SO:
        return kept, before, change
    row = CouponUseRow(
        bucket=kept.bucket,
        claim_id=claim_id,
        resident_id=kept.claim.resident_id,
        bank_id=use.bank_id,
        used_on=use.used_on,
        price_fen=use.price_fen,
        reference=use.reference,
        made_at=under.now,
    )
    await store.insert_coupon_use(conn, row=row)
    await run_in_order(conn, [sealing.leaving([leaf_of_coupon_use(row)], now=under.now)])
    return kept, structs.replace(before, use=row), change


async def verify_not_taken(conn: Conn, *, kept: KeptClaim, act: Act, office: Office) -> KeptClaim:
    """A claim that may be given up or end unused: no bank has taken its coupon, or so long ago that no sale comes.

    A used coupon counts as used, also of a trade that was cancelled. Refuses COUPON_WAS_USED for WITHDRAW and EXPIRE.
    """
    if act not in (Act.WITHDRAW, Act.EXPIRE):
        return kept
    use = await store.find_coupon_use(conn, bucket=kept.bucket, claim_id=kept.claim.claim_id)
    if use is not None and office.today < use.used_on + office.chain.claim_term:
        raise Refused(Reason.COUPON_WAS_USED, used_on=use.used_on.isoformat())
    return kept


def _coupon_of(facts: Mapping[str, str], sheet: Sheet, *, chain: ChainTerms, use: CouponUseRow | None) -> Coupon | None:
    return find_coupon(facts, sheet, days=chain.qualification_days, use=use)


def _sheets(chain: ChainTerms) -> dict[str, Sheet]:
    return {sheet.name: sheet for sheet in chain.shelf.sheets_of(PROGRAMME)}
