"""What is kept of an e-card after its end goes at its term; the card, which receipts name, stays."""

from datetime import timedelta
from typing import LiteralString

import pytest

from tests.support.builders.cards import TERMS, CardWorld, key_of
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.cards import service as cards
from yikatong.cards.audit import audit
from yikatong.cards.jobs import jobs
from yikatong.cards.model import CancellationReason, Registered
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.jobs import JobCall

pytestmark = pytest.mark.anyio

TERM = timedelta(days=300)
"""Shorter than an installation may set it, for the regions of tests are young; no other test's e-cards are so old."""
OLDER, YOUNGER = TERM + timedelta(seconds=1), TERM - timedelta(days=1)
FORGOTTEN: dict[str, LiteralString] = {
    "e-cards": "SELECT count(*) FROM cards.e_card WHERE resident_id = %s",
    "channels": "SELECT count(*) FROM cards.association WHERE resident_id = %s",
    "devices": "SELECT count(*) FROM cards.device WHERE resident_id = %s",
    "bank accounts": "SELECT count(*) FROM cards.bank_binding WHERE resident_id = %s",
}


async def a_holder_whose_card_ended(conn: Connection, *, age: timedelta) -> Registered:
    """Someone with phone and bank account, whose card was cancelled so long before noon."""
    world = CardWorld(conn, now=NOON - age)
    resident = await world.a_card_holder()
    await world.enrolled(resident)
    await world.with_bank(resident)
    await cards.cancel_card(conn, **key_of(resident), why=CancellationReason.OTHER, **world.step())
    return resident


async def what_is_kept(conn: Connection, resident: Registered) -> set[str]:
    """Which of what is forgotten still has a row."""
    kept = set()
    for what, statement in FORGOTTEN.items():
        row = await (await conn.execute(statement, [resident.resident_id])).fetchone()
        assert row is not None
        if row[0]:
            kept.add(what)
    return kept


async def test_a_cancelled_e_card_goes_at_its_term_with_all_that_hung_on_it_and_not_a_day_before(db: Database) -> None:
    async with db.transaction() as conn:
        older, younger = [await a_holder_whose_card_ended(conn, age=age) for age in (OLDER, YOUNGER)]
    (job,) = jobs(e_card_days=TERM.days, bucket_count=TERMS.bucket_count)
    await job.run(JobCall(database=db, clock=FixedClock(NOON), ids=SeededIds()))

    async with db.transaction() as conn:
        assert set() == await what_is_kept(conn, older)
        assert set(FORGOTTEN) == await what_is_kept(conn, younger)
        assert await cards.list_card_events(conn, **key_of(older))
        mine = {show_id("resident", one.resident_id) for one in (older, younger)}
        assert [] == [found for found in await audit(conn) if any(resident in found for resident in mine)]
