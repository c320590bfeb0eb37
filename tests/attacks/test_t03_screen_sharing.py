"""T03 Screen sharing: the thief watches or controls the victim's screen (docs/threats.md)."""

import pytest

from tests.support.builders.counter import CounterWorld
from tests.support.builders.follow_ups import confirmed, id_of, opted_in
from yikatong.codes.model import Posture
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Outcome

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("posture", [Posture.CAPTURED, Posture.CONTROLLED])
async def test_a_screen_that_is_watched_pays_nothing_by_a_bare_code(world: CounterWorld, posture: Posture) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    await opted_in(world, victim, limit_fen=2_000, day_limit_fen=5_000, unknown_posture=True)
    victim.wallet.posture = posture

    receipt = await world.tap(world.shown(victim, item=world.meal, amount_fen=100))

    assert "POSTURE_IS_NOT_SAFE" == receipt.reason
    assert 5_000 == await world.balance(victim)


async def test_a_plain_web_page_needs_an_opt_in_of_its_own(world: CounterWorld) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    await opted_in(world, victim, limit_fen=2_000, day_limit_fen=5_000)
    victim.wallet.posture = Posture.UNKNOWN

    receipt = await world.tap(world.shown(victim, item=world.meal, amount_fen=100))

    assert "SMALL_PAYMENTS_ARE_NOT_ALLOWED" == receipt.reason


@pytest.mark.parametrize("posture", [Posture.CAPTURED, Posture.CONTROLLED])
async def test_a_screen_that_is_watched_confirms_nothing(world: CounterWorld, posture: Posture) -> None:
    victim = await world.a_phone(purse_fen=20_000)
    body = world.answered(victim, amount_fen=15_000)
    waiting = await world.tap(body)

    with pytest.raises(Refused) as refused:
        await confirmed(world, victim, id_of(waiting), amount_fen=15_000, posture=posture)

    assert "POSTURE_IS_NOT_SAFE" == refused.value.reason.name
    assert Outcome.WAITING is (await world.tap(body)).outcome
