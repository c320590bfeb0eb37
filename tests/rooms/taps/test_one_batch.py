"""What meets in one batch: a later work sees what an earlier one decided, and what is written fits both."""

import asyncio

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld, Phone
from tests.support.builders.follow_ups import a_reversal, a_yes, id_of, polled
from yikatong.kernel.outcomes import Refused
from yikatong.taps.counter.works import Reversed
from yikatong.taps.model import Outcome, Reason, WaitingRow

pytestmark = pytest.mark.anyio


async def test_a_tap_confirmed_and_reversed_in_one_batch_waits_for_no_bank(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000, with_bank=True)
    waiting = await world.tap(world.answered(phone, amount_fen=15_000))

    await asyncio.gather(
        world.counter.submit(a_yes(world, phone, id_of(waiting), amount_fen=15_000)),
        world.counter.submit(a_reversal(world, phone, id_of(waiting))),
    )

    assert [] == await still_waiting(world, phone)
    assert 5_000 == await world.balance(phone)
    assert "TAP_WAS_REVERSED" == (await polled(world, id_of(waiting))).reason


async def test_one_code_under_two_request_ids_in_one_batch_lets_one_tap_wait(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=40_000)
    body = world.answered(phone, amount_fen=15_000)

    receipts = await asyncio.gather(world.tap(body), world.tap(replace(body, request_id="another-request")))

    assert [None, "CODE_ALREADY_USED"] == [receipt.reason for receipt in receipts]
    assert 1 == len(await still_waiting(world, phone))
    assert 25_000 == await world.balance(phone)


async def test_a_fault_in_one_work_spares_its_neighbours_and_those_who_come_later(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=50_000)
    waiting = await world.tap(world.answered(phone, amount_fen=15_000))
    poison = replace(a_yes(world, phone, id_of(waiting), amount_fen=15_000), confirmation=None)

    given_up, beside = await asyncio.gather(
        world.counter.submit(poison), world.counter.submit(a_reversal(world, phone, id_of(waiting)))
    )
    later = await world.tap(world.answered(phone, amount_fen=100))

    assert isinstance(given_up, Refused)
    assert Reason.COUNTER_IS_BUSY is given_up.reason
    assert isinstance(beside, Reversed)
    assert Outcome.ADMITTED is later.outcome


async def still_waiting(world: CounterWorld, phone: Phone) -> list[WaitingRow]:
    """The resident's taps that wait."""
    async with world.db.transaction() as conn:
        return await world.follow_ups.list_waiting(conn, resident_id=phone.resident.resident_id)
