"""What runs by itself: qualifications end, rests go back into their budgets, codes that nobody counts become free."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards.model import Vault
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import digest_id
from yikatong.plumbing.ids import Ids
from yikatong.trade_in.model import Act, Acted, Actor, ChainTerms, Deed, Order, Spending
from yikatong.trade_in.rules.vehicles import list_spendings
from yikatong.trade_in.service.acting import act
from yikatong.trade_in.service.moving_money import release
from yikatong.trade_in.service.offices import Office, lock_claim
from yikatong.trade_in.service.preparing import cancel_waiting
from yikatong.trade_in.store import claims as claim_store
from yikatong.trade_in.store import sales as sale_store
from yikatong.trade_in.store import vehicles as vehicle_store

Conn = psycopg.AsyncConnection[Any]

PLATFORM = UUID(int=0)
"""Who acts when the platform does."""


async def list_ended(conn: Conn, *, bucket: int, today: date, chain: ChainTerms, limit: int) -> list[UUID]:
    """Claims of one bucket whose qualification has ended, the oldest first.

    One whose coupon a bank took in time waits for its sale to be entered, as long as a sale may be claimed.
    """
    used_before = today - chain.claim_term
    return await claim_store.list_claims_that_ended(
        conn, bucket=bucket, today=today, used_before=used_before, limit=limit
    )


async def expire(
    conn: Conn, *, claim_id: UUID, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids
) -> Acted | Refused:
    """Let a qualification end that nobody used in time. Refuses as `act`; what was submitted meanwhile stays."""
    office = Office(chain, vault, now, ids)
    kept = await lock_claim(conn, claim_id=claim_id, office=office)
    request_id = digest_id(b"trade-in expiry", claim_id.bytes, kept.version.to_bytes(4), time_of=claim_id)
    deed = Deed(act=Act.EXPIRE, actor=Actor.PLATFORM, by=PLATFORM, on=office.today)
    order = Order(request_id=request_id, claim_id=claim_id, deed=deed)
    return await act(conn, order=order, chain=chain, vault=vault, now=now, ids=ids)


async def list_to_release(conn: Conn, *, bucket: int, limit: int) -> list[UUID]:
    """Claims of one bucket in whose account money lies that was released."""
    return await claim_store.list_claims_to_release(conn, bucket=bucket, limit=limit)


async def release_rest(conn: Conn, *, claim_id: UUID, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids) -> int:
    """Give what a purchase left of a claim's money back into its budget; how much it was, 0 when nothing was left."""
    office = Office(chain, vault, now, ids)
    kept = await lock_claim(conn, claim_id=claim_id, office=office)
    fen = kept.to_release_fen
    if fen == 0:
        return 0
    about = digest_id(b"rest", claim_id.bytes, kept.version.to_bytes(4), time_of=claim_id)
    await release(conn, kept=kept, fen=fen, about=about, office=office)
    won = await claim_store.mark_claim_released(conn, bucket=kept.bucket, claim_id=claim_id, fen=fen)
    assert won, "the claim is locked"
    return fen


async def list_stale_codes(conn: Conn, *, now: datetime, limit: int) -> Sequence[Spending]:
    """Codes that were claimed and that no claim counts, past their term."""
    return await vehicle_store.list_codes_past_their_term(conn, now=now, limit=limit)


async def settle_code(
    conn: Conn, *, spending: Spending, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids
) -> bool:
    """Ask a claim whether it counts a code, and free the code if it does not; whether it was freed.

    The claim's gate is locked first, so that whoever still counts the code has done so, or finds it gone.
    """
    office = Office(chain, vault, now, ids)
    if await _counts(conn, spending, office=office):
        await vehicle_store.count_codes(conn, held=[(spending.code, spending.claim_id)])
        return False
    await vehicle_store.give_held_codes_back(conn, held=[(spending.code, spending.claim_id)])
    return True


async def _counts(conn: Conn, spending: Spending, *, office: Office) -> bool:
    bucket = office.bucket_of(spending.claim_id)
    if await claim_store.find_claimant(conn, bucket=bucket, claim_id=spending.claim_id) is None:
        # Whoever writes this claim later locks the code's row first, and does not find it.
        return False
    kept = await lock_claim(conn, claim_id=spending.claim_id, office=office)
    waiting = await sale_store.find_prepared_sale(conn, bucket=bucket, claim_id=spending.claim_id)
    is_waiting = waiting is not None and waiting.new_code == spending.code
    return is_waiting or spending in list_spendings(kept.claim)


async def list_stale_sales(conn: Conn, *, bucket: int, before: date, limit: int) -> list[UUID]:
    """Claims of one bucket whose sale was entered before a day and was not paid."""
    return await sale_store.list_stale_sales(conn, bucket=bucket, before=before, limit=limit)


async def drop_stale_sale(
    conn: Conn, *, claim_id: UUID, before: date, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids
) -> bool:
    """Take back a sale that was entered before a day and was not paid; whether one was."""
    office = Office(chain, vault, now, ids)
    kept = await lock_claim(conn, claim_id=claim_id, office=office)
    waiting = await sale_store.find_prepared_sale(conn, bucket=kept.bucket, claim_id=claim_id)
    if waiting is None or waiting.bought_on >= before:
        return False
    await cancel_waiting(conn, kept=kept, now=now)
    return True
