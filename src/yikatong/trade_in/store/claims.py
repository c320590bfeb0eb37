"""Statements about claims and how often a person counts."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from yikatong.kernel.ids import ResidentId
from yikatong.trade_in.model import (
    Battery,
    Claim,
    ClaimState,
    Days,
    KeptClaim,
    ListedClaim,
    Mode,
    Money,
    NewState,
    OldState,
    PlateState,
    Step,
    Terms,
)
from yikatong.trade_in.store.statements import STATEMENTS

Conn = psycopg.AsyncConnection[Any]

DAYS = Days.__struct_fields__
MONEY = Money.__struct_fields__
CLAIM_COLUMNS = (
    "bucket",
    "claim_id",
    "resident_id",
    "version",
    "place",
    "sheet",
    "count_key",
    "budget",
    "places",
    "facts",
    "mode",
    "needs",
    "old_code",
    "old_battery",
    "new_code",
    "state",
    "old_state",
    "plate_state",
    "new_state",
    "received_on",
    "collected_on",
    "dismantled_on",
    "cancelled_on",
    "bought_on",
    "registered_on",
    "returned_on",
    "reserved_fen",
    "held_fen",
    "paid_fen",
    "owed_back_fen",
    "released_fen",
    "reclaimed_fen",
    "to_release_fen",
    "sent_fen",
    "amount_fen",
    "price_fen",
    "valid_until",
    "public_until",
    "old_store_id",
    "recycler_id",
    "store_id",
    "proof",
    "was_resumed",
    "made_at",
    "changed_at",
)
"""The columns of a claim in the order in which every statement that reads it whole names them."""
_FACTS = msgspec.json.Decoder(dict[str, str])
_encode = msgspec.json.Encoder(order="sorted").encode


def claim_of(row: Mapping[str, Any]) -> KeptClaim:
    """A claim from the columns of its row."""
    claim = Claim(
        claim_id=row["claim_id"],
        resident_id=row["resident_id"],
        terms=Terms(mode=Mode(row["mode"]), needs=frozenset(Step(step) for step in row["needs"])),
        old_code=row["old_code"],
        old_battery=Battery(row["old_battery"]),
        new_code=row["new_code"],
        state=ClaimState(row["state"]),
        old=OldState(row["old_state"]),
        plate=PlateState(row["plate_state"]),
        new=NewState(row["new_state"]),
        days=Days(**{name: row[name] for name in DAYS}),
        money=Money(**{name: row[name] for name in MONEY}),
        amount_fen=row["amount_fen"],
        price_fen=row["price_fen"],
        valid_until=row["valid_until"],
        public_until=row["public_until"],
        old_store_id=row["old_store_id"],
        recycler_id=row["recycler_id"],
        store_id=row["store_id"],
        was_resumed=row["was_resumed"],
    )
    kept = {name: row[name] for name in KeptClaim.__struct_fields__ if name not in ("claim", "facts")}
    return KeptClaim(claim=claim, facts=_FACTS.decode(row["facts"]), **kept)


def columns_of_claim(kept: KeptClaim) -> dict[str, Any]:
    """The columns of a claim's row."""
    claim = kept.claim
    columns = {name: getattr(kept, name) for name in KeptClaim.__struct_fields__ if name not in ("claim", "facts")}
    columns |= {name: getattr(claim.days, name) for name in DAYS}
    columns |= {name: getattr(claim.money, name) for name in MONEY}
    return columns | {
        "claim_id": claim.claim_id,
        "resident_id": claim.resident_id,
        "facts": _encode(dict(kept.facts)).decode(),
        "mode": claim.terms.mode.value,
        "needs": sorted(step.value for step in claim.terms.needs),
        "old_code": claim.old_code,
        "old_battery": claim.old_battery.value,
        "new_code": claim.new_code,
        "state": claim.state.value,
        "old_state": claim.old.value,
        "plate_state": claim.plate.value,
        "new_state": claim.new.value,
        "amount_fen": claim.amount_fen,
        "price_fen": claim.price_fen,
        "valid_until": claim.valid_until,
        "public_until": claim.public_until,
        "old_store_id": claim.old_store_id,
        "recycler_id": claim.recycler_id,
        "store_id": claim.store_id,
        "was_resumed": claim.was_resumed,
    }


async def insert_claims(conn: Conn, *, kept: Sequence[KeptClaim]) -> None:
    """Write new claims."""
    async with conn.cursor() as cursor:
        await cursor.executemany(STATEMENTS["insert_claim"], [columns_of_claim(one) for one in kept])


async def find_claim(conn: Conn, *, bucket: int, claim_id: UUID) -> KeptClaim | None:
    """One claim."""
    return _first(await STATEMENTS.run(conn, "find_claim", bucket=bucket, claim_id=claim_id))


async def find_claimant(conn: Conn, *, bucket: int, claim_id: UUID) -> ResidentId | None:
    """Whose a claim is, or None where there is no such claim."""
    found = await STATEMENTS.list_column(conn, "find_claimant", bucket=bucket, claim_id=claim_id)
    return found[0] if found else None


async def lock_claim(conn: Conn, *, bucket: int, claim_id: UUID) -> KeptClaim | None:
    """One claim, locked."""
    return _first(await STATEMENTS.run(conn, "lock_claim", bucket=bucket, claim_id=claim_id))


async def list_claims_of(conn: Conn, *, bucket: int, resident_id: UUID) -> tuple[KeptClaim, ...]:
    """The claims of one resident, the newest first."""
    return _all(await STATEMENTS.run(conn, "list_claims_of", bucket=bucket, resident_id=resident_id))


async def list_claims_by_ids(conn: Conn, *, bucket: int, claim_ids: Sequence[UUID]) -> tuple[KeptClaim, ...]:
    """Claims by their ids."""
    return _all(await STATEMENTS.run(conn, "list_claims_by_ids", bucket=bucket, claim_ids=list(claim_ids)))


async def list_claims_at(
    conn: Conn, *, bucket: int, place: str, state: ClaimState, after: UUID, limit: int
) -> tuple[ListedClaim, ...]:
    """Claims of one bucket and place in one state after one id."""
    return await STATEMENTS.list_all(
        conn, "list_claims_at", ListedClaim, bucket=bucket, place=place, state=state.value, after=after, limit=limit
    )


async def list_claims_without_plate(
    conn: Conn, *, bucket: int, place: str, before: date, limit: int
) -> tuple[ListedClaim, ...]:
    """Claims of one bucket and place whose new bike was sold before a day and has no plate yet."""
    return await STATEMENTS.list_all(
        conn, "list_claims_without_plate", ListedClaim, bucket=bucket, place=place, before=before, limit=limit
    )


async def list_claims_that_ended(conn: Conn, *, bucket: int, today: date, used_before: date, limit: int) -> list[UUID]:
    """Claims of one bucket whose qualification has ended on a day."""
    return await STATEMENTS.list_column(
        conn, "list_claims_that_ended", bucket=bucket, today=today, used_before=used_before, limit=limit
    )


async def list_claims_to_release(conn: Conn, *, bucket: int, limit: int) -> list[UUID]:
    """Claims of one bucket in whose account money lies that was released."""
    return await STATEMENTS.list_column(conn, "list_claims_to_release", bucket=bucket, limit=limit)


async def update_claim(conn: Conn, *, kept: KeptClaim, version_before: int) -> bool:
    """Write how a locked claim stands now; False when it has another version than the one that was read."""
    return await STATEMENTS.hits(conn, "update_claim", **columns_of_claim(kept), version_before=version_before)


async def mark_claim_released(conn: Conn, *, bucket: int, claim_id: UUID, fen: int) -> bool:
    """Say that what was released of a locked claim has left its account."""
    return await STATEMENTS.hits(conn, "mark_claim_released", bucket=bucket, claim_id=claim_id, fen=fen)


async def mark_claim_resumed(conn: Conn, *, bucket: int, claim_id: UUID) -> bool:
    """Say that a later claim has the goods of one; False when another had them before."""
    return await STATEMENTS.hits(conn, "mark_claim_resumed", bucket=bucket, claim_id=claim_id)


async def mark_claim_sent(conn: Conn, *, bucket: int, claim_id: UUID, sent_fen: int, sent_before_fen: int) -> bool:
    """Say how much of a locked claim lies with payouts."""
    return await STATEMENTS.hits(
        conn, "mark_claim_sent", bucket=bucket, claim_id=claim_id, sent_fen=sent_fen, sent_before_fen=sent_before_fen
    )


async def find_count(conn: Conn, *, bucket: int, resident_id: UUID, count_key: str) -> int:
    """How many claims of a scheme count for a person."""
    rows = await STATEMENTS.run(conn, "find_count", bucket=bucket, resident_id=resident_id, count_key=count_key)
    return int(rows[0]["used"]) if rows else 0


async def list_counts(conn: Conn, *, bucket: int, resident_ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """How many claims of each scheme count for some people."""
    rows = await STATEMENTS.run(conn, "list_counts", bucket=bucket, resident_ids=list(resident_ids))
    return {(row["resident_id"], row["count_key"]): row["used"] for row in rows}


async def use_chances(conn: Conn, *, bucket: int, used: Sequence[tuple[UUID, str, int | None]]) -> None:
    """Count one claim more for each person and scheme, given with the limit."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            STATEMENTS["use_chance"],
            [
                {"bucket": bucket, "resident_id": resident_id, "count_key": count_key, "allowed": allowed}
                for resident_id, count_key, allowed in used
            ],
        )


async def give_chance_back(conn: Conn, *, bucket: int, resident_id: UUID, count_key: str) -> bool:
    """Count one claim less for a person; False when none was counted."""
    return await STATEMENTS.hits(conn, "give_chance_back", bucket=bucket, resident_id=resident_id, count_key=count_key)


async def list_count_differences(conn: Conn) -> list[tuple[int, UUID, str, int, int]]:
    """Counts that are not the number of claims that use a chance: bucket, person, scheme, claims, count."""
    cursor = await conn.execute(STATEMENTS["audit_counts"])
    return [(row[0], row[1], row[2], row[3], row[4]) for row in await cursor.fetchall()]


async def page_claims(conn: Conn, *, bucket: int, claim_id: UUID, limit: int) -> tuple[KeptClaim, ...]:
    """Claims of all buckets after one."""
    return _all(await STATEMENTS.run(conn, "page_claims", bucket=bucket, claim_id=claim_id, limit=limit))


def _first(rows: Sequence[Mapping[str, Any]]) -> KeptClaim | None:
    return claim_of(rows[0]) if rows else None


def _all(rows: Sequence[Mapping[str, Any]]) -> tuple[KeptClaim, ...]:
    return tuple(claim_of(row) for row in rows)
