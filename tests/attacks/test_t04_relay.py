"""T04 Relay to a complicit store: the victim's answer is passed to another till (docs/threats.md)."""

import pytest
from msgspec.structs import replace

from tests.support.builders.catalogue import a_provider, a_terminal
from tests.support.builders.counter import CounterWorld
from yikatong.catalogue.model import Scene
from yikatong.kernel.outcomes import Refused

pytestmark = pytest.mark.anyio


async def test_an_answer_to_one_shop_pays_no_other_shop(world: CounterWorld) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    answer = world.answered(victim, amount_fen=1_000)
    async with world.db.transaction() as conn:
        complicit = await a_provider(conn, world.ids, region=world.region)
        till = await a_terminal(conn, world.ids, provider=complicit, purposes=(Scene.COMMUNITY,))

    with pytest.raises(Refused) as refused:
        await world.tap(answer, till=till)

    assert "CODE_ANSWERS_ANOTHER_PAYEE" == refused.value.reason.name
    assert 5_000 == await world.balance(victim)


async def test_an_answer_to_one_challenge_fits_no_other(world: CounterWorld) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    answer = world.answered(victim, amount_fen=1_000)

    with pytest.raises(Refused) as refused:
        await world.tap(replace(answer, answers="00" * 8))

    assert "CODE_ANSWERS_ANOTHER_CHALLENGE" == refused.value.reason.name


async def test_an_answer_for_one_item_buys_no_other(world: CounterWorld) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    answer = world.answered(victim, amount_fen=1_000)

    with pytest.raises(Refused) as refused:
        await world.tap(replace(answer, item=world.entry.code))

    assert "CODE_ANSWERS_ANOTHER_ITEM" == refused.value.reason.name


async def test_an_answer_sent_without_its_challenge_pays_nothing(world: CounterWorld) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    answer = world.answered(victim, amount_fen=1_000)

    with pytest.raises(Refused) as refused:
        await world.tap(replace(answer, answers=None))

    assert "CODE_ANSWERS_ANOTHER_CHALLENGE" == refused.value.reason.name
    assert 5_000 == await world.balance(victim)
