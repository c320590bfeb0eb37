"""T11 One request id for two cards (docs/threats.md)."""

import asyncio

import pytest

from tests.support.builders.counter import CounterWorld
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Receipt

pytestmark = pytest.mark.anyio


async def test_of_two_cards_under_one_request_id_one_pays(world: CounterWorld) -> None:
    phones = [await world.a_phone(purse_fen=5_000) for _ in range(2)]
    bodies = [world.answered(phone, amount_fen=1_000, request_id="one-request-id") for phone in phones]

    ended = await asyncio.gather(*(world.tap(body) for body in bodies), return_exceptions=True)

    receipts = [one for one in ended if isinstance(one, Receipt)]
    refusals = [one.reason.name for one in ended if isinstance(one, Refused)]
    assert [None] == [receipt.reason for receipt in receipts]
    assert ["REQUEST_ID_IS_USED_FOR_ANOTHER_BODY"] == refusals
    assert [4_000, 5_000] == sorted([await world.balance(phone) for phone in phones])
