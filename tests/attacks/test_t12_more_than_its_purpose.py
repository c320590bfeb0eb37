"""T12 A terminal asks for more than its purpose (docs/threats.md)."""

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld, Phone
from tests.support.builders.follow_ups import id_of, polled
from yikatong.catalogue.model import DataKind, Scene
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Outcome, Receipt

pytestmark = pytest.mark.anyio


async def verify_nothing_is_told(world: CounterWorld, phone: Phone, receipt: Receipt, *, data: str) -> None:
    """The tap is refused for one kind of data; neither it nor a later question tells any, and no row says one did."""
    assert ("TERMINAL_MAY_NOT_LEARN_THIS", {"data": data}) == (receipt.reason, receipt.about)
    assert ({}, {}) == (receipt.learned, (await polled(world, id_of(receipt))).learned)
    async with world.db.transaction() as conn:
        assert [] == await world.follow_ups.list_told(conn, resident_id=phone.resident.resident_id)


async def test_what_the_item_may_not_learn_no_terminal_is_told(world: CounterWorld) -> None:
    """The till may learn age bands, at the gate; a meal may not."""
    phone = await world.a_phone(purse_fen=5_000)

    receipt = await world.tap(world.answered(phone, amount_fen=100, learn=("age_band",)))

    await verify_nothing_is_told(world, phone, receipt, data="age_band")
    assert (5_000, 0) == (await world.balance(phone), await world.owed())


async def test_what_the_terminal_was_not_registered_for_it_is_not_told(world: CounterWorld) -> None:
    """At the gate, names may be learned; by this terminal they may not."""
    phone = await world.a_phone()
    narrow = await world.another_till(purposes=(Scene.CULTURE,), learns=(DataKind.PRESENCE_ONLY,))

    receipt = await world.tap(world.shown(phone, learn=("name_masked",)), till=narrow)

    await verify_nothing_is_told(world, phone, receipt, data="name_masked")


@pytest.mark.parametrize("kind", ["id_number", "name", "card_number", "everything"])
async def test_what_neither_may_learn_is_not_told(world: CounterWorld, kind: str) -> None:
    phone = await world.a_phone()

    receipt = await world.tap(world.shown(phone, learn=(kind,)))

    await verify_nothing_is_told(world, phone, receipt, data=kind)


async def test_one_kind_too_many_and_nothing_is_told_of_the_others(world: CounterWorld) -> None:
    phone = await world.a_phone()

    receipt = await world.tap(world.shown(phone, learn=("name_masked", "id_number", "age_band")))

    await verify_nothing_is_told(world, phone, receipt, data="id_number")


async def test_a_question_is_not_widened_by_asking_again(world: CounterWorld) -> None:
    phone = await world.a_phone()
    body = world.shown(phone, learn=("age_band",))
    told = await world.tap(body)

    with pytest.raises(Refused) as refused:
        await world.tap(replace(body, learn=("age_band", "name_masked")))

    assert ["age_band"] == list(told.learned)
    assert "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY" == refused.value.reason.name
    assert told == await polled(world, id_of(told))


async def test_a_gate_is_told_nothing_it_did_not_ask_for(world: CounterWorld) -> None:
    """Though item and terminal may learn a name and an age."""
    phone = await world.a_phone()

    receipt = await world.tap(world.shown(phone))

    assert (Outcome.ADMITTED, {}) == (receipt.outcome, receipt.learned)
    assert {} == (await polled(world, id_of(receipt))).learned


async def test_what_one_terminal_is_told_another_of_the_same_provider_does_not_hear(world: CounterWorld) -> None:
    phone, neighbour = await world.a_phone(), await world.another_till()
    told = await world.tap(world.shown(phone, learn=("age_band",)))

    assert {"age_band": "18-59"} == told.learned
    assert {} == (await polled(world, id_of(told), by=neighbour)).learned


async def test_a_terminal_of_another_purpose_takes_no_money(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    gate = await world.another_till(purposes=(Scene.CULTURE,))

    receipt = await world.tap(world.answered(phone, amount_fen=100), till=gate)

    assert "TERMINAL_MAY_NOT_OFFER_THIS_ITEM" == receipt.reason
    assert (5_000, 0) == (await world.balance(phone), await world.owed())


async def test_a_terminal_with_items_of_its_own_offers_no_other(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    purposes = (Scene.COMMUNITY, Scene.CULTURE)
    gate = await world.another_till(purposes=purposes, items=(world.entry.code,))

    entered = await world.tap(world.shown(phone), till=gate)
    receipt = await world.tap(world.answered(phone, amount_fen=100), till=gate)

    assert (None, "TERMINAL_MAY_NOT_OFFER_THIS_ITEM") == (entered.reason, receipt.reason)
    assert (5_000, 0) == (await world.balance(phone), await world.owed())
