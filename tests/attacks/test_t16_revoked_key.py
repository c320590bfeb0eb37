"""T16 A revoked terminal key goes on (docs/threats.md)."""

import pytest

from tests.support.builders.counter import CounterWorld
from yikatong.access import service as access
from yikatong.catalogue import service as catalogue
from yikatong.kernel.outcomes import Refused

pytestmark = pytest.mark.anyio


async def test_a_revoked_key_takes_no_further_tap(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    await world.tap(world.answered(phone, amount_fen=100))
    async with world.db.transaction() as conn:
        await access.revoke_keys_of(conn, subject_id=world.till.terminal.id, now=world.clock.now())

    with pytest.raises(Refused) as refused:
        await world.tap(world.answered(phone, amount_fen=100))

    assert "KEY_IS_REVOKED" == refused.value.reason.name
    assert 4_900 == await world.balance(phone)


async def test_a_revoked_terminal_takes_no_further_tap(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    await world.tap(world.answered(phone, amount_fen=100))
    async with world.db.transaction() as conn:
        await catalogue.revoke_terminal(
            conn, region=world.region, terminal_id=world.till.terminal.id, now=world.clock.now()
        )

    with pytest.raises(Refused) as refused:
        await world.tap(world.answered(phone, amount_fen=100))

    assert "KEY_IS_REVOKED" == refused.value.reason.name
    assert 4_900 == await world.balance(phone)


async def test_a_key_that_was_never_given_is_unknown(world: CounterWorld) -> None:
    token = world.till.token
    key_id, _, secret = token.removeprefix("ykk_").partition("_")
    never_given = (
        "ytk_" + "0" * 60,
        f"ykk_{world.ids.new().hex}_{secret}",
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "A",
        key_id,
        "",
    )

    for one in never_given:
        with pytest.raises(Refused) as refused:
            await world.tapping.authenticate(one)
        assert "KEY_IS_UNKNOWN" == refused.value.reason.name, one
