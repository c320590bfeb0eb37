"""T11 One request id for two cards (docs/threats.md)."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.support.builders.counter import CounterWorld, Phone, a_second_counter
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Receipt, TapBody

pytestmark = pytest.mark.anyio


async def two_cards(world: CounterWorld) -> tuple[list[Phone], list[TapBody]]:
    """Two residents, and a tap of each under the same request id."""
    phones = [await world.a_phone(purse_fen=5_000) for _ in range(2)]
    return phones, [world.answered(phone, amount_fen=1_000, request_id="one-request-id") for phone in phones]


async def test_of_two_cards_under_one_request_id_one_pays(world: CounterWorld) -> None:
    phones, bodies = await two_cards(world)

    ended = await asyncio.gather(*(world.tap(body) for body in bodies), return_exceptions=True)

    verify_one_paid(ended)
    assert [4_000, 5_000] == sorted([await world.balance(phone) for phone in phones])


async def test_of_two_cards_at_two_counters_one_pays(world: CounterWorld) -> None:
    phones, bodies = await two_cards(world)

    async with a_second_counter(world) as second:
        ended = await asyncio.gather(world.tap(bodies[0]), world.tap(bodies[1], at=second), return_exceptions=True)

    verify_one_paid(ended)
    assert [4_000, 5_000] == sorted([await world.balance(phone) for phone in phones])


async def test_a_request_id_of_before_serves_no_other_card(world: CounterWorld) -> None:
    phones, bodies = await two_cards(world)
    await world.tap(bodies[0])

    with pytest.raises(Refused) as refused:
        await world.tap(bodies[1])

    assert "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY" == refused.value.reason.name
    assert [4_000, 5_000] == [await world.balance(phone) for phone in phones]


def verify_one_paid(ended: Sequence[Receipt | BaseException]) -> None:
    """One tap was admitted, the other refused without a receipt."""
    receipts = [one for one in ended if isinstance(one, Receipt)]
    refusals = [one.reason.name for one in ended if isinstance(one, Refused)]
    assert [None] == [receipt.reason for receipt in receipts]
    assert ["REQUEST_ID_IS_USED_FOR_ANOTHER_BODY"] == refusals
