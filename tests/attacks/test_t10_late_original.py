"""T10 A late original after its reversal (docs/threats.md)."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from msgspec.structs import replace

from tests.support.backends import until_waits
from tests.support.builders.counter import BUCKET, CounterWorld, Phone, a_second_worker
from tests.support.builders.follow_ups import a_reversal, confirmed, id_of, polled, reversed_by
from yikatong.kernel.ids import TapId
from yikatong.kernel.outcomes import Refused
from yikatong.taps.counter.works import Reversed, TapWork
from yikatong.taps.model import Outcome, TapBody, TapRow
from yikatong.taps.presenting import read_presentation

pytestmark = pytest.mark.anyio


async def as_work(world: CounterWorld, body: TapBody) -> TapWork:
    """A tap as it comes to the counter."""
    read = await read_presentation(
        world.follow_ups.presenting,
        caller=world.terminal_caller(),
        body=body,
        body_digest=b"\0" * 16,
        item=world.meal,
        now=world.clock.now(),
    )
    return replace(read, access_version=world.caches.access_version)


async def transactions_of(world: CounterWorld, tap_id: TapId) -> set[str]:
    """Which transactions wrote the tap and its reversal."""
    async with world.db.transaction() as conn:
        rows = await conn.execute(
            "SELECT xmin::text FROM taps.tap WHERE bucket = %(bucket)s AND id = %(tap_id)s"
            " UNION SELECT xmin::text FROM taps.reversal WHERE bucket = %(bucket)s AND tap_id = %(tap_id)s",
            {"bucket": BUCKET, "tap_id": tap_id},
        )
        return {str(transaction) for (transaction,) in await rows.fetchall()}


async def a_purse_and_a_tap(world: CounterWorld) -> tuple[Phone, TapBody]:
    """A resident with 5 000 fen, and a tap of 1 000 of them."""
    phone = await world.a_phone(purse_fen=5_000)
    return phone, world.answered(phone, amount_fen=1_000)


async def test_an_original_that_its_reversal_overtook_moves_nothing_however_often_it_comes(
    world: CounterWorld,
) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_000)

    met = await reversed_by(world, body)
    reasons = [(await world.tap(body)).reason for _ in range(3)]

    assert "nothing" == met.found
    assert ["TAP_WAS_REVERSED"] * 3 == reasons
    assert 5_000 == await world.balance(phone)


async def test_an_original_that_comes_in_the_batch_of_its_reversal_moves_nothing(world: CounterWorld) -> None:
    phone, body = await a_purse_and_a_tap(world)
    original = await as_work(world, body)

    met, ended = await asyncio.gather(
        world.counter.submit(a_reversal(world, phone, original.tap_id)), world.counter.submit(original)
    )

    assert Reversed(original.tap_id, "nothing", already=False) == met
    assert isinstance(ended, TapRow)
    assert "TAP_WAS_REVERSED" == ended.reason
    assert 1 == len(await transactions_of(world, original.tap_id))
    assert (5_000, 0) == (await world.balance(phone), await world.owed())


async def test_a_reversal_that_comes_in_the_batch_of_its_original_gives_the_money_back(world: CounterWorld) -> None:
    phone, body = await a_purse_and_a_tap(world)
    original = await as_work(world, body)

    ended, met = await asyncio.gather(
        world.counter.submit(original), world.counter.submit(a_reversal(world, phone, original.tap_id))
    )

    assert isinstance(ended, TapRow)
    assert (None, Reversed(original.tap_id, "admitted", already=False)) == (ended.reason, met)
    assert 1 == len(await transactions_of(world, original.tap_id))
    assert (5_000, 0) == (await world.balance(phone), await world.owed())
    again = await world.counter.submit(original)
    assert isinstance(again, TapRow)
    assert "TAP_WAS_REVERSED" == again.reason


async def test_an_original_at_another_worker_waits_for_its_reversal_and_is_refused(world: CounterWorld) -> None:
    phone, body = await a_purse_and_a_tap(world)
    tap_id = (await as_work(world, body)).tap_id

    async with a_second_worker(world) as second:
        async with world.db.transaction() as rival:
            # A rival's tombstone for the same tap, not committed, keeps the reversal from being written.
            await rival.execute(
                "INSERT INTO taps.reversal VALUES (%s, %s, %s, %s, NULL, 'nothing', %s)",
                [BUCKET, tap_id, phone.resident.resident_id, world.till.terminal.id, world.clock.now()],
            )
            reversing = asyncio.create_task(reversed_by(world, body))
            await until_waits(world.db, world.counter.backend_pid, for_pid=rival.info.backend_pid)
            tapping = asyncio.create_task(world.tap(body, at=second.tapping))
            await until_waits(world.db, second.counter.backend_pid, for_pid=world.counter.backend_pid)
            raise psycopg.Rollback
        met, ended = await reversing, await tapping

    assert ("nothing", "TAP_WAS_REVERSED") == (met.found, ended.reason)
    assert (5_000, 0) == (await world.balance(phone), await world.owed())


async def test_a_reversal_at_another_worker_waits_for_its_original_and_gives_the_money_back(
    world: CounterWorld,
) -> None:
    phone, body = await a_purse_and_a_tap(world)

    async with a_second_worker(world) as second:
        async with world.db.transaction() as rival:
            # A rival's claim of the same request id, not committed, keeps the decided tap from being written.
            await rival.execute(
                "INSERT INTO taps.request VALUES (%s, %s, %s, %s, %s, %s)",
                [world.till.terminal.id, body.request_id, world.ids.new(), BUCKET, b"\0" * 16, world.clock.now()],
            )
            tapping = asyncio.create_task(world.tap(body))
            await until_waits(world.db, world.counter.backend_pid, for_pid=rival.info.backend_pid)
            reversing = asyncio.create_task(reversed_by(second, body))
            await until_waits(world.db, second.counter.backend_pid, for_pid=world.counter.backend_pid)
            raise psycopg.Rollback
        ended, met = await tapping, await reversing

    assert (None, "admitted") == (ended.reason, met.found)
    assert (5_000, 0) == (await world.balance(phone), await world.owed())


async def test_an_original_that_comes_again_after_it_was_taken_back_is_not_admitted_once_more(
    world: CounterWorld,
) -> None:
    phone, other = await world.a_phone(purse_fen=5_000), await world.a_phone(purse_fen=5_000)
    body, kept = world.answered(phone, amount_fen=1_000), world.answered(other, amount_fen=1_000)
    first, kept_first = await world.tap(body), await world.tap(kept)
    await reversed_by(world, body)

    again, asked = await world.tap(body), await polled(world, id_of(first))
    world.clock.advance(timedelta(minutes=5))
    much_later, kept_later = await world.tap(body), await world.tap(kept)

    assert Outcome.ADMITTED is first.outcome
    assert [(Outcome.REFUSED, "TAP_WAS_REVERSED", ())] * 3 == [
        (receipt.outcome, receipt.reason, receipt.paid_by) for receipt in (again, asked, much_later)
    ]
    assert kept_first == kept_later
    assert 5_000 == await world.balance(phone)


async def test_a_code_whose_tap_was_taken_back_pays_no_second_time(world: CounterWorld) -> None:
    phone, body = await a_purse_and_a_tap(world)
    await world.tap(body)
    await reversed_by(world, body)

    again = await world.tap(replace(body, request_id="another-request-id"))

    assert "CODE_ALREADY_USED" == again.reason
    assert 5_000 == await world.balance(phone)


async def test_a_tap_that_waited_and_was_taken_back_is_not_confirmed_any_more(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body = world.answered(phone, amount_fen=15_000)
    waiting = await world.tap(body)

    met = await reversed_by(world, body)
    said_yes, again = await confirmed(world, phone, id_of(waiting), amount_fen=15_000), await world.tap(body)

    assert "waiting" == met.found
    assert ["TAP_WAS_REVERSED"] * 2 == [said_yes.reason, again.reason]
    assert (20_000, 0) == (await world.balance(phone), await world.owed())


async def test_another_terminal_takes_no_tap_back_neither_by_its_id_nor_by_its_code(world: CounterWorld) -> None:
    phone, body = await a_purse_and_a_tap(world)
    neighbour = await world.another_till()
    paid = await world.tap(body)

    with pytest.raises(Refused) as refused:
        await reversed_by(world, body, till=neighbour, tap=paid.tap)
    met = await reversed_by(world, body, till=neighbour)

    assert "TAP_IS_UNKNOWN" == refused.value.reason.name
    assert ("nothing", True) == (met.found, met.tap_id != id_of(paid))
    assert paid == await world.tap(body)
    assert (4_000, 1_000) == (await world.balance(phone), await world.owed())


async def test_an_original_and_its_reversal_at_once_leave_the_money_where_it_was(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    bodies = [world.answered(phone, amount_fen=100) for _ in range(5)]

    await asyncio.gather(*(action for body in bodies for action in (world.tap(body), reversed_by(world, body))))

    assert 5_000 == await world.balance(phone)
    assert 0 == await world.owed()
