"""What one bank writes, or one budget lacks, holds up nobody else; and a payment of nothing is no payment."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.builders.benefits import BUCKET_COUNT, BenefitWorld, a_folder
from tests.support.builders.cards import VAULT
from tests.support.database import a_database_of_its_own
from tests.support.world import NOON
from yikatong.app.outside.bank_folder import FolderBankFiles
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.instants import day_of
from yikatong.ledger import service as ledger
from yikatong.payouts import service
from yikatong.payouts.jobs import file_jobs
from yikatong.payouts.model import Batch, BatchState, DifferenceKind
from yikatong.payouts.outside import BankFilesAreAway
from yikatong.plumbing.database import Database
from yikatong.plumbing.jobs import JobCall

pytestmark = pytest.mark.anyio

A_DAY_BEFORE = NOON - timedelta(days=1)


@pytest.fixture(scope="module")
async def db(db: Database) -> AsyncIterator[Database]:
    """A database of this module alone: where everything that is due is sent, nothing of other worlds must be due."""
    async with a_database_of_its_own(db) as database:
        yield database


async def a_batch_at(world: BenefitWorld, *banks: str) -> Batch:
    people = await world.populated(len(banks), banks=banks)
    await world.funded()
    return await world.applied(await world.issued([(who, 100) for who in people]))


async def test_a_bank_whose_folder_is_lost_holds_up_no_other(db: Database) -> None:
    world = BenefitWorld(db, now=A_DAY_BEFORE)
    batch = await a_batch_at(world, "102", "105")
    with a_folder() as root:
        banks = [world.bank(root, code) for code in ("102", "105")]
        exchange = world.exchange(root)
        await exchange.send_batch(batch.id)
        assert [1, 1] == [bank.take_in() for bank in banks]
        for bank in banks:
            bank.answer()
        (root / "102" / "from-bank").rename(root / "102" / "aside")
        (root / "102" / "from-bank").write_text("no folder")
        (file,) = await exchange.fetch_returns()
        assert ("105", 100) == (file.bank_code, file.paid_fen)
        (root / "102" / "from-bank").unlink()
        (root / "102" / "aside").rename(root / "102" / "from-bank")
        (file,) = await exchange.fetch_returns()

    assert ("102", BatchState.CLOSED) == (file.bank_code, (await world.batch(batch.id)).state)


async def test_a_bank_whose_disk_fails_is_named_by_its_job_and_holds_up_no_other(db: Database) -> None:
    world = BenefitWorld(db, now=A_DAY_BEFORE)
    waiting, other = [await a_batch_at(world, bank) for bank in ("102", "105")]
    call = JobCall(database=db, clock=world.clock, ids=world.ids)
    with a_folder() as root:
        world.bank(root, "105")
        (root / "102").touch()
        send, _ = file_jobs(files=FolderBankFiles(root), vault=VAULT, bucket_count=BUCKET_COUNT)
        with pytest.raises(BankFilesAreAway):
            await send.run(call)
        states = [(await world.batch(one.id)).state for one in (waiting, other)]
        assert [BatchState.SENDING, BatchState.SENT] == states
        (root / "102").unlink()
        await send.run(call)

    assert BatchState.SENT is (await world.batch(waiting.id)).state


async def test_a_file_that_is_too_large_is_refused_and_the_next_one_applied(db: Database) -> None:
    world = BenefitWorld(db, now=A_DAY_BEFORE)
    batch = await a_batch_at(world, "102")
    with a_folder() as root:
        bank = world.bank(root)
        exchange = world.exchange(root, return_bytes_max=20_000)
        await exchange.send_batch(batch.id)
        bank.take_in()
        (answer,) = root.rglob(*bank.answer())
        for number, large in enumerate((b"x" * 20_001, answer.read_bytes() + b" " * 20_001)):
            earlier = answer.with_name(f"{number}.xml")
            earlier.write_bytes(large)
            os.utime(earlier, (number, number))
        faults = [file.fault for file in await exchange.fetch_returns()]

    assert ["BANK_FILE_CANNOT_BE_READ", "BANK_FILE_IS_TOO_LARGE", None] == faults
    assert BatchState.CLOSED is (await world.batch(batch.id)).state


async def test_a_batch_whose_budget_is_frozen_holds_up_no_other(db: Database) -> None:
    frozen, free = (BenefitWorld(db, now=A_DAY_BEFORE) for _ in range(2))
    waiting, other = [await a_batch_at(world, "102") for world in (frozen, free)]
    await frozen.died(frozen.people[0])
    budget, bucket = frozen.budget, bucket_of(frozen.budget.owner_id, BUCKET_COUNT)
    async with db.transaction() as conn:
        await ledger.freeze_account(conn, bucket=bucket, account=budget, now=frozen.now)
    with a_folder() as root:
        free.bank(root)
        assert 1 == await free.exchange(root).send_due()
        states = [(await free.batch(one.id)).state for one in (waiting, other)]
        assert [BatchState.SENDING, BatchState.SENT] == states
        async with db.transaction() as conn:
            await ledger.unfreeze_account(conn, bucket=bucket, account=budget)
        await free.exchange(root).send_due()

    assert BatchState.CLOSED is (await free.batch(waiting.id)).state


def say_nothing_was_paid(root: Path, name: str) -> None:
    (path,) = root.rglob(name)
    path.write_text(path.read_text().replace(">1.00<", ">0.00<"))


async def test_a_report_of_a_payment_of_nothing_is_refused(db: Database) -> None:
    world = BenefitWorld(db, now=A_DAY_BEFORE)
    batch = await a_batch_at(world, "102")
    with a_folder() as root:
        bank, exchange = world.bank(root), world.exchange(root)
        await exchange.send_batch(batch.id)
        bank.take_in()
        say_nothing_was_paid(root, *bank.answer())
        (report,) = await exchange.fetch_returns()
        assert "BANK_FILE_AMOUNT_DIFFERS" == report.fault
        say_nothing_was_paid(root, bank.statement(day_of(world.now)))
        (statement,) = await exchange.fetch_returns()
    async with db.transaction() as conn:
        (difference,) = await service.list_differences(conn, batch_id=batch.id)

    assert 0 == statement.paid_count
    assert (DifferenceKind.AMOUNT_DIFFERS, 100, 0) == (difference.kind, difference.our_fen, difference.bank_fen)
    assert 100 == (await world.batch(batch.id)).sums.open_fen


@pytest.mark.parametrize("came_back", [False, True])
async def test_a_payment_that_is_booked_again_on_another_day_is_kept_as_a_difference(
    db: Database, came_back: bool
) -> None:
    world = BenefitWorld(db, now=A_DAY_BEFORE)
    batch = await a_batch_at(world, "102")
    today = day_of(world.now)
    with a_folder() as root:
        bank, exchange = world.bank(root), world.exchange(root)
        await exchange.send_batch(batch.id)
        bank.take_in()
        bank.answer()
        (statement,) = root.rglob(bank.statement(today))
        again = statement.read_text().replace(f">{today}<", f">{today + timedelta(days=2)}<")
        await exchange.fetch_returns()
        if came_back:
            bank.give_back([payment.handle for payment in bank.payments.values()])
            await exchange.fetch_returns()
        for number in range(2):
            statement.with_name(f"{number}.xml").write_text(again + "\n" * number)
            (file,) = await exchange.fetch_returns()
            assert (0, 0, 1) == (file.paid_count, file.returned_count, file.difference_count)
    async with db.transaction() as conn:
        kept = await service.list_differences(conn, batch_id=batch.id)

    assert {(DifferenceKind.BOOKED_TWICE, 100, 100)} == {(one.kind, one.our_fen, one.bank_fen) for one in kept}
