"""T18 A confirmation is steered to another amount, payee or tap (docs/threats.md)."""

from typing import Any
from uuid import UUID

import pytest

from tests.support.builders.counter import CounterWorld
from yikatong.codes.model import Asked
from yikatong.kernel.ids import ProviderId, TapId, read_id
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Outcome

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("change", [{"amount_fen": 1}, {"payee_id": ProviderId(UUID(int=1))}, {"item_number": 1}])
async def test_what_was_signed_for_something_else_confirms_nothing(world: CounterWorld, change: dict[str, Any]) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body = world.answered(phone, amount_fen=15_000)
    tap_id = TapId(read_id("tap", (await world.tap(body)).tap))
    shown: dict[str, Any] = {
        "nonce": b"\0" * 8,
        "amount_fen": 15_000,
        "payee_id": ProviderId(world.provider.id),
        "item_number": world.meal.number,
    }
    data = phone.wallet.confirm(tap_id=tap_id, asked=Asked(**{**shown, **change}), agreed=True, now=world.clock.now())

    with pytest.raises(Refused) as refused:
        async with world.db.transaction() as conn:
            await world.follow_ups.confirm(conn, caller=phone.caller, tap_id=tap_id, data=data, now=world.clock.now())

    assert "CONFIRMATION_IS_FOR_ANOTHER_TAP" == refused.value.reason.name
    assert Outcome.WAITING is (await world.tap(body)).outcome


async def test_another_residents_wallet_cannot_answer(world: CounterWorld) -> None:
    phone, other = await world.a_phone(purse_fen=20_000), await world.a_phone()
    body = world.answered(phone, amount_fen=15_000)
    tap_id = TapId(read_id("tap", (await world.tap(body)).tap))
    asked = Asked(
        nonce=b"\0" * 8, amount_fen=15_000, payee_id=ProviderId(world.provider.id), item_number=world.meal.number
    )
    data = other.wallet.confirm(tap_id=tap_id, asked=asked, agreed=True, now=world.clock.now())

    with pytest.raises(Refused) as refused:
        async with world.db.transaction() as conn:
            await world.follow_ups.confirm(conn, caller=other.caller, tap_id=tap_id, data=data, now=world.clock.now())

    assert "TAP_IS_UNKNOWN" == refused.value.reason.name
    assert 5_000 == await world.balance(phone)
