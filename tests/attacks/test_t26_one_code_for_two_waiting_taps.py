"""T26 One code begins several taps at once that all wait, to be confirmed one by one (docs/threats.md)."""

import asyncio

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld, a_second_counter
from yikatong.taps.model import Outcome
from yikatong.taps.outside import DebitOutcome

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("amount_fen", [15_000, 1_200])
async def test_of_taps_by_one_code_at_once_one_waits(world: CounterWorld, amount_fen: int) -> None:
    """15 000 fen wait for the resident, 1 200 for a bank that is silent."""
    phone = await world.a_phone(purse_fen=200, with_bank=True)
    world.bank.answer = DebitOutcome.UNKNOWN
    body = world.answered(phone, amount_fen=amount_fen)
    bodies = [replace(body, request_id=f"the-same-code-{number}") for number in range(6)]

    async with a_second_counter(world) as second:
        receipts = await asyncio.gather(
            *(world.tap(one) for one in bodies[:4]), *(world.tap(one, at=second) for one in bodies[4:])
        )

    assert 1 == sum(receipt.outcome is Outcome.WAITING for receipt in receipts)
    assert {None, "CODE_ALREADY_USED"} == {receipt.reason for receipt in receipts}
    assert len(world.bank.debited) <= 1
