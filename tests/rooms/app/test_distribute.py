"""Another number of buckets, on a database with money in it: everything is found again, or nothing has moved."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.support.builders.counter import LOCATOR_KEY, CounterWorld, Phone, a_counter_world
from tests.support.builders.follow_ups import id_of, refunded
from tests.support.database import a_fresh_database, build_schema
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.app.audits.rooms import run_audit
from yikatong.app.distribute import Move, distribute
from yikatong.kernel.ids import TapId, bucket_of
from yikatong.kernel.instants import day_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, name_account
from yikatong.payouts import service as payouts
from yikatong.plumbing.bucketing import find_bucket_count, verify_bucket_count
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.distribution_citus import ClusterError
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.settings import SettingsError
from yikatong.taps.jobs import end_waiting_taps
from yikatong.taps.outside import DebitOutcome
from yikatong.taps.rules import bucket_of_tap

pytestmark = pytest.mark.anyio

COUNT = 8
LATER = NOON + timedelta(days=1)


class Town:
    """A canteen, its customers, and what they did in one day that was settled and in the morning after."""

    def __init__(self, address_of: Database) -> None:
        self.database = address_of
        self.taps: list[tuple[TapId, Phone]] = []
        self.phones: list[Phone] = []
        self.owed_fen = 0
        self.world: CounterWorld

    async def lives_a_day(self) -> None:
        """Purses are filled and spent, something is given back, something waits, the day is settled, one more tap."""
        async with a_counter_world(self.database) as world:
            self.world = world
            for _ in range(5):
                phone = await world.a_phone(purse_fen=5_000, meals_fen=1_000)
                self.phones.append(phone)
                self.taps.append((id_of(await world.tap(world.answered(phone, amount_fen=1_200))), phone))
            await refunded(world, self.taps[0][0], 300, request_id="refund-0001")
            await self._pays_by_bank(world)
            day = day_of(NOON)
            async with self.database.transaction() as conn:
                await payouts.make_statements(conn, day=day, now=LATER)
                await payouts.settle_provider(conn, provider_id=world.provider.id, day=day, term_days=30, now=LATER)
            self.owed_fen = await world.owed()

    async def _pays_by_bank(self, world: CounterWorld) -> None:
        """One bank debits, so that only the tap's row knows whose transfer it is; another has not answered."""
        for answer in (DebitOutcome.DEBITED, DebitOutcome.UNKNOWN):
            world.bank.answer = answer
            world.bank.is_away = answer is DebitOutcome.UNKNOWN
            phone = await world.a_phone(with_bank=True)
            self.taps.append((id_of(await world.tap(world.answered(phone, amount_fen=700))), phone))
            world.clock.advance(timedelta(seconds=20))
            await end_waiting_taps(database=self.database, counter=world.counter, debits=world.bank, clock=world.clock)

    async def moves(self, bucket_count: int, *, ids: Ids | None = None, over_nodes: bool = False) -> int:
        """Everything moves to so many buckets, from one."""
        conn = await self.database.connect_owner()
        try:
            move = Move(bucket_count=bucket_count, over_nodes=over_nodes, shard_count=COUNT)
            moved = await distribute(
                conn, move, configured=1, clock=FixedClock(LATER), ids=ids or SeededIds(clock=FixedClock(LATER))
            )
        finally:
            await conn.close()
        return moved.rows


@pytest.fixture
async def town(db: Database) -> AsyncIterator[Town]:
    with a_fresh_database(db.address.conninfo) as address:
        build_schema(address.conninfo, over_nodes=False)
        async with await Database.open(address) as database:
            town = Town(database)
            await town.lives_a_day()
        # Not opened: a pool's connections are others that use the database.
        town.database = Database(address, limits=database._limits, pool_size_max=2)
        yield town


async def one(conn: Connection, question: str, *values: object) -> object:
    row = await (await conn.execute(question.encode(), values)).fetchone()
    return row and row[0]


async def test_every_row_is_found_where_its_resident_now_lies(town: Town) -> None:
    assert await town.moves(COUNT) > 0

    conn = await town.database.connect_owner()
    for tap_id, phone in town.taps:
        bucket = bucket_of(phone.resident.resident_id, COUNT)
        assert bucket == bucket_of_tap(tap_id, bucket_count=COUNT, locator_key=LOCATOR_KEY)
        ended = await one(conn, "SELECT bucket FROM taps.tap WHERE id = %s", tap_id)
        waits = await one(conn, "SELECT bucket FROM taps.waiting WHERE tap_id = %s", tap_id)
        assert bucket in (ended, waits)
        assert bucket == await one(conn, "SELECT bucket FROM taps.request WHERE tap_id = %s", tap_id)
    await conn.close()


async def test_the_books_are_the_same_and_the_audit_finds_no_difference(town: Town) -> None:
    before = await balances(town)
    await town.moves(COUNT)

    assert before == await balances(town)
    async with await Database.open(town.database.address) as database:
        assert [] == [line for room in await run_audit(database) for line in room.differences]
        account = name_account(town.world.provider.id, AccountKind.PROVIDER_RECEIVABLE)
        async with database.transaction() as conn:
            assert town.owed_fen == await ledger.open_balance(conn, buckets=range(COUNT), account=account)


async def test_over_the_nodes_of_a_cluster_the_books_are_the_same_and_no_row_can_move_again(town: Town) -> None:
    conn = await town.database.connect_owner()
    found = await one(conn, "SELECT 1 FROM pg_extension WHERE extname = 'citus'")
    await conn.close()
    if found is None:
        pytest.skip("needs YIKATONG_DATABASE_URL to name a database on the coordinator of a Citus cluster")
    before = await balances(town)

    assert await town.moves(COUNT, over_nodes=True) > 0

    assert before == await balances(town)
    async with await Database.open(town.database.address) as database:
        assert [] == [line for room in await run_audit(database) for line in room.differences]
    with pytest.raises(ClusterError, match="cannot change buckets any more"):
        await town.moves(2 * COUNT)


async def test_a_settled_receivable_leaves_no_bucket_below_zero(town: Town) -> None:
    await town.moves(COUNT)

    conn = await town.database.connect_owner()
    least = await one(conn, "SELECT min(posted_fen) FROM ledger.open_account WHERE kind = 'provider_receivable'")
    await conn.close()
    assert 0 == least


async def test_back_to_fewer_buckets_everything_is_found_again(town: Town) -> None:
    before = await balances(town)
    await town.moves(COUNT)
    await town.moves(3)

    assert before == await balances(town)


async def test_a_difference_that_was_there_before_leaves_everything_as_it_was(town: Town) -> None:
    conn = await town.database.connect_owner()
    await conn.execute("UPDATE ledger.account SET posted_fen = posted_fen + 1 WHERE kind = 'purse'")
    await conn.close()

    with pytest.raises(ClusterError, match="differences; nothing was changed"):
        await town.moves(COUNT)

    conn = await town.database.connect_owner()
    assert 0 == await one(conn, "SELECT max(bucket) FROM taps.tap")
    assert await find_bucket_count(conn) in (None, 1)
    await conn.close()


async def test_nothing_moves_while_others_are_connected(town: Town) -> None:
    async with await Database.open(town.database.address):
        with pytest.raises(ClusterError, match="Stop yikatong serve"):
            await town.moves(COUNT)


async def test_settings_with_the_former_number_do_not_start(town: Town) -> None:
    await town.moves(COUNT)

    conn = await town.database.connect_owner()
    await verify_bucket_count(conn, COUNT)
    with pytest.raises(SettingsError, match=f"The database has {COUNT} buckets and YIKATONG_BUCKET_COUNT says 1"):
        await verify_bucket_count(conn, 1)
    await conn.close()


async def balances(town: Town) -> dict[str, tuple[int, int]]:
    """Number and sum of accounts by kind."""
    conn = await town.database.connect_owner()
    try:
        lines = await ledger.trial_balance(conn)
    finally:
        await conn.close()
    return {line.kind.value: (line.account_count, line.posted_fen) for line in lines}
