"""Every decision is made again from what was sealed, and each that was edited is found by its claim."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from msgspec import structs

from tests.support.builders.chain import Place
from tests.support.builders.programmes import PAID_LATER
from yikatong.cards import service as cards
from yikatong.cards.model import DataKey
from yikatong.kernel.ids import ResidentId, show_id
from yikatong.plumbing.database import Connection, Database
from yikatong.programmes import service as programmes
from yikatong.programmes.model import PublishedFormula
from yikatong.programmes.rules.work import Work
from yikatong.trade_in.model import Act, KeptClaim
from yikatong.trade_in.rules.keeping import encode_decision
from yikatong.trade_in.service.explaining import open_decisions
from yikatong.trade_in.service.offices import SEALED_FIELD
from yikatong.trade_in.service.replaying import Replay, count_decisions, replay_every_decision

pytestmark = pytest.mark.anyio

ONE = 50_000
OWN = " WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND act = 'qualify'"


async def a_sold_one(db: Database) -> tuple[Place, KeptClaim]:
    """A claim with three decisions: qualified, handed in, sold."""
    place = await Place(db, terms=PAID_LATER).funded(3 * ONE)
    return place, await place.done(await place.qualified(), Act.RECEIVE_OLD, Act.SELL)


async def said_of(
    place: Place,
    kept: KeptClaim,
    spoil: LiteralString = "",
    values: Mapping[str, Any] | None = None,
    *,
    shelf: programmes.Shelf | None = None,
) -> list[str]:
    """What a replay of everything says of one claim after the owner of the database has spoilt something."""
    said: list[str] = []
    about = {
        "bucket": kept.bucket,
        "claim_id": kept.claim.claim_id,
        "resident_id": kept.claim.resident_id,
        "a_day_later": place.now + timedelta(days=1),
    }
    async with place.db.owner_transaction() as conn:
        if spoil:
            await conn.execute(spoil, about | dict(values or {}))
        every = replay_every_decision(conn, shelf=shelf or place.chain.shelf, vault=place.vault, page=7)
        said = [line async for page in every for line in page.differences]
        raise psycopg.Rollback
    return [line for line in said if show_id("claim", kept.claim.claim_id) in line]


async def test_decisions_that_nobody_touched_come_out_as_they_were(db: Database) -> None:
    place, kept = await a_sold_one(db)

    assert [] == await said_of(place, kept)


async def test_every_decision_is_visited_once_whatever_the_page(db: Database) -> None:
    place, _ = await a_sold_one(db)
    async with db.owner_transaction() as conn:
        # What other tests write meanwhile is in none of the walks.
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        there = await count_decisions(conn)
        for page in (1, 7, 10_000):
            every = replay_every_decision(conn, shelf=place.chain.shelf, vault=place.vault, page=page)
            assert there == sum([one.visited async for one in every])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ("UPDATE trade_in.decision SET amount_fen = amount_fen + 1" + OWN, "not what was sealed: amount_fen"),
        ("UPDATE trade_in.decision SET steps = replace(steps, 'amount', 'amounts')" + OWN, "sealed: steps"),
        ("UPDATE trade_in.decision SET place = '990102'" + OWN, "sealed: place"),
        (
            "UPDATE trade_in.decision SET effective_on = effective_on - 1, known_on = known_on - 1" + OWN,
            "sealed: effective_on, known_on",
        ),
        ("UPDATE trade_in.decision SET inputs_digest = sha256('other')" + OWN, "sealed: inputs_digest"),
        ("UPDATE trade_in.decision SET formula_digest = sha256('other')" + OWN, "sealed: formula_digest"),
        ("UPDATE trade_in.decision SET decided_at = %(a_day_later)s" + OWN, "sealed: decided_on"),
        (
            "UPDATE trade_in.decision SET reason = 'BUDGET_IS_USED_UP', failed = '{BUDGET_IS_USED_UP}', amount_fen = 0"
            + OWN,
            "sealed: amount_fen, reason, failed",
        ),
        ("UPDATE trade_in.decision SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20))" + OWN, "not sealed"),
        (
            "UPDATE trade_in.decision SET sealed = (SELECT sealed FROM trade_in.decision WHERE bucket = %(bucket)s"
            " AND claim_id = %(claim_id)s AND act = 'sell')" + OWN,
            "sealed: inputs_digest",
        ),
        (
            "UPDATE cards.person SET wrapped_key = set_byte(wrapped_key, 20, 255 - get_byte(wrapped_key, 20))"
            " WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s",
            "the key of its resident does not open",
        ),
    ],
)
async def test_an_edited_decision_is_found_by_its_claim(db: Database, spoil: LiteralString, says: str) -> None:
    place, kept = await a_sold_one(db)

    said = await said_of(place, kept, spoil)

    assert said
    assert all(says in line for line in said), said


async def key_of(place: Place, kept: KeptClaim) -> DataKey:
    """The key that only who holds the master key can open."""
    resident_id = ResidentId(kept.claim.resident_id)
    async with place.db.transaction() as conn:
        opened = await cards.open_applicants(conn, bucket=kept.bucket, resident_ids=[resident_id], vault=place.vault)
    return opened[resident_id].key


async def test_inputs_that_were_edited_by_who_holds_the_keys_are_found(db: Database) -> None:
    place, kept = await a_sold_one(db)
    async with db.transaction() as conn:
        opened = await open_decisions(
            conn, claim_id=kept.claim.claim_id, vault=place.vault, bucket_count=place.chain.bucket_count
        )
    edited = structs.replace(opened[0].decision, inputs=opened[0].decision.inputs | {"old_battery": "lead_acid"})
    sealed = (await key_of(place, kept)).seal(encode_decision(edited), field=SEALED_FIELD)

    (said,) = await said_of(place, kept, "UPDATE trade_in.decision SET sealed = %(sealed)s" + OWN, {"sealed": sealed})

    assert "comes out otherwise: inputs_digest" in said


async def test_a_formula_that_is_not_the_published_one_is_told(db: Database) -> None:
    place, kept = await a_sold_one(db)
    shelf = place.chain.shelf
    other = {name: PublishedFormula(one.formula, "0" * 64) for name, one in shelf.formulas.items()}

    said = await said_of(place, kept, shelf=structs.replace(shelf, formulas=other))

    assert 3 == len(said)
    assert all("made by a rule that is not held here as it was" in line for line in said)


async def test_an_engine_that_computes_otherwise_under_the_same_digests_is_told(db: Database) -> None:
    place, kept = await a_sold_one(db)
    shelf = place.chain.shelf

    def tampered(one: PublishedFormula) -> PublishedFormula:
        def decide(work: Work, terms: Any) -> None:
            one.formula.decide(work, terms)
            stated = work.steps["amount"]
            work.steps["amount"] = stated._replace(column=stated.column + 1)

        return PublishedFormula(structs.replace(one.formula, decide=decide), one.digest)

    other = {name: tampered(one) for name, one in shelf.formulas.items()}

    said = await said_of(place, kept, shelf=structs.replace(shelf, formulas=other))

    assert 3 == len(said)
    assert all("comes out otherwise" in line and "steps.amount" in line for line in said)


async def test_what_is_told_of_a_difference_holds_nothing_that_was_stated(db: Database) -> None:
    place, kept = await a_sold_one(db)

    said = await said_of(place, kept, "UPDATE trade_in.decision SET steps = ''" + OWN)

    assert said
    assert not any(kept.claim.old_code in line or "lithium" in line for line in said)


async def test_who_was_erased_is_counted_and_their_neighbours_replay(db: Database) -> None:
    place, kept = await a_sold_one(db)
    neighbour = show_id("claim", (await place.qualified()).claim.claim_id)
    async with db.owner_transaction() as conn:
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = await replayed(conn, place)
        await conn.execute(
            "UPDATE cards.person SET wrapped_key = NULL, erased_at = %s, name = NULL, id_number = NULL,"
            " id_type = NULL, sex = NULL, birth = NULL, nation = NULL, phone = NULL, address = NULL"
            " WHERE bucket = %s AND resident_id = %s",
            [place.now, kept.bucket, kept.claim.resident_id],
        )
        after = await replayed(conn, place)
        raise psycopg.Rollback

    assert 3 == sum(page.erased for page in after) - sum(page.erased for page in before)
    assert sum(page.visited for page in after) == sum(page.visited for page in before)
    assert [] == [line for page in after for line in page.differences if neighbour in line]


async def replayed(conn: Connection, place: Place) -> list[Replay]:
    """What comes of every page."""
    return [page async for page in replay_every_decision(conn, shelf=place.chain.shelf, vault=place.vault)]
