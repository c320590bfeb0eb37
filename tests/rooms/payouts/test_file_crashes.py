"""Whoever dies between a file and its mark leaves enough: nothing is sent twice, nothing lost, nothing half applied."""

import asyncio
import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from tests.support.builders.benefits import BUCKET_COUNT, BUDGET_FEN, BenefitWorld, a_folder, handle_of
from tests.support.database import folder_of_our_own
from tests.support.world import NOON, SeededIds
from yikatong.app.outside.bank_folder import FolderBankFiles, digest_of
from yikatong.payouts import service
from yikatong.payouts.jobs import BankFileExchange
from yikatong.payouts.model import Batch, BatchState, FileState
from yikatong.payouts.outside import BankFiles, BankFilesAreAway
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


FORK = multiprocessing.get_context("fork")


class Died(Exception):  # noqa: N818
    """The process ends here."""


class DyingFolder:
    """A folder of bank files whose user dies at one step, once."""

    def __init__(self, root: Path, *, dying: Mapping[str, str], by_kill: bool = False) -> None:
        self._files: BankFiles = FolderBankFiles(root)
        self._before, self._after = dying.get("before"), dying.get("after")
        self._by_kill = by_kill

    def _die(self, step: str, at: str | None) -> None:
        if step == at:
            self._before = self._after = None
            if self._by_kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise Died(step)

    def bank_codes(self) -> Sequence[str]:
        """As the folder's."""
        return self._files.bank_codes()

    async def put_draft(self, *, bank_code: str, name: str, pieces: Iterator[bytes]) -> None:
        """As the folder's."""
        self._die("put_draft", self._before)
        await self._files.put_draft(bank_code=bank_code, name=name, pieces=pieces)
        self._die("put_draft", self._after)

    async def publish(self, *, bank_code: str, name: str) -> None:
        """As the folder's."""
        self._die("publish", self._before)
        await self._files.publish(bank_code=bank_code, name=name)
        self._die("publish", self._after)

    async def find_published(self, *, bank_code: str, name: str) -> bytes | None:
        """As the folder's."""
        return await self._files.find_published(bank_code=bank_code, name=name)

    async def list_returns(self, *, bank_code: str) -> Sequence[str]:
        """As the folder's."""
        return await self._files.list_returns(bank_code=bank_code)

    def open_return(self, *, bank_code: str, name: str) -> IO[bytes]:
        """As the folder's."""
        return self._files.open_return(bank_code=bank_code, name=name)

    async def put_away(self, *, bank_code: str, name: str, is_refused: bool) -> None:
        """As the folder's."""
        self._die("put_away", self._before)
        await self._files.put_away(bank_code=bank_code, name=name, is_refused=is_refused)


class PausingFolder(DyingFolder):
    """A folder of bank files whose user pauses when a draft is written, until it may go on."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, dying={})
        self.has_drafted, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def put_draft(self, *, bank_code: str, name: str, pieces: Iterator[bytes]) -> None:
        """As the folder's, then pause."""
        await super().put_draft(bank_code=bank_code, name=name, pieces=pieces)
        self.has_drafted.set()
        await self.may_go_on.wait()


async def a_batch(world: BenefitWorld) -> Batch:
    people = await world.populated(4)
    await world.funded()
    return await world.applied(await world.issued([(who, 100) for who in people]))


@pytest.mark.parametrize(
    "dying", [{"before": "put_draft"}, {"after": "put_draft"}, {"before": "publish"}, {"after": "publish"}], ids=str
)
@pytest.mark.parametrize("takes_at_once", [True, False])
async def test_a_file_reaches_the_bank_once_wherever_its_sender_died(
    db: Database, dying: dict[str, str], takes_at_once: bool
) -> None:
    world = BenefitWorld(db)
    batch = await a_batch(world)
    with a_folder() as root:
        bank = world.bank(root)
        exchange = world.exchange(root, lines_in_part=2, files=DyingFolder(root, dying=dying))
        with pytest.raises(Died):
            await exchange.send_batch(batch.id)
        taken = bank.take_in() if takes_at_once else 0
        assert await exchange.send_batch(batch.id)
        taken += bank.take_in()
        assert (4, 4) == (taken, len(bank.payments))
        bank.answer()
        await exchange.fetch_returns()
    closed = await world.batch(batch.id)
    assert (BatchState.CLOSED, 400) == (closed.state, closed.sums.paid_fen)
    assert BUDGET_FEN - 400 == await world.in_budget()


def in_a_process_of_its_own(world: BenefitWorld, batch: Batch, root: Path, dying: dict[str, str]) -> int:
    """Send a batch in another process, which kills itself at one step; its exit code."""

    async def send() -> None:
        async with await Database.open(world.db.address) as database:
            world.db = database
            # What repeats with its seed would repeat here what the other process makes.
            world.ids = SeededIds(clock=world.clock)
            await world.exchange(
                root,
                lines_in_part=2,
                files=DyingFolder(root, by_kill=True, dying=dying),
            ).send_batch(batch.id)

    child = FORK.Process(target=lambda: asyncio.run(send()))
    child.start()
    child.join(60)
    return child.exitcode or 0


async def send_once_free(exchange: BankFileExchange, batch: Batch) -> None:
    """Send a batch as soon as the server has noticed that its sender is gone; until then it is that one's."""
    for _ in range(3_000):
        if await exchange.send_batch(batch.id):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the dead sender still has the batch")


@pytest.mark.parametrize("dying", [{"after": "put_draft"}, {"before": "publish"}, {"after": "publish"}], ids=str)
async def test_a_sender_that_is_killed_has_sent_each_payment_once_when_another_goes_on(
    db: Database, dying: dict[str, str]
) -> None:
    world = BenefitWorld(db)
    batch = await a_batch(world)
    with a_folder() as root:
        bank = world.bank(root)
        assert -signal.SIGKILL == await asyncio.to_thread(in_a_process_of_its_own, world, batch, root, dying)
        await send_once_free(world.exchange(root, lines_in_part=2), batch)
        assert (4, 4) == (bank.take_in(), len(bank.payments))
        bank.answer()
        await world.exchange(root).fetch_returns()
    assert 400 == (await world.batch(batch.id)).sums.paid_fen
    assert BUDGET_FEN - 400 == await world.in_budget()


async def test_while_one_sends_a_batch_another_sends_nothing_of_it_and_other_batches_all_the_same(db: Database) -> None:
    world = BenefitWorld(db)
    batch = await a_batch(world)
    other = await world.applied(await world.issued([(world.people[0], 70)], period="2026-12"))
    with a_folder() as root:
        bank = world.bank(root)
        files = PausingFolder(root)
        async with asyncio.TaskGroup() as both:
            sending = both.create_task(world.exchange(root, files=files).send_batch(batch.id))
            await files.has_drafted.wait()
            second = world.exchange(root)
            assert not await second.send_batch(batch.id)
            assert 0 == bank.take_in()
            assert await second.send_batch(other.id)
            assert 1 == bank.take_in()
            files.may_go_on.set()
        assert sending.result()
        assert 4 == bank.take_in()
        # Whoever comes when all was sent has nothing left to do.
        assert await second.send_batch(batch.id)
        assert 0 == bank.take_in()
    assert [BatchState.SENT] * 2 == [(await world.batch(one.id)).state for one in (batch, other)]


async def test_a_batch_that_is_revoked_while_others_are_sent_keeps_none_of_them_back(db: Database) -> None:
    world = BenefitWorld(db, now=NOON - timedelta(days=20))
    batches = sorted([await a_batch(world) for _ in range(3)], key=lambda batch: batch.id)
    with a_folder() as root:
        world.bank(root)
        files = PausingFolder(root)
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(world.exchange(root, files=files).send_due())
            await files.has_drafted.wait()
            async with db.transaction() as conn:
                await service.revoke_application(conn, batch_id=batches[1].id, now=world.now, bucket_count=BUCKET_COUNT)
            files.may_go_on.set()
    assert 2 == sending.result()
    assert [BatchState.SENT, BatchState.NEW, BatchState.SENT] == [(await world.batch(one.id)).state for one in batches]


async def test_a_folder_that_is_lost_is_not_made_anew_and_nothing_is_sent_into_it(db: Database) -> None:
    world = BenefitWorld(db)
    batch = await a_batch(world)
    with a_folder() as root:
        lost = root / "lost"
        with pytest.raises(BankFilesAreAway):
            await world.exchange(lost).send_batch(batch.id)
        assert not lost.exists()
        assert BatchState.SENDING is (await world.batch(batch.id)).state
        bank = world.bank(lost)
        assert await world.exchange(lost).send_batch(batch.id)
        assert 4 == bank.take_in()


async def test_folders_of_the_bank_on_another_disk_get_each_file_once_and_keep_none(db: Database) -> None:
    world = BenefitWorld(db)
    batch = await a_batch(world)
    elsewhere = folder_of_our_own()
    try:
        with a_folder() as root:
            bank = world.bank(root)
            for name in ("to-bank", "from-bank"):
                (root / "102" / name).rmdir()
                (elsewhere / name).mkdir()
                (root / "102" / name).symlink_to(elsewhere / name)
            exchange = world.exchange(root, lines_in_part=2)
            assert await exchange.send_batch(batch.id)
            assert (4, 4) == (bank.take_in(), len(bank.payments))
            bank.answer()
            await exchange.fetch_returns()
            assert [] == [each for each in elsewhere.rglob("*") if each.is_file()]
            assert [] == list((root / "102" / "drafts").iterdir())
    finally:
        shutil.rmtree(elsewhere)
    assert 400 == (await world.batch(batch.id)).sums.paid_fen


@pytest.mark.parametrize("has_draft", [True, False])
async def test_a_copy_to_another_disk_that_was_cut_short_is_shown_once_and_whole(has_draft: bool) -> None:
    with a_folder() as root:
        files = FolderBankFiles(root)
        await files.put_draft(bank_code="102", name="1.xml", pieces=iter([b"whole"]))
        draft, shown = root / "102" / "drafts" / "1.xml", root / "102" / "to-bank" / "1.xml"
        (root / "102" / "published" / "1.xml.sm3").write_text(digest_of(draft).hex())
        hidden = shown.with_name(".1.xml")
        if has_draft:
            hidden.write_bytes(b"who")
        else:
            draft.rename(hidden)

        published = await files.find_published(bank_code="102", name="1.xml")

        assert b"whole" == shown.read_bytes()
        assert digest_of(shown) == published
        assert [shown] == [each for each in (root / "102").rglob("*1.xml") if each.is_file()]


async def test_a_file_that_was_applied_and_not_put_away_is_applied_once(db: Database) -> None:
    world = BenefitWorld(db)
    batch = await a_batch(world)
    with a_folder() as root:
        bank = world.bank(root)
        await world.exchange(root).send_batch(batch.id)
        bank.take_in()
        bank.answer()
        exchange = world.exchange(root, files=DyingFolder(root, dying={"before": "put_away"}))
        with pytest.raises(Died):
            await exchange.fetch_returns()
        again = await exchange.fetch_returns()
        assert {FileState.APPLIED} == {file.state for file in again}
        assert [] == await exchange.fetch_returns()
    assert 400 == (await world.batch(batch.id)).sums.paid_fen


async def test_a_file_that_breaks_off_half_way_changes_nothing(db: Database) -> None:
    world = BenefitWorld(db)
    batch = await a_batch(world)
    with a_folder() as root:
        bank = world.bank(root)
        bank.refusals = {handle_of(world.people[0]): "AC04"}
        exchange = world.exchange(root, lines_in_part=10)
        await exchange.send_batch(batch.id)
        bank.take_in()
        paths = [root / "102" / "from-bank" / name for name in bank.answer()]
        whole = [path.read_bytes() for path in paths]
        for path, content in zip(paths, whole, strict=True):
            path.write_bytes(content[: len(content) * 2 // 3])
        refused = await exchange.fetch_returns()
        assert {FileState.REFUSED} == {file.state for file in refused}
        # Where it breaks off says whether the parser or the schema sees it first.
        assert {"BANK_FILE_CANNOT_BE_READ", "BANK_FILE_IS_NOT_VALID"} >= {file.fault for file in refused}
        assert (400, 0) == ((await world.batch(batch.id)).sums.open_fen, (await world.batch(batch.id)).sums.paid_fen)
        assert {path.name for path in paths} == {each.name for each in (root / "102" / "refused").iterdir()}
        for path, content in zip(paths, whole, strict=True):
            path.write_bytes(content)
        await exchange.fetch_returns()
    ended = await world.batch(batch.id)
    assert (300, 100) == (ended.sums.paid_fen, ended.sums.returned_fen)
