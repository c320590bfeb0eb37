"""Looking at claims; the caller records each look."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service as programmes
from yikatong.trade_in.model import (
    PROGRAMME,
    ChainTerms,
    ClaimState,
    DecisionRow,
    DeedRow,
    KeptClaim,
    ListedClaim,
    Overnight,
    PreparedSale,
    Reason,
    Unmet,
)
from yikatong.trade_in.rules import sheets
from yikatong.trade_in.store import claims as claim_store
from yikatong.trade_in.store import deeds as deed_store
from yikatong.trade_in.store import sales as sale_store
from yikatong.trade_in.store import vehicles as vehicle_store

Conn = psycopg.AsyncConnection[Any]

_FIRST = UUID(int=0)


async def get_claim(conn: Conn, *, claim_id: UUID, bucket_count: int) -> KeptClaim:
    """One claim. Refuses CLAIM_IS_UNKNOWN."""
    found = await claim_store.find_claim(conn, bucket=bucket_of(claim_id, bucket_count), claim_id=claim_id)
    if found is None:
        raise Refused(Reason.CLAIM_IS_UNKNOWN)
    return found


def list_unmet(kept: KeptClaim, *, chain: ChainTerms, today: date) -> tuple[Unmet, ...]:
    """What the rule of the day of purchase wants first and nobody has recorded, for whoever sells or is about to.

    Of a claim that gathers its goods; nothing where no rule is in force on that day.
    """
    if kept.claim.state not in (ClaimState.QUALIFIED, ClaimState.REJECTED):
        return ()
    on = kept.claim.days.bought_on or today
    try:
        sheet = programmes.get_sheet(chain.shelf, programme=PROGRAMME, place=kept.place, on=on, known_on=today)
    except Refused:
        return ()
    return sheets.list_unmet(sheet, kept.claim, channel=kept.facts.get("channel", ""))


async def get_claim_of_code(conn: Conn, *, code: str, bucket_count: int) -> KeptClaim:
    """The claim for which a vehicle's code counts, as old or new. Refuses CLAIM_IS_UNKNOWN."""
    holder = await vehicle_store.find_code(conn, code=code)
    if holder is None:
        raise Refused(Reason.CLAIM_IS_UNKNOWN)
    return await get_claim(conn, claim_id=holder.claim_id, bucket_count=bucket_count)


async def list_claims_of_resident(conn: Conn, *, resident_id: ResidentId, bucket_count: int) -> tuple[KeptClaim, ...]:
    """A resident's claims, the newest first."""
    bucket = bucket_of(resident_id, bucket_count)
    return await claim_store.list_claims_of(conn, bucket=bucket, resident_id=resident_id)


async def list_claims(
    conn: Conn, *, place: str, state: ClaimState, bucket_count: int, after: UUID = _FIRST, limit: int = 100
) -> Sequence[ListedClaim]:
    """Claims of a place in one state after an id, in the order of their ids; asked of every bucket."""
    found: list[ListedClaim] = []
    for bucket in range(bucket_count):
        found += await claim_store.list_claims_at(
            conn, bucket=bucket, place=place, state=state, after=after, limit=limit
        )
    return sorted(found, key=lambda line: line.claim_id)[:limit]


async def list_without_plate(
    conn: Conn, *, place: str, bought_before: date, bucket_count: int, limit: int = 100
) -> Sequence[ListedClaim]:
    """Claims of a place whose new bike was sold before a day and is not registered yet, the oldest sale first."""
    found: list[ListedClaim] = []
    for bucket in range(bucket_count):
        found += await claim_store.list_claims_without_plate(
            conn, bucket=bucket, place=place, before=bought_before, limit=limit
        )
    return sorted(found, key=lambda line: (line.bought_on or date.max, line.claim_id))[:limit]


async def list_overnight_of_store(conn: Conn, *, store_id: UUID, today: date) -> Sequence[Overnight]:
    """Old lithium bikes that a store has kept overnight, the oldest first."""
    return await vehicle_store.list_overnight_of(conn, store_id=store_id, before=today)


async def list_overnight_at(conn: Conn, *, place: str, today: date, limit: int = 100) -> Sequence[Overnight]:
    """Old lithium bikes that stores have kept overnight at places whose code begins so, the oldest first."""
    return await vehicle_store.list_overnight_at(conn, place=place, before=today, limit=limit)


async def list_deeds(conn: Conn, *, claim_id: UUID, bucket_count: int) -> tuple[DeedRow, ...]:
    """What was done to a claim, in its order."""
    return await deed_store.list_deeds(conn, bucket=bucket_of(claim_id, bucket_count), claim_id=claim_id)


async def list_decisions(conn: Conn, *, claim_id: UUID, bucket_count: int) -> tuple[DecisionRow, ...]:
    """What was decided about a claim, the oldest first."""
    return await deed_store.list_decisions(conn, bucket=bucket_of(claim_id, bucket_count), claim_id=claim_id)


async def find_prepared_sale(conn: Conn, *, claim_id: UUID, bucket_count: int) -> PreparedSale | None:
    """The sale that waits to be paid under a claim, or None."""
    return await sale_store.find_prepared_sale(conn, bucket=bucket_of(claim_id, bucket_count), claim_id=claim_id)
