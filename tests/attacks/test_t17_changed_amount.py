"""T17 The amount is changed between wallet and counter (docs/threats.md)."""

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld
from yikatong.kernel.outcomes import Refused

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("amount_fen", [1, 999, 1_001, 20_000])
async def test_another_amount_than_the_signed_one_is_refused(world: CounterWorld, amount_fen: int) -> None:
    phone = await world.a_phone(purse_fen=50_000)
    body = world.answered(phone, amount_fen=1_000)

    with pytest.raises(Refused) as refused:
        await world.tap(replace(body, amount_fen=amount_fen))

    assert "CODE_ANSWERS_ANOTHER_AMOUNT" == refused.value.reason.name
    assert 50_000 == await world.balance(phone)
