"""T05 Forged region: certificates by keys that nobody trusts (docs/threats.md)."""

import pytest

from tests.support.builders.codes import CertifiedPhone, KeyedRegion, asked
from tests.support.builders.counter import CounterWorld
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import TapBody

pytestmark = pytest.mark.anyio


def a_forged_tap(world: CounterWorld, region: KeyedRegion) -> TapBody:
    """A tap by a code whose certificate the forger signed."""
    forger = CertifiedPhone(region, made_at=world.clock.now())
    said = asked(amount_fen=100, payee_id=world.provider.id, item_number=world.meal.number)
    return TapBody(
        request_id=world.ids.new().hex,
        item=world.meal.code,
        amount_fen=100,
        code=forger.code(made_at=world.clock.now(), answer=said),
        answers=said.nonce.hex(),
    )


async def test_a_region_that_is_on_no_list_is_unknown(world: CounterWorld) -> None:
    with pytest.raises(Refused) as refused:
        await world.tap(a_forged_tap(world, KeyedRegion("999999")))

    assert "ISSUING_REGION_IS_UNKNOWN" == refused.value.reason.name


async def test_a_forger_in_our_own_name_has_not_our_alias_key(world: CounterWorld) -> None:
    with pytest.raises(Refused) as refused:
        await world.tap(a_forged_tap(world, KeyedRegion(world.region)))

    assert "ALIAS_IS_FALSE" == refused.value.reason.name


def test_a_forger_in_a_trusted_regions_name_has_not_its_key() -> None:
    trusted, forger = KeyedRegion("999995"), KeyedRegion("999995")
    forger.key_id = trusted.key_id

    with pytest.raises(Refused) as refused:
        codes.read_code(CertifiedPhone(forger).code(), regions=trusted.seen_elsewhere(), now=NOON)

    assert "CERTIFICATE_SIGNATURE_IS_FALSE" == refused.value.reason.name
