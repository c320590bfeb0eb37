"""Taps that an operator attests: only one that stands uses up the operator's limits."""

import pytest
from msgspec.structs import replace

from tests.support.builders.access import Known
from tests.support.builders.counter import CounterWorld, Phone, a_second_worker
from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Outcome, Reason

pytestmark = pytest.mark.anyio

PRICE_FEN = 300
DAY_MAX_FEN = 500
"""Enough for one tap of the price and not for two."""


async def test_an_operator_attests_up_to_the_days_limit(world: CounterWorld) -> None:
    phone, operator = await a_pair(world)

    assert Outcome.ADMITTED is await attested(world, phone, operator)
    with pytest.raises(Refused) as refused:
        await attested(world, phone, operator)

    assert AccessReason.OPERATOR_DAY_LIMIT_EXCEEDED is refused.value.reason
    assert 5_000 - PRICE_FEN == await world.balance(phone)


async def test_a_tap_refused_with_a_receipt_uses_up_nothing_of_the_day(world: CounterWorld) -> None:
    (poor, operator), rich = await a_pair(world, purse_fen=0), await world.a_phone(purse_fen=5_000)

    assert Outcome.REFUSED is await attested(world, poor, operator)
    assert Outcome.ADMITTED is await attested(world, rich, operator)


async def test_a_tap_for_which_the_counter_has_no_time_uses_up_nothing_of_the_day(world: CounterWorld) -> None:
    phone, operator = await a_pair(world)
    async with a_second_worker(world, line_max=0) as full:
        with pytest.raises(Refused) as refused:
            await attested(full, phone, operator)

    assert Reason.COUNTER_IS_BUSY is refused.value.reason
    assert Outcome.ADMITTED is await attested(world, phone, operator)


async def test_a_tap_of_a_terminal_whose_key_is_revoked_meanwhile_uses_up_nothing_of_the_day(
    world: CounterWorld,
) -> None:
    phone, operator = await a_pair(world)
    async with world.db.transaction() as conn:
        await access.revoke_keys_of(conn, subject_id=world.till.terminal.id, now=world.clock.now())
    with pytest.raises(Refused) as refused:
        await attested(world, phone, operator)
    world.till = await world.another_till()

    assert "KEY_IS_REVOKED" == refused.value.reason.name
    assert Outcome.ADMITTED is await attested(world, phone, operator)


async def test_another_body_under_the_request_id_of_a_tap_that_stands_gives_nothing_back(world: CounterWorld) -> None:
    phone, operator = await a_pair(world)
    body = await world.attested(phone, by=operator, amount_fen=PRICE_FEN)
    await world.tap(body)

    with pytest.raises(Refused) as refused:
        await world.tap(replace(body, learn=("name_masked",)))
    with pytest.raises(Refused) as over:
        await attested(world, phone, operator)

    assert Reason.REQUEST_ID_IS_USED_FOR_ANOTHER_BODY is refused.value.reason
    assert AccessReason.OPERATOR_DAY_LIMIT_EXCEEDED is over.value.reason


async def a_pair(world: CounterWorld, *, purse_fen: int = 5_000) -> tuple[Phone, Known]:
    """A resident, and an operator whose day has room for one tap."""
    return await world.a_phone(purse_fen=purse_fen), await world.an_operator(day_max_fen=DAY_MAX_FEN)


async def attested(world: CounterWorld, phone: Phone, operator: Known) -> Outcome:
    """Pay by an operator's word, under a request id of its own."""
    return (await world.tap(await world.attested(phone, by=operator, amount_fen=PRICE_FEN))).outcome
