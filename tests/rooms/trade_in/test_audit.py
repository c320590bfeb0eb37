"""The audit of the goods chain finds nothing where nothing is wrong, and each wrong thing by name."""

from typing import LiteralString

import psycopg
import pytest

from tests.support.builders.chain import Place, a_code
from tests.support.builders.ledger import IDS
from tests.support.builders.programmes import PAID_LATER
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database
from yikatong.sealing.model import LeafKind
from yikatong.trade_in import audit as trade_in
from yikatong.trade_in import service
from yikatong.trade_in.model import Act, KeptClaim
from yikatong.trade_in.rules.leaves import leaf_of_decision, leaf_of_deed

pytestmark = pytest.mark.anyio

ONE = 50_000


async def a_claim_in_a_store(db: Database) -> KeptClaim:
    """A lithium bike was handed in, a new bike sold."""
    place = await Place(db, terms=PAID_LATER).funded(ONE)
    return await place.done(await place.qualified(), Act.RECEIVE_OLD, Act.SELL)


async def found_after(db: Database, kept: KeptClaim, spoil: LiteralString) -> list[str]:
    """What the audit says of a claim after the owner of the database has spoilt something."""
    found: list[str] = []
    values = {"bucket": kept.bucket, "claim_id": kept.claim.claim_id, "code": kept.claim.old_code, "other": a_code()}
    async with db.owner_transaction() as conn:
        if spoil:
            await conn.execute(spoil, values | {"id": IDS.new()})
        found = await trade_in.audit(conn)
        raise psycopg.Rollback
    names = (show_id("claim", kept.claim.claim_id), kept.claim.old_code, show_id("resident", kept.claim.resident_id))
    return [line for line in found if any(name in line for name in names)]


async def test_nothing_is_found_where_nothing_is_wrong(db: Database) -> None:
    assert [] == await found_after(db, await a_claim_in_a_store(db), "")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            "UPDATE trade_in.claim SET held_fen = held_fen - 1, released_fen = released_fen + 1"
            " WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s",
            "should have 49999 fen in its account, 50000 lie there",
        ),
        (
            "UPDATE trade_in.claim SET state = 'submitted' WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s",
            "does not stand where its last deed took it",
        ),
        (
            "DELETE FROM trade_in.deed WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND number = 2",
            "are not numbered from 1 to 3",
        ),
        (
            "DELETE FROM trade_in.deed WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s",
            "has no deed that began it",
        ),
        (
            "DELETE FROM trade_in.decision WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND act = 'sell'",
            "deed 3 of",
        ),
        (
            "UPDATE trade_in.decision SET claim_id = %(id)s"
            " WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND act = 'sell'",
            "was decided by a decision that is not there",
        ),
        (
            "UPDATE trade_in.person_count SET used = 2 WHERE bucket = %(bucket)s AND resident_id ="
            " (SELECT resident_id FROM trade_in.claim WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s)",
            "1 claims count for",
        ),
        ("DELETE FROM trade_in.vehicle WHERE code = %(code)s", "not held for it"),
        (
            "INSERT INTO trade_in.vehicle (code, claim_id, role) VALUES (%(other)s, %(claim_id)s, 'new')",
            "which does not count it",
        ),
        ("DELETE FROM trade_in.overnight WHERE claim_id = %(claim_id)s", "is in a store and on no list"),
    ],
)
async def test_each_wrong_thing_is_found_by_name(db: Database, spoil: LiteralString, says: str) -> None:
    found = await found_after(db, await a_claim_in_a_store(db), spoil)

    assert any(says in line for line in found), found


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_vehicle_that_two_claims_count_is_found_whichever_of_them_holds_it(
    db: Database, is_first: bool
) -> None:
    pair = [await a_claim_in_a_store(db) for _ in range(2)]
    holder, other = pair if is_first else pair[::-1]
    values = {"holders": holder.claim.old_code, "others": other.claim.old_code, "claim_id": other.claim.claim_id}
    found: list[str] = []
    async with db.owner_transaction() as conn:
        await conn.execute("DELETE FROM trade_in.vehicle WHERE code = %(others)s", values)
        await conn.execute("UPDATE trade_in.claim SET old_code = %(holders)s WHERE claim_id = %(claim_id)s", values)
        found = await trade_in.audit(conn)
        raise psycopg.Rollback

    names = [show_id("claim", kept.claim.claim_id) for kept in pair]
    assert [line for line in found if "is counted by" in line and all(name in line for name in names)]


async def test_what_is_sealed_of_deeds_and_decisions_is_what_their_rows_give(db: Database) -> None:
    kept = await a_claim_in_a_store(db)
    count = Place(db).chain.bucket_count
    async with db.owner_transaction() as conn:
        given = {(leaf.id, leaf.kind): leaf.hash async for leaves in trade_in.list_leaves(conn) for leaf in leaves}
        deeds = await service.list_deeds(conn, claim_id=kept.claim.claim_id, bucket_count=count)
        decisions = await service.list_decisions(conn, claim_id=kept.claim.claim_id, bucket_count=count)
        wanted = [leaf_of_deed(deed) for deed in deeds] + [leaf_of_decision(one) for one in decisions]
        cursor = await conn.execute(
            "SELECT id, kind, hash FROM sealing.loose WHERE id = ANY (%s)", ([leaf.id for leaf in wanted],)
        )
        left = {(id, LeafKind(kind)): hash for id, kind, hash in await cursor.fetchall()}

    assert 6 == len(wanted) == len(left)
    assert left == {key: given[key] for key in left}
