"""A claim that goes back, or ends, while it stands on a roster leaves the roster in the same commit."""

from typing import Any

import psycopg

from yikatong.payouts import service as payouts
from yikatong.trade_in.model import Claim, ClaimState, KeptClaim
from yikatong.trade_in.service.offices import Office
from yikatong.trade_in.store import paying as store

Conn = psycopg.AsyncConnection[Any]

REVIEWED = frozenset({ClaimState.CHECKED, ClaimState.PUBLISHED})
"""States in which a claim may stand on a roster whose money it has not been handed."""


async def leave_roster(conn: Conn, *, kept: KeptClaim, claim: Claim, office: Office) -> bool:
    """Take a claim off its roster when it is sent back, returned or clawed back before it was approved; whether it was.

    Whoever reads the public list does not find it there any more, and it may stand on another roster once it was
    mended. Refuses as payouts' `give_payment_up`.
    """
    if kept.claim.state not in REVIEWED or claim.state in REVIEWED | {ClaimState.APPROVED}:
        return False
    roster_id = await store.find_rostered(conn, bucket=kept.bucket, claim_id=claim.claim_id)
    if roster_id is None:
        return False
    await payouts.give_payment_up(
        conn,
        bucket=kept.bucket,
        resident_id=claim.resident_id,
        roster_id=roster_id,
        reference=claim.claim_id,
        now=office.now,
        ids=office.ids,
        bucket_count=office.chain.bucket_count,
    )
    return await store.delete_rostered(conn, bucket=kept.bucket, claim_id=claim.claim_id, roster_id=roster_id)
