"""Two workers on the same accounts at once: the books end as if one batch came after the other, or not at all."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg.errors import UniqueViolation

from tests.support.backends import end_backend, wait_for_locks_at_most
from tests.support.builders.ledger import IDS, a_benefit, a_log_writer, a_purse, a_receivable, a_transfer, open_with
from tests.support.builders.ledger_model import (
    ACCOUNTS_COUNT,
    HOLD_LASTS,
    HOLDS_PER_ACCOUNT,
    Act,
    ReferenceLedger,
    Round,
    rounds,
)
from tests.support.world import NOON
from yikatong.kernel.ids import HoldId
from yikatong.kernel.outcomes import Change
from yikatong.ledger import service
from yikatong.ledger.audit import audit
from yikatong.ledger.model import AccountName, HoldDraft, Reason, TransferKind
from yikatong.ledger.service import Book
from yikatong.plumbing.database import Database
from yikatong.plumbing.pipeline import BEGIN, COMMIT, ROLLBACK, BatchConnection

pytestmark = pytest.mark.anyio

BUCKET = 7_200
OPENING_FEN = 100


class World(msgspec.Struct, frozen=True):
    """The real accounts and holds of one example, by the reference's numbers."""

    accounts: tuple[AccountName, ...]
    shop: AccountName
    holds: dict[tuple[int, int], HoldId]

    def act(self, book: Book, act: Act, now: datetime) -> Reason | None:
        account, hold_id = self.accounts[act.account], self.holds[act.account, act.hold]
        if act.what == "hold":
            return book.hold(HoldDraft(hold_id, account, act.fen, now + HOLD_LASTS, IDS.new()))
        if act.what == "void":
            return book.void_hold(hold_id)
        if act.what == "refund":
            return book.post(a_transfer(self.shop, account, act.fen, kind=TransferKind.REFUND))
        payment = a_transfer(account, self.shop, act.fen)
        return book.post_hold(hold_id, payment) if act.what == "post" else book.post(payment)


async def a_world(db: Database) -> World:
    accounts = (a_purse(), *(a_benefit() for _ in range(ACCOUNTS_COUNT - 1)))
    async with db.transaction() as conn:
        await open_with(conn, *accounts, fen=OPENING_FEN, bucket=BUCKET)
    holds = {(a, h): HoldId(IDS.new()) for a in range(ACCOUNTS_COUNT) for h in range(HOLDS_PER_ACCOUNT)}
    return World(accounts, a_receivable(), holds)


async def batch(
    conn: BatchConnection, writer: int, world: World, acts: tuple[Act, ...], now: datetime
) -> list[Reason | None]:
    """One batch as the counter does it, again from the start when the other worker was first."""
    owners: list[UUID] = [world.accounts[act.account].owner_id for act in acts]
    hold_ids = [world.holds[act.account, act.hold] for act in acts]
    for _ in range(5):
        _, accounts, pending, named = await conn.run(
            [
                BEGIN,
                service.lock_accounts_of(bucket=BUCKET, owner_ids=owners),
                service.load_pending_holds(bucket=BUCKET, owner_ids=owners),
                service.load_holds(bucket=BUCKET, hold_ids=hold_ids),
            ]
        )
        book = Book(accounts=accounts.rows, holds=[*pending.rows, *named.rows], now=now)
        outcomes = [world.act(book, act, now) for act in acts]
        statements = service.write_book(bucket=BUCKET, writer=writer, book_writes=book.writes)
        try:
            await conn.run([*statements, COMMIT])
        except (service.BatchMustRerun, UniqueViolation):
            await conn.run([ROLLBACK])
            continue
        return outcomes
    raise AssertionError("one of two workers is always first")


async def play(db: Database, workers: list[BatchConnection], world: World, plan: list[Round]) -> None:
    reference, now = ReferenceLedger(OPENING_FEN), NOON
    for each in plan:
        now += timedelta(minutes=each.minutes)
        await freeze_exactly(db, world, each.frozen, now)
        outcomes = await asyncio.gather(
            *(
                batch(conn, writer, world, acts, now)
                for writer, conn, acts in zip((1, 2), workers, each.batches, strict=True)
            )
        )
        orders = []
        for order in ((0, 1), (1, 0)):
            after = reference.copy()
            expected = {which: after.run(each.batches[which], frozen=each.frozen, now=now) for which in order}
            orders.append((after, [expected[0], expected[1]]))
        matching = [after for after, expected in orders if expected == outcomes]
        assert matching, f"{outcomes} is neither order of {[expected for _, expected in orders]}"
        reference = await the_one_that_stands(db, world, matching, now)


async def freeze_exactly(db: Database, world: World, frozen: frozenset[int], now: datetime) -> None:
    async with db.transaction() as conn:
        for number, account in enumerate(world.accounts):
            if number in frozen:
                await service.freeze_account(conn, bucket=BUCKET, account=account, now=now)
            else:
                await service.unfreeze_account(conn, bucket=BUCKET, account=account)


async def the_one_that_stands(
    db: Database, world: World, references: list[ReferenceLedger], now: datetime
) -> ReferenceLedger:
    """The reference whose balances the database has; every balance, what is available, and the shop's receivable."""
    async with db.transaction() as conn:
        balances = [await service.get_balance(conn, bucket=BUCKET, account=a, now=now) for a in world.accounts]
        shop_fen = await service.open_balance(conn, buckets=[BUCKET], account=world.shop)
    found = [(balance.posted_fen, balance.available_fen) for balance in balances]
    for reference in references:
        wanted = [(posted, reference.free(number, now)) for number, posted in enumerate(reference.posted)]
        if (wanted, reference.shop_fen) == (found, shop_fen):
            return reference
    raise AssertionError(f"the database has {found} and {shop_fen}")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=rounds)
async def test_two_workers_do_what_one_after_the_other_would_do(db: Database, plan: list[Round]) -> None:
    workers = [await BatchConnection.over(await db.connect_serving()) for _ in range(2)]
    try:
        await play(db, workers, await a_world(db), plan)
    finally:
        for worker in workers:
            await worker.close()
    async with db.transaction() as conn:
        assert [] == [line for line in await audit(conn) if f"bucket {BUCKET} " in line]


async def test_a_worker_that_dies_in_the_middle_of_a_batch_leaves_nothing(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    payment = a_transfer(meals, shop, 30)
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=OPENING_FEN, bucket=BUCKET)
    dying = await db.connect_serving()
    pid = dying.info.backend_pid
    worker = await BatchConnection.over(dying)
    lock = service.lock_accounts_of(bucket=BUCKET, owner_ids=[meals.owner_id])
    book = Book(accounts=(await worker.run([BEGIN, lock]))[1].rows, holds=[], now=NOON)
    assert book.post(payment) is None
    await worker.run(service.write_book(bucket=BUCKET, writer=1, book_writes=book.writes))
    await end_backend(db, pid)
    with pytest.raises(psycopg.OperationalError):
        await worker.run([COMMIT])
    await worker.close()
    async with db.transaction() as conn:
        balance = await service.get_balance(conn, bucket=BUCKET, account=meals, now=NOON)
        assert OPENING_FEN == balance.available_fen
        assert 0 == await service.open_balance(conn, buckets=[BUCKET], account=shop)
        assert Change.DONE is await service.post(conn, bucket=BUCKET, writer=1, draft=payment, now=NOON)


async def test_the_same_transfers_from_two_workers_at_once_are_posted_once(db: Database, tmp_path: Path) -> None:
    meals, shop = a_benefit(), a_receivable()
    drafts = [a_transfer(meals, shop, 1) for _ in range(20)]
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=OPENING_FEN, bucket=BUCKET)
    workers = [await BatchConnection.over(await db.connect_serving()) for _ in range(2)]
    answers = await asyncio.gather(
        *(
            service.post_pipelined(
                worker, bucket=BUCKET, writer=writer, seals=a_log_writer(tmp_path), drafts=drafts, now=NOON
            )
            for writer, worker in enumerate(workers, start=1)
        )
    )
    for worker in workers:
        await worker.close()
    assert {(Change.DONE,) * 20, (Change.ALREADY_SO,) * 20} == set(answers)
    async with db.transaction() as conn:
        balance = await service.get_balance(conn, bucket=BUCKET, account=meals, now=NOON)
        assert OPENING_FEN - 20 == balance.posted_fen


async def test_a_refund_waits_at_the_gate_of_a_receivable_for_another(db: Database) -> None:
    shop = a_receivable()
    async with db.transaction() as conn:
        await service.run_in_order(conn, [service.lock_open_gates(bucket=BUCKET, accounts=[shop])])
        async with db.transaction() as other:
            await wait_for_locks_at_most(other, 1)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await service.run_in_order(other, [service.lock_open_gates(bucket=BUCKET, accounts=[shop])])
        refund = a_transfer(shop, a_receivable(), 5, kind=TransferKind.REFUND)
        await service.post(conn, bucket=BUCKET, writer=3, draft=refund, now=NOON)
        totals = await service.run_in_order(conn, [service.load_open_totals(bucket=BUCKET, accounts=[shop])])
    assert [-5] == [total.posted_fen for total in totals[0].rows]
