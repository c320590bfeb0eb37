"""What is taken back or given back is so once, and no more than was paid."""

import pytest

from tests.support.builders.counter import CounterWorld
from tests.support.builders.follow_ups import id_of, refunded, reversed_by
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Reason

pytestmark = pytest.mark.anyio


async def test_a_reversal_gives_the_money_back_once(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)
    await world.tap(body)

    met = [await reversed_by(world, body), await reversed_by(world, body)]

    assert "admitted" == met[0].found
    assert 5_000 == await world.balance(phone)
    assert 0 == await world.owed()


async def test_a_reversal_that_overtakes_its_original_refuses_it(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)

    met = await reversed_by(world, body)
    receipt = await world.tap(body)

    assert "nothing" == met.found
    assert Reason.TAP_WAS_REVERSED.name == receipt.reason
    assert 5_000 == await world.balance(phone)


async def test_a_reversal_of_a_waiting_tap_frees_what_it_held(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body = world.answered(phone, amount_fen=15_000)
    await world.tap(body)

    assert "waiting" == (await reversed_by(world, body)).found
    assert 20_000 == await world.balance(phone)


async def test_refunds_give_back_no_more_than_was_paid_and_each_request_once(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    receipt = await world.tap(world.answered(phone, amount_fen=1_200))

    left = [(await refunded(world, id_of(receipt), 500, request_id="refund-1")).left_fen for _ in range(2)]
    with pytest.raises(Refused) as refused:
        await refunded(world, id_of(receipt), 701, request_id="refund-2")

    assert [700, 700] == left
    assert Reason.REFUND_IS_MORE_THAN_PAID is refused.value.reason
    assert 4_300 == await world.balance(phone)


async def test_two_taps_of_one_instant_are_given_back_under_the_same_request_id(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    receipts = [await world.tap(world.answered(phone, amount_fen=1_200)) for _ in range(2)]

    left = [(await refunded(world, id_of(receipt), 500, request_id="refund-1")).left_fen for receipt in receipts]

    assert [700, 700] == left
    assert 3_600 == await world.balance(phone)
