"""The counter itself: its line, and its connection."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from psycopg import errors

from tests.support.backends import end_backend, until_waits
from tests.support.builders.counter import CounterWorld, a_second_worker
from tests.support.cut_line import a_cut_line
from yikatong.cards import service as cards
from yikatong.kernel.ids import TapId
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.batching import is_everybodys
from yikatong.plumbing.database import Connection
from yikatong.taps.counter.works import ReverseWork
from yikatong.taps.model import Outcome, Reason

pytestmark = pytest.mark.anyio


async def test_a_line_that_is_full_refuses_the_next_work_at_once(world: CounterWorld) -> None:
    phone = await world.a_phone()
    work = ReverseWork(
        tap_id=TapId(world.ids.new()),
        bucket=0,
        resident_id=phone.resident.resident_id,
        terminal_id=world.till.terminal.id,
    )

    async with a_second_worker(world, line_max=0) as full:
        ended = await full.counter.submit(work)

    assert isinstance(ended, Refused)
    assert Reason.COUNTER_IS_BUSY is ended.reason


async def test_a_counter_that_closes_finishes_the_batch_at_hand(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    async with a_second_worker(world) as second:
        await second.tap(second.answered(phone, amount_fen=100))
        async with world.db.transaction() as conn:
            await cards.lock_gate(conn, bucket=phone.resident.bucket, resident_id=phone.resident.resident_id)
            tapping = asyncio.create_task(second.tap(second.answered(phone, amount_fen=200)))
            await until_waits(world.db, second.counter.backend_pid, for_pid=conn.info.backend_pid)
            closing = asyncio.create_task(second.counter.close())
            await asyncio.sleep(0)
        await closing

        assert tapping.done()
        assert Outcome.ADMITTED is (await tapping).outcome
    assert 4_700 == await world.balance(phone)


async def test_a_server_connection_lost_between_batches_is_opened_anew(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    await world.tap(world.answered(phone, amount_fen=100))
    await end_backend(world.db, world.counter.backend_pid)

    receipt = await world.tap(world.answered(phone, amount_fen=100))

    assert Outcome.ADMITTED is receipt.outcome
    assert 4_800 == await world.balance(phone)


async def test_no_tap_is_acknowledged_whose_commit_never_arrived(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)

    async with (
        a_cut_line(world.db, lets_commit_through=False) as line,
        a_second_worker(world, connect=line.connect) as cut_off,
    ):
        with pytest.raises(Refused) as refused:
            await cut_off.tap(body)

    assert Reason.COUNTER_IS_BUSY is refused.value.reason
    assert 5_000 == await world.balance(phone)
    assert Outcome.ADMITTED is (await world.tap(body)).outcome


async def test_a_counter_whose_connection_cannot_even_be_let_go_is_open_for_the_next_tap(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)

    async with a_cut_line(world.db, lets_commit_through=False) as line:
        connects = iter([lambda: stuck(line.connect)])
        async with (
            a_second_worker(world, connect=lambda: next(connects, world.db.connect_serving)()) as second,
            asyncio.timeout(60),
        ):
            with pytest.raises(Refused) as refused:
                await second.tap(body)
            receipt = await second.tap(body)

    assert Reason.COUNTER_IS_BUSY is refused.value.reason
    assert Outcome.ADMITTED is receipt.outcome
    assert 3_800 == await world.balance(phone)


async def stuck(connect: Callable[[], Awaitable[Connection]]) -> Connection:
    """A connection whose end is a fault of its own."""
    conn = await connect()
    end = conn.close

    async def close() -> None:
        await end()
        raise RuntimeError

    conn.close = close  # type: ignore[method-assign]  # this one connection's
    return conn


async def test_a_tap_whose_commit_arrived_and_whose_answer_was_lost_is_acknowledged_once(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)

    async with (
        a_cut_line(world.db, lets_commit_through=True) as line,
        a_second_worker(world, connect=line.connect) as second,
    ):
        receipt = await second.tap(body)

    assert Outcome.ADMITTED is receipt.outcome
    assert receipt == await world.tap(body)
    assert (3_800, 1_200) == (await world.balance(phone), await world.owed())


@pytest.mark.parametrize(
    ("error", "everybodys"),
    [
        (psycopg.OperationalError("the connection is closed"), True),
        (errors.DiskFull("no room"), True),
        (errors.AdminShutdown("ended"), True),
        (errors.ConnectionFailure("cut"), True),
        (errors.QueryCanceled("too long"), False),
        (errors.LockNotAvailable("taken"), False),
        (errors.ProgramLimitExceeded("too large"), False),
        (errors.UniqueViolation("twice"), False),
        (ValueError("ours"), False),
    ],
)
def test_only_what_would_meet_any_batch_leaves_it_whole(error: Exception, everybodys: bool) -> None:
    assert everybodys is is_everybodys(error)
