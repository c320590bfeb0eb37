"""The statements of the tap batch: gates locked in order, facts in one row a resident, gates written back."""

from datetime import date

import psycopg
import pytest

from tests.support.backends import wait_for_locks_at_most
from tests.support.builders.cards import CardWorld, key_of
from tests.support.world import SeededIds
from yikatong.cards import service as cards
from yikatong.cards.model import CardState, GateUpdate, Registered, ResidentStatus
from yikatong.kernel.ids import ResidentId
from yikatong.plumbing.database import Database
from yikatong.plumbing.pipeline import BEGIN, COMMIT, ROLLBACK, BatchConnection

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 25)


async def three_in_one_bucket(db: Database) -> list[Registered]:
    """Residents of one bucket: with e-card and account, with a card only, with nothing."""
    async with db.transaction() as conn:
        world = CardWorld(conn)
        found: dict[int, list[Registered]] = {}
        while max((len(them) for them in found.values()), default=0) < 3:
            resident = await world.a_resident()
            found.setdefault(resident.bucket, []).append(resident)
        first, second, third = next(them for them in found.values() if len(them) == 3)
        for resident in (first, second):
            await world.applied(resident)
        await world.made()
        for resident in (first, second):
            await world.activated(resident)
        await world.enrolled(first)
        await world.with_bank(first)
        await cards.grant_concession(
            conn, **key_of(first), class_="senior", valid_until=date(2030, 1, 1), now=world.now
        )
    return [first, second, third]


async def test_facts_of_everyone_come_in_one_statement(db: Database) -> None:
    residents = await three_in_one_bucket(db)
    ids = [resident.resident_id for resident in residents]
    batch = await BatchConnection.over(await db.connect_serving())
    _, gates, holders, _ = await batch.run(
        [
            BEGIN,
            cards.lock_gates(bucket=residents[0].bucket, resident_ids=ids),
            cards.load_holders(bucket=residents[0].bucket, resident_ids=ids, on=TODAY),
            COMMIT,
        ]
    )
    await batch.close()
    first, second, third = (next(holder for holder in holders.rows if holder.resident_id == one) for one in ids)

    assert sorted(ids) == [gate.resident_id for gate in gates.rows]
    assert (CardState.ACTIVE, 2, ("wallet",), ("senior",), "102") == (
        first.card_state,
        first.e_card_level,
        first.channels,
        first.concessions,
        first.bank_code,
    )
    assert (CardState.ACTIVE, None, (), ()) == (
        second.card_state,
        second.e_card_id,
        second.channels,
        second.concessions,
    )
    assert (ResidentStatus.ALIVE, None, None) == (third.status, third.card_id, third.card_state)
    assert TODAY == third.on
    async with db.transaction() as conn:
        assert first == await cards.get_holder(conn, **key_of(residents[0]), on=TODAY)


async def test_writing_gates_back_counts_up_each_version_and_what_was_spent(db: Database) -> None:
    residents = await three_in_one_bucket(db)
    bucket = residents[0].bucket
    updates = [GateUpdate(residents[0].resident_id, TODAY, 900), GateUpdate(residents[1].resident_id, None, 0)]
    async with db.transaction() as conn:
        before = [await cards.get_gate(conn, **key_of(resident)) for resident in residents]
    batch = await BatchConnection.over(await db.connect_serving())
    _, _, written, _ = await batch.run(
        [
            BEGIN,
            cards.lock_gates(bucket=bucket, resident_ids=[update.resident_id for update in updates]),
            cards.write_gates(bucket=bucket, updates=updates),
            COMMIT,
        ]
    )
    await batch.close()
    async with db.transaction() as conn:
        after = [await cards.get_gate(conn, **key_of(resident)) for resident in residents]

    assert {(gate.resident_id, gate.version + 1) for gate in before[:2]} == set(written.rows)
    assert (TODAY, 900) == (after[0].shown_on, after[0].shown_spent_fen)
    assert before[2] == after[2]


async def test_a_command_waits_for_a_batch_that_holds_its_gate(db: Database) -> None:
    residents = await three_in_one_bucket(db)
    batch = await BatchConnection.over(await db.connect_serving())
    held = residents[1]
    await batch.run([BEGIN, cards.lock_gates(bucket=held.bucket, resident_ids=[held.resident_id])])
    with pytest.raises(psycopg.errors.LockNotAvailable):
        async with db.transaction() as conn:
            await wait_for_locks_at_most(conn, 50)
            await cards.report_formal_loss(conn, **key_of(held), **CardWorld(conn).step())
    await batch.run([ROLLBACK])
    await batch.close()
    async with db.transaction() as conn:
        await cards.report_formal_loss(conn, **key_of(held), **CardWorld(conn).step())


async def test_residents_who_do_not_exist_give_no_rows(db: Database) -> None:
    batch = await BatchConnection.over(await db.connect_serving())
    nobody = [ResidentId(SeededIds().new())]
    _, gates, holders, _ = await batch.run(
        [
            BEGIN,
            cards.lock_gates(bucket=0, resident_ids=nobody),
            cards.load_holders(bucket=0, resident_ids=nobody, on=TODAY),
            COMMIT,
        ]
    )
    await batch.close()

    assert ([], []) == (gates.rows, holders.rows)
