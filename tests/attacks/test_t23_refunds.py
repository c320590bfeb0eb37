"""T23 A refund of more than was paid, twice, or by another provider (docs/threats.md)."""

import asyncio

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld
from tests.support.builders.follow_ups import id_of, refunded
from yikatong.kernel.ids import ProviderId
from yikatong.kernel.outcomes import Refused
from yikatong.taps.counter.works import Refunded

pytestmark = pytest.mark.anyio


async def test_refunds_at_once_give_back_no_more_than_was_paid(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    receipt = await world.tap(world.answered(phone, amount_fen=1_000))

    ended = await asyncio.gather(
        *(refunded(world, id_of(receipt), 400, request_id=f"refund-{number}") for number in range(5)),
        return_exceptions=True,
    )

    assert 2 == sum(isinstance(one, Refunded) for one in ended)
    assert {"REFUND_IS_MORE_THAN_PAID"} == {one.reason.name for one in ended if isinstance(one, Refused)}
    assert 4_800 == await world.balance(phone)


async def test_one_refund_request_gives_back_once_however_often_it_comes(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    receipt = await world.tap(world.answered(phone, amount_fen=1_000))

    ended = await asyncio.gather(*(refunded(world, id_of(receipt), 400, request_id="the-refund") for _ in range(3)))

    assert [600] * 3 == [one.left_fen for one in ended]
    assert 4_400 == await world.balance(phone)


async def test_another_provider_refunds_nothing(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    receipt = await world.tap(world.answered(phone, amount_fen=1_000))
    stranger = replace(world.terminal_caller(), provider_id=ProviderId(world.ids.new()))

    with pytest.raises(Refused) as refused:
        await refunded(world, id_of(receipt), 100, request_id="strange-refund", caller=stranger)

    assert "TAP_IS_UNKNOWN" == refused.value.reason.name
