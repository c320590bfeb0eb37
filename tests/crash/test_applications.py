"""Whoever dies on the way of an application leaves nothing half done: no money, no chance, no code for long."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from tests.support.builders.chain import Conn, Place
from tests.support.world import FixedClock
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.plumbing.jobs import JobCall
from yikatong.trade_in import audit, jobs, service
from yikatong.trade_in.model import Act, Application, PreparedSale, Qualified
from yikatong.trade_in.store import vehicles

pytestmark = pytest.mark.anyio

ONE = 50_000
APPLICATIONS = 25


class Mortal(Place):
    """A place whose transactions are cut by the server now and then, at whatever statement they are."""

    def __init__(self, db: Database, *, chance: random.Random) -> None:
        super().__init__(db, terms={"per_person": "{count: 1, per: scheme, clause: notice}"})
        self.chance = chance
        self.deaths = 0
        self.is_safe = False

    @asynccontextmanager
    async def own_commit(self) -> AsyncIterator[Conn]:
        """A transaction that may die before its end, also after its last statement."""
        conn = await self.db.connect_serving()
        killer = None
        try:
            if not self.is_safe and self.chance.random() < 0.5:
                killer = asyncio.create_task(self.kill(conn.info.backend_pid))
            async with conn.transaction():
                yield conn
        except psycopg.OperationalError:
            self.deaths += 1
            raise
        finally:
            await conn.close()
            if killer is not None:
                await killer

    async def kill(self, pid: int) -> None:
        """End a session a few milliseconds from now."""
        await asyncio.sleep(self.chance.random() * 0.012)
        async with self.db.owner_transaction() as conn:
            await conn.execute("SELECT pg_terminate_backend(%s::int)", (pid,))


async def brought_to_its_end(place: Mortal, application: Application) -> Qualified | Refused:
    """Ask again and again with the same request, as whoever hears no answer does."""
    while True:
        try:
            return await place.admit(application)
        except psycopg.OperationalError:
            continue


async def test_an_application_that_dies_anywhere_is_brought_to_one_end(db: Database, seed: int) -> None:
    place = Mortal(db, chance=random.Random(seed))
    await place.funded(APPLICATIONS * ONE)
    applications = [place.an_application(await place.a_resident()) for _ in range(APPLICATIONS)]

    ends = [await brought_to_its_end(place, one) for one in applications]

    assert place.deaths
    assert all(isinstance(end, Qualified) for end in ends), ends
    claims = [end.kept for end in ends if isinstance(end, Qualified)]
    assert APPLICATIONS == len({kept.claim.claim_id for kept in claims})
    assert 0 == await place.left()
    names = {show_id("claim", kept.claim.claim_id) for kept in claims} | {one.old_code for one in applications}
    async with db.owner_transaction() as conn:
        found = await audit.audit(conn)
    assert [] == [line for line in found if any(name in line for name in names)]


async def test_who_dies_between_the_two_commits_leaves_a_code_that_a_job_gives_back(db: Database) -> None:
    place = await Place(db).funded(ONE)
    application = place.an_application(await place.a_resident())
    async with db.transaction() as conn:
        await service.claim_old_codes(conn, applications=[application], chain=place.chain, now=place.now)

    async def is_held() -> bool:
        async with db.transaction() as conn:
            return await vehicles.find_code(conn, code=application.old_code) is not None

    assert await is_held()
    await settle(place)
    held_within_its_term = await is_held()
    place.now += timedelta(minutes=place.chain.code_minutes)
    await settle(place)

    assert held_within_its_term
    assert not await is_held()
    assert ONE == await place.left()
    assert isinstance(await place.admit(application), Qualified)


async def test_a_code_that_a_claim_counts_is_never_given_back(db: Database) -> None:
    place = await Place(db).funded(ONE)
    kept = await place.qualified()
    async with db.owner_transaction() as conn:
        await conn.execute(
            "UPDATE trade_in.vehicle SET held_until = %s WHERE code = %s", (place.now, kept.claim.old_code)
        )
    place.now += timedelta(minutes=1)

    await settle(place)

    async with db.transaction() as conn:
        holder = await vehicles.find_code(conn, code=kept.claim.old_code)
    assert holder is not None
    assert kept.claim.claim_id == holder.claim_id


async def test_a_sale_that_nobody_paid_is_taken_back_after_the_next_day(db: Database) -> None:
    place = await Place(db).funded(ONE)
    kept = await place.qualified()
    sale = await place.prepared(place.an_order(kept, Act.DEDUCT))
    assert isinstance(sale, PreparedSale)

    async def dropped(*, days: int) -> bool:
        async with db.transaction() as conn:
            return await service.drop_stale_sale(
                conn,
                claim_id=kept.claim.claim_id,
                before=sale.bought_on + timedelta(days=days),
                chain=place.chain,
                vault=place.vault,
                now=place.now,
                ids=place.ids,
            )

    assert [False, True, False] == [await dropped(days=days) for days in (0, 1, 1)]
    async with db.transaction() as conn:
        assert await vehicles.find_code(conn, code=sale.new_code) is None


async def test_chores_run_where_nothing_is_due(db: Database) -> None:
    place = Place(db)
    long_ago = FixedClock(place.now - timedelta(days=10_000))

    for job in jobs.jobs(chain=place.chain, vault=place.vault):
        if job.name != "trade_in.release_rests":
            await job.run(JobCall(database=db, clock=long_ago, ids=place.ids))


async def settle(place: Place) -> None:
    """Let the chore of codes run once."""
    call = JobCall(database=place.db, clock=FixedClock(place.now), ids=place.ids)
    job = next(one for one in jobs.jobs(chain=place.chain, vault=place.vault) if one.name == "trade_in.settle_codes")
    await job.run(call)
