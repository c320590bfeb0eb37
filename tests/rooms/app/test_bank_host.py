"""Bank files on a host over HTTP: each payment reaches the bank once, whatever is lost, and answers come back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from simulator.bank_file_host import FileHost, file_host_app
from simulator.trouble import Trouble
from tests.support.builders.benefits import BenefitWorld, a_folder, handle_of
from tests.support.world import NOON
from yikatong.app.outside.bank_host import HostBankFiles
from yikatong.app.outside.organisations import open_organisations
from yikatong.payouts import service as payouts
from yikatong.payouts.model import Batch, BatchState, FileState
from yikatong.payouts.outside import BankFilesAreAway
from yikatong.plumbing.database import Database
from yikatong.plumbing.settings import Settings, SettingsError

pytestmark = pytest.mark.anyio

BANK = "102"
PAST = NOON - timedelta(days=1)


async def a_batch(world: BenefitWorld, *, lines: int = 1) -> Batch:
    """A batch that was applied for, with so many payments of 5 yuan."""
    people = await world.populated(lines)
    await world.funded()
    return await world.applied(await world.issued([(who, 500) for who in people]))


@asynccontextmanager
async def a_host(
    world: BenefitWorld, *, patience_seconds: float = 5.0
) -> AsyncIterator[tuple[FileHost, HostBankFiles]]:
    """A host with one bank, and the adapter to it with a folder of its own."""
    with a_folder() as outside, a_folder() as ours:
        (ours / BANK).mkdir()
        host = FileHost(outside, clock=world.clock)
        transport = httpx.ASGITransport(app=file_host_app(host))
        async with httpx.AsyncClient(transport=transport, base_url="http://bank.invalid") as client:
            yield host, HostBankFiles(ours, client, patience_seconds=patience_seconds)


async def test_a_batch_is_paid_over_a_host_and_no_copy_of_its_files_stays_here(db: Database) -> None:
    world = BenefitWorld(db, now=PAST)
    good, closed = await world.populated(2)
    await world.funded()
    batch = await world.applied(await world.issued([(good, 500), (closed, 700)]))
    async with a_host(world) as (host, files):
        exchange = world.exchange(Path(), files=files)
        assert await exchange.send_batch(batch.id)
        bank = host.bank(BANK)
        bank.refusals = {handle_of(closed): "AC04"}
        assert 2 == bank.take_in()
        bank.answer(pieces=2)
        applied = await exchange.fetch_returns()
        assert [FileState.APPLIED] * 2 == [file.state for file in applied]
        assert [] == await exchange.fetch_returns()
        assert [] == host.list_returns(BANK)
        left = [each for each in (files._root / BANK).rglob("*") if each.is_file() and "done" not in each.parts]
        assert {".sm3"} == {each.suffix for each in left}
    ended = await world.batch(batch.id)
    assert (BatchState.CLOSED, 500, 700) == (ended.state, ended.sums.paid_fen, ended.sums.returned_fen)


@pytest.mark.parametrize("trouble", [Trouble.LOST_BEFORE, Trouble.LOST_AFTER])
@pytest.mark.parametrize("asked_before", range(4))
async def test_each_payment_reaches_the_bank_once_whichever_answer_is_lost(
    db: Database, trouble: Trouble, asked_before: int
) -> None:
    world = BenefitWorld(db, now=PAST)
    batch = await a_batch(world, lines=2)
    async with a_host(world) as (host, files):
        exchange = world.exchange(Path(), files=files, lines_in_part=1)
        host.troubles.add(Trouble.NO_FUNDS, times=asked_before)
        host.troubles.add(trouble)
        try:
            await exchange.send_batch(batch.id)
        except BankFilesAreAway:
            assert BatchState.SENDING is (await world.batch(batch.id)).state
        host.troubles.end()
        await exchange.send_batch(batch.id)
        bank = host.bank(BANK)
        assert 2 == bank.take_in()
        assert 2 == len(set(bank.taken_messages)) == len(bank.taken_messages)
        assert [] == list((files._root / BANK / "drafts").iterdir())
        bank.answer()
        host.troubles.add(Trouble.NO_FUNDS, times=asked_before)
        host.troubles.add(trouble)
        for _ in range(4):
            try:
                await exchange.fetch_returns()
            except BankFilesAreAway:
                continue
    assert (BatchState.CLOSED, 1_000) == ((ended := await world.batch(batch.id)).state, ended.sums.paid_fen)


async def test_a_file_for_which_our_disk_has_no_room_is_fetched_whole_when_there_is(db: Database) -> None:
    world = BenefitWorld(db, now=PAST)
    batch = await a_batch(world)
    async with a_host(world) as (host, files):
        exchange = world.exchange(Path(), files=files)
        assert await exchange.send_batch(batch.id)
        assert 1 == host.bank(BANK).take_in()
        (name,) = host.bank(BANK).answer()
        fresh = files._root / BANK / "from-bank" / f".{name}"
        fresh.symlink_to("/dev/full")
        assert [] == await exchange.fetch_returns()
        with pytest.raises(BankFilesAreAway, match="is full"):
            exchange.verify_reached()
        assert [name] == host.list_returns(BANK)
        fresh.unlink()
        assert [FileState.APPLIED] == [file.state for file in await exchange.fetch_returns()]
    assert 500 == (await world.batch(batch.id)).sums.paid_fen


async def test_another_file_under_the_name_of_a_part_stays_and_nothing_is_marked_as_sent(db: Database) -> None:
    world = BenefitWorld(db, now=PAST)
    batch = await a_batch(world)
    async with a_host(world) as (host, files):
        exchange = world.exchange(Path(), files=files)
        name = f"{payouts.show_number(batch.id)}-0001.xml"
        host.put(BANK, name, b"something else")
        assert not await exchange.send_batch(batch.id)
        assert b"something else" == (host._folder(BANK) / "to-bank" / name).read_bytes()
    assert BatchState.SENDING is (await world.batch(batch.id)).state


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, content=b"hello"),
        httpx.Response(200, json={"names": 7}),
        httpx.Response(200, json={"sm3": "not hex"}),
        httpx.ConnectError("nobody"),
    ],
    ids=["500", "no json", "no names", "no digest", "nobody"],
)
async def test_whatever_is_no_clear_answer_is_one_thing(answer: httpx.Response | Exception) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with a_folder() as ours:
        (ours / BANK).mkdir()
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://bank.invalid") as client:
            files = HostBankFiles(ours, client)
            for asked in (
                files.find_published(bank_code=BANK, name="a.xml"),
                files.list_returns(bank_code=BANK),
            ):
                with pytest.raises(BankFilesAreAway):
                    await asked


async def test_names_that_leave_the_folder_are_not_fetched() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"names": ["../../escaped.xml", ".hidden", "a/b.xml", ""]})

    with a_folder() as ours:
        (ours / BANK).mkdir()
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://bank.invalid") as client:
            assert [] == list(await HostBankFiles(ours, client).list_returns(bank_code=BANK))


async def test_a_host_needs_a_folder_of_ours(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="bank_files_folder"):
        async with open_organisations(Settings(bank_files_url="http://bank.invalid")):
            raise AssertionError
    connected = Settings(bank_files_url="http://bank.invalid", bank_files_folder=str(tmp_path))
    async with open_organisations(connected) as organisations:
        assert isinstance(organisations.bank_files, HostBankFiles)
