"""T12 A terminal asks for more than its purpose (docs/threats.md)."""

import pytest

from tests.support.builders.counter import CounterWorld
from yikatong.catalogue.model import DataKind, Scene

pytestmark = pytest.mark.anyio


async def test_what_the_item_may_not_learn_no_terminal_is_told(world: CounterWorld) -> None:
    """The till may learn age bands, at the gate; a meal may not."""
    phone = await world.a_phone(purse_fen=5_000)

    receipt = await world.tap(world.answered(phone, amount_fen=100, learn=("age_band",)))

    assert ("TERMINAL_MAY_NOT_LEARN_THIS", {"data": "age_band"}) == (receipt.reason, receipt.about)
    assert {} == receipt.learned
    assert 5_000 == await world.balance(phone)


async def test_what_neither_may_learn_is_not_told(world: CounterWorld) -> None:
    phone = await world.a_phone()

    receipt = await world.tap(world.shown(phone, learn=("id_number",)))

    assert "TERMINAL_MAY_NOT_LEARN_THIS" == receipt.reason
    assert {} == receipt.learned


async def test_what_the_terminal_was_not_registered_for_it_is_not_told(world: CounterWorld) -> None:
    phone = await world.a_phone()
    narrow = await world.another_till(purposes=(Scene.CULTURE,), learns=(DataKind.PRESENCE_ONLY,))

    receipt = await world.tap(world.shown(phone, learn=("name_masked",)), till=narrow)

    assert "TERMINAL_MAY_NOT_LEARN_THIS" == receipt.reason


async def test_a_gate_is_told_nothing_it_did_not_ask_for(world: CounterWorld) -> None:
    phone = await world.a_phone()

    receipt = await world.tap(world.shown(phone))

    assert {} == receipt.learned


async def test_a_terminal_of_another_purpose_takes_no_money(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    gate = await world.another_till(purposes=(Scene.CULTURE,))

    receipt = await world.tap(world.answered(phone, amount_fen=100), till=gate)

    assert "TERMINAL_MAY_NOT_OFFER_THIS_ITEM" == receipt.reason
    assert 5_000 == await world.balance(phone)
