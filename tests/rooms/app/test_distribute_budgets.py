"""Another number of buckets under budgets and claims: their money is found again wherever it is asked for."""

from datetime import timedelta

import pytest

from tests.support.builders.follow_ups import id_of, refunded
from tests.support.builders.subsidised import BUDGET_FEN, PRICE_FEN, SUBSIDY_FEN, BikeStore, a_bike_store
from tests.support.database import a_fresh_database, build_schema
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.app.audits.rooms import run_audit
from yikatong.app.distribute import Move, distribute
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import Reason
from yikatong.plumbing.database import Database
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.model import ClaimState

pytestmark = pytest.mark.anyio

COUNT = 8
LATER = NOON + timedelta(days=1)
IDS = SeededIds(clock=FixedClock(LATER))


async def sells(store: BikeStore) -> tuple[object, ...]:
    """Six buyers: some have paid, one bike came back, some claims are still held; gives their claims' ids."""
    buyers = [await store.a_buyer(purse_fen=200_000) for _ in range(6)]
    for buyer in buyers[:4]:
        await store.enters(buyer)
        receipt = await store.world.tap(store.tap(buyer))
        if buyer is buyers[0]:
            await refunded(store.world, id_of(receipt), PRICE_FEN, request_id="return-1")
    return tuple(buyer.claim_id for buyer in buyers)


async def test_budgets_and_claims_lie_right_in_more_buckets_and_back_in_fewer(db: Database) -> None:
    with a_fresh_database(db.address.conninfo) as address:
        build_schema(address.conninfo, over_nodes=False)
        async with await Database.open(address) as database, a_bike_store(database) as store:
            claim_ids = await sells(store)
            before = await store.budget_state()
        assert (BUDGET_FEN - 6 * SUBSIDY_FEN, SUBSIDY_FEN) == (before.left_fen, before.reclaimed_fen)
        for count in (COUNT, 3):
            conn = await Database(address, limits=db._limits, pool_size_max=2).connect_owner()
            move = Move(bucket_count=count, over_nodes=False, shard_count=COUNT)
            await distribute(conn, move, configured=1, clock=FixedClock(LATER), ids=IDS)
            await conn.close()
            async with await Database.open(address) as database:
                await verify(database, store, claim_ids, count=count, left_fen=before.left_fen)


async def verify(
    database: Database, store: BikeStore, claim_ids: tuple[object, ...], *, count: int, left_fen: int
) -> None:
    """The budget stands as before, any bucket gets at all of it, and each claim is where its id says."""
    budget = store.budget
    async with database.transaction() as conn:
        state = await ledger.find_budget(conn, budget=budget, bucket_count=count)
        assert state is not None
        assert (BUDGET_FEN, left_fen, SUBSIDY_FEN) == (state.funded_fen, state.left_fen, state.reclaimed_fen)
        listed = await trade_in.list_claims(conn, place=store.place, state=ClaimState.PAID, bucket_count=count)
        assert set(claim_ids[1:4]) == {one.claim_id for one in listed}
        claims = [await trade_in.get_claim(conn, claim_id=one.claim_id, bucket_count=count) for one in listed]
        assert all(kept.bucket == bucket_of(kept.claim.claim_id, count) for kept in claims)
    with pytest.raises(Refused) as refused:
        await lease(database, store, count=count, need_fen=left_fen + 1)
    await lease(database, store, count=count, need_fen=left_fen)

    assert Reason.BUDGET_HAS_TOO_LITTLE is refused.value.reason
    assert [] == [line for room in await run_audit(database) for line in room.differences]


async def lease(database: Database, store: BikeStore, *, count: int, need_fen: int) -> None:
    """Bring so much into the slice of the last bucket."""
    async with database.transaction() as conn:
        await ledger.lease_slice(
            conn, budget=store.budget, bucket=count - 1, need_fen=need_fen, now=LATER, ids=IDS, bucket_count=count
        )
