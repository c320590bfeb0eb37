"""T11 One request id for two cards (docs/threats.md)."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from tests.support.backends import until_waits
from tests.support.builders.counter import BUCKET, CounterWorld, Phone, a_second_counter
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Outcome, Receipt, TapBody

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


async def test_a_request_id_that_was_refused_serves_no_other_card(world: CounterWorld) -> None:
    poor, rich = await world.a_phone(), await world.a_phone(purse_fen=5_000)
    refused = await world.tap(world.answered(poor, amount_fen=1_000, request_id="one-request-id"))

    with pytest.raises(Refused) as second:
        await world.tap(world.answered(rich, amount_fen=1_000, request_id="one-request-id"))

    assert "BALANCE_IS_TOO_LOW" == refused.reason
    assert "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY" == second.value.reason.name
    assert 5_000 == await world.balance(rich)


async def test_a_request_id_whose_tap_waits_serves_no_other_card(world: CounterWorld) -> None:
    phones = [await world.a_phone(purse_fen=20_000) for _ in range(2)]
    bodies = [world.answered(phone, amount_fen=15_000, request_id="one-request-id") for phone in phones]
    waiting = await world.tap(bodies[0])

    with pytest.raises(Refused) as refused:
        await world.tap(bodies[1])

    assert "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY" == refused.value.reason.name
    assert waiting == await world.tap(bodies[0])
    assert Outcome.WAITING is waiting.outcome
    assert [5_000, 20_000] == [await world.balance(phone) for phone in phones]


async def test_a_request_id_serves_no_other_amount_item_or_question_of_the_same_card(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.shown(phone, request_id="one-request-id")
    admitted = await world.tap(body)
    changes = ({"amount_fen": 1}, {"item": world.meal.code}, {"learn": ("name_masked",)})

    for change in changes:
        with pytest.raises(Refused) as refused:
            await world.tap(replace(body, **change))
        assert "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY" == refused.value.reason.name

    assert admitted == await world.tap(body)


async def test_a_request_id_that_is_claimed_while_a_card_is_tapped_does_not_serve_it(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_000, request_id="one-request-id")

    async with world.db.transaction() as rival:
        await rival.execute(
            "INSERT INTO taps.request VALUES (%s, %s, %s, %s, %s, %s)",
            [world.till.terminal.id, body.request_id, world.ids.new(), BUCKET, b"\0" * 16, world.clock.now()],
        )
        tapping = asyncio.create_task(world.tap(body))
        await until_waits(world.db, world.counter.backend_pid, for_pid=rival.info.backend_pid)
    with pytest.raises(Refused) as refused:
        await tapping

    assert "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY" == refused.value.reason.name
    assert (5_000, 0) == (await world.balance(phone), await world.owed())


async def test_a_card_refused_for_its_request_id_pays_under_one_of_its_own(world: CounterWorld) -> None:
    phones, bodies = await two_cards(world)
    await world.tap(bodies[0])
    with pytest.raises(Refused):
        await world.tap(bodies[1])

    receipt = await world.tap(replace(bodies[1], request_id="a-request-id-of-its-own"))

    assert None is receipt.reason
    assert [4_000, 4_000] == [await world.balance(phone) for phone in phones]


async def test_the_request_ids_of_one_terminal_are_nobody_elses(world: CounterWorld) -> None:
    """Whoever guesses the next id of a till spends his own, and stops nobody."""
    neighbour = await world.another_till()
    phones, bodies = await two_cards(world)

    receipts = [await world.tap(bodies[0], till=neighbour), await world.tap(bodies[1])]

    assert [None, None] == [receipt.reason for receipt in receipts]
    assert [4_000, 4_000] == [await world.balance(phone) for phone in phones]


def verify_one_paid(ended: Sequence[Receipt | BaseException]) -> None:
    """One tap was admitted, the other refused without a receipt."""
    receipts = [one for one in ended if isinstance(one, Receipt)]
    refusals = [one.reason.name for one in ended if isinstance(one, Refused)]
    assert [None] == [receipt.reason for receipt in receipts]
    assert ["REQUEST_ID_IS_USED_FOR_ANOTHER_BODY"] == refusals
