"""Statements about vehicles' codes and about lithium bikes in stores."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.trade_in.model import Overnight, Spending, VehicleRole
from yikatong.trade_in.store.statements import STATEMENTS

Conn = psycopg.AsyncConnection[Any]


def _spending_of(row: Mapping[str, Any]) -> Spending:
    return Spending(row["code"], VehicleRole(row["role"]), row["claim_id"])


async def claim_code(conn: Conn, *, wanted: Spending, held_until: datetime) -> Spending:
    """Claim a code where nobody holds it; gives who holds it now."""
    return (await claim_codes(conn, wanted=[wanted], held_until=held_until))[wanted.code]


async def claim_old_codes(conn: Conn, *, wanted: Sequence[tuple[str, UUID]], held_until: datetime) -> None:
    """Claim old vehicles' codes for claims, where nobody holds them."""
    await STATEMENTS.run(
        conn,
        "claim_old_codes",
        codes=[code for code, _ in wanted],
        claim_ids=[claim_id for _, claim_id in wanted],
        held_until=held_until,
    )


async def claim_codes(conn: Conn, *, wanted: Sequence[Spending], held_until: datetime) -> dict[str, Spending]:
    """Claim codes where nobody holds them; gives who holds each now, locked, in one round trip.

    In the order of the codes, one statement for each: a cluster locks rows of one shard only, and a code that is given
    back between a claim and a lock would be nobody's.
    """
    async with conn.pipeline():
        asked = [
            await conn.execute(
                STATEMENTS["claim_code"],
                {"code": one.code, "claim_id": one.claim_id, "role": one.role.value, "held_until": held_until},
            )
            for one in sorted(wanted)
        ]
        found = [row for cursor in asked for row in await cursor.fetchall()]
    return {code: Spending(code, VehicleRole(role), claim_id) for code, claim_id, role in found}


async def list_codes(conn: Conn, *, codes: Sequence[str]) -> frozenset[str]:
    """Which of some codes anybody holds."""
    return frozenset(await STATEMENTS.list_column(conn, "list_codes", codes=list(codes)))


async def find_code(conn: Conn, *, code: str) -> Spending | None:
    """Who holds a code."""
    rows = await STATEMENTS.run(conn, "find_code", code=code)
    return _spending_of(rows[0]) if rows else None


async def count_codes(conn: Conn, *, held: Sequence[tuple[str, UUID]]) -> None:
    """Say of codes that their claims count them, in the order of the codes, in one round trip."""
    await _with_each_code(conn, "count_code", held)


async def pass_code_on(conn: Conn, *, spending: Spending, to: UUID) -> bool:
    """Let a code count for another claim than before; False when it did not count for that one."""
    return await STATEMENTS.hits(conn, "pass_code_on", code=spending.code, claim_id=spending.claim_id, to=to)


async def give_codes_back(conn: Conn, *, held: Sequence[tuple[str, UUID]]) -> None:
    """Free codes that their claims do not count any more; as `count_codes`."""
    await _with_each_code(conn, "give_code_back", held)


async def give_held_codes_back(conn: Conn, *, held: Sequence[tuple[str, UUID]]) -> None:
    """Free codes that were claimed for claims that came to nothing; as `count_codes`."""
    await _with_each_code(conn, "give_held_code_back", held)


async def lock_held_code(conn: Conn, *, code: str, claim_id: UUID) -> bool:
    """Lock a code that a claim claimed and does not count; False for none, and while somebody else has it locked."""
    return bool(await STATEMENTS.run(conn, "lock_held_code", code=code, claim_id=claim_id))


async def _with_each_code(conn: Conn, query: str, held: Sequence[tuple[str, UUID]]) -> None:
    async with conn.pipeline():
        for code, claim_id in sorted(held):
            await conn.execute(STATEMENTS[query], {"code": code, "claim_id": claim_id})


async def list_codes_past_their_term(conn: Conn, *, now: datetime, limit: int) -> list[Spending]:
    """Codes whose term is over and that no claim counts as far as they know."""
    rows = await STATEMENTS.run(conn, "list_codes_past_their_term", now=now, limit=limit)
    return [_spending_of(row) for row in rows]


async def page_codes(conn: Conn, *, after: str, limit: int) -> list[Spending]:
    """Every code that a claim counts, after one."""
    rows = await STATEMENTS.run(conn, "audit_codes", after=after, limit=limit)
    return [_spending_of(row) for row in rows]


async def enter_overnight(conn: Conn, *, bike: Overnight) -> None:
    """Note that an old lithium bike is in a store."""
    await STATEMENTS.run(
        conn,
        "enter_overnight",
        store_id=bike.store_id,
        claim_id=bike.claim_id,
        place=bike.place,
        old_code=bike.old_code,
        received_on=bike.received_on,
    )


async def leave_overnight(conn: Conn, *, store_id: UUID, claim_id: UUID) -> None:
    """Note that an old lithium bike has left a store."""
    await STATEMENTS.run(conn, "leave_overnight", store_id=store_id, claim_id=claim_id)


async def list_overnight_of(conn: Conn, *, store_id: UUID, before: date) -> tuple[Overnight, ...]:
    """Old lithium bikes that are in one store since before a day."""
    return await STATEMENTS.list_all(conn, "list_overnight_of", Overnight, store_id=store_id, before=before)


async def list_overnight_at(conn: Conn, *, place: str, before: date, limit: int) -> tuple[Overnight, ...]:
    """Old lithium bikes that are in some store of a place since before a day; `place` may be the begin of a code."""
    return await STATEMENTS.list_all(conn, "list_overnight_at", Overnight, place=place, before=before, limit=limit)


async def list_every_overnight(conn: Conn) -> tuple[Overnight, ...]:
    """Every old lithium bike in a store."""
    return await STATEMENTS.list_all(conn, "audit_overnight", Overnight)
