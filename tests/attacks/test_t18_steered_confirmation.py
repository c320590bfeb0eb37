"""T18 A confirmation is steered to another amount, payee or tap (docs/threats.md)."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tests.support.builders.counter import BUCKET, CounterWorld
from tests.support.builders.follow_ups import a_yes, confirmed, id_of
from yikatong.kernel.ids import ProviderId
from yikatong.kernel.outcomes import Refused
from yikatong.taps.counter.works import ExpireWork
from yikatong.taps.model import Outcome, WaitingRow

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("change", [{"amount_fen": 1}, {"payee_id": ProviderId(UUID(int=1))}, {"item_number": 1}])
async def test_what_was_signed_for_something_else_confirms_nothing(world: CounterWorld, change: dict[str, Any]) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body = world.answered(phone, amount_fen=15_000)
    tap_id = id_of(await world.tap(body))

    with pytest.raises(Refused) as refused:
        await confirmed(world, phone, tap_id, **{"amount_fen": 15_000, **change})

    assert "CONFIRMATION_IS_FOR_ANOTHER_TAP" == refused.value.reason.name
    assert Outcome.WAITING is (await world.tap(body)).outcome


async def test_what_was_signed_for_one_tap_confirms_no_other(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=40_000)
    bodies = [world.answered(phone, amount_fen=15_000) for _ in range(2)]
    signed_for, steered_to = [id_of(await world.tap(body)) for body in bodies]

    with pytest.raises(Refused) as refused:
        await confirmed(world, phone, steered_to, amount_fen=15_000, signed_for=signed_for)

    assert "CONFIRMATION_IS_FOR_ANOTHER_TAP" == refused.value.reason.name
    assert [Outcome.WAITING] * 2 == [(await world.tap(body)).outcome for body in bodies]


async def test_another_residents_wallet_cannot_answer(world: CounterWorld) -> None:
    phone, other = await world.a_phone(purse_fen=20_000), await world.a_phone()
    tap_id = id_of(await world.tap(world.answered(phone, amount_fen=15_000)))

    with pytest.raises(Refused) as refused:
        await confirmed(world, other, tap_id, amount_fen=15_000)

    assert "TAP_IS_UNKNOWN" == refused.value.reason.name
    assert 5_000 == await world.balance(phone)


async def test_another_residents_wallet_cannot_answer_beside_the_residents_own_work(world: CounterWorld) -> None:
    """A batch that has both residents knows the waiting taps of both."""
    phone, other = await world.a_phone(purse_fen=20_000), await world.a_phone()
    body = world.answered(phone, amount_fen=15_000)
    tap_id = id_of(await world.tap(body))
    own = ExpireWork(tap_id=tap_id, bucket=BUCKET, resident_id=phone.resident.resident_id)

    refused, stands = await asyncio.gather(
        world.counter.submit(a_yes(world, other, tap_id, amount_fen=15_000)), world.counter.submit(own)
    )

    assert isinstance(refused, Refused)
    assert "TAP_IS_UNKNOWN" == refused.reason.name
    assert isinstance(stands, WaitingRow)
    assert Outcome.WAITING is (await world.tap(body)).outcome
