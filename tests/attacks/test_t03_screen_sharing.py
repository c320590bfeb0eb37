"""T03 Screen sharing: the thief watches or controls the victim's screen (docs/threats.md)."""

import pytest

from tests.support.builders.counter import BUCKET, CounterWorld, Phone
from yikatong.cards import service as cards
from yikatong.codes.model import Asked, Posture
from yikatong.kernel.ids import ProviderId, TapId, read_id
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Outcome

pytestmark = pytest.mark.anyio


async def opted_in(world: CounterWorld, phone: Phone, *, unknown_posture: bool) -> None:
    """Let a resident allow small payments by bare codes."""
    async with world.db.transaction() as conn:
        await cards.set_small_payment_limit(
            conn,
            bucket=BUCKET,
            resident_id=phone.resident.resident_id,
            limit_fen=2_000,
            day_limit_fen=5_000,
            unknown_posture_allowed=unknown_posture,
            vault=world.vault,
            now=world.clock.now(),
        )


@pytest.mark.parametrize("posture", [Posture.CAPTURED, Posture.CONTROLLED])
async def test_a_screen_that_is_watched_pays_nothing_by_a_bare_code(world: CounterWorld, posture: Posture) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    await opted_in(world, victim, unknown_posture=True)
    victim.wallet.posture = posture

    receipt = await world.tap(world.shown(victim, item=world.meal, amount_fen=100))

    assert "POSTURE_IS_NOT_SAFE" == receipt.reason
    assert 5_000 == await world.balance(victim)


async def test_a_plain_web_page_needs_an_opt_in_of_its_own(world: CounterWorld) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    await opted_in(world, victim, unknown_posture=False)
    victim.wallet.posture = Posture.UNKNOWN

    receipt = await world.tap(world.shown(victim, item=world.meal, amount_fen=100))

    assert "SMALL_PAYMENTS_ARE_NOT_ALLOWED" == receipt.reason


@pytest.mark.parametrize("posture", [Posture.CAPTURED, Posture.CONTROLLED])
async def test_a_screen_that_is_watched_confirms_nothing(world: CounterWorld, posture: Posture) -> None:
    victim = await world.a_phone(purse_fen=20_000)
    body = world.answered(victim, amount_fen=15_000)
    waiting = await world.tap(body)
    tap_id = TapId(read_id("tap", waiting.tap))
    asked = Asked(
        nonce=b"\0" * 8,
        amount_fen=15_000,
        payee_id=ProviderId(world.provider.id),
        item_number=world.meal.number,
    )
    data = victim.wallet.confirm(tap_id=tap_id, asked=asked, agreed=True, now=world.clock.now(), posture=posture)

    with pytest.raises(Refused) as refused:
        async with world.db.transaction() as conn:
            await world.follow_ups.confirm(conn, caller=victim.caller, tap_id=tap_id, data=data, now=world.clock.now())

    assert "POSTURE_IS_NOT_SAFE" == refused.value.reason.name
    assert Outcome.WAITING is (await world.tap(body)).outcome
