"""T06 Stolen alias: a seen alias in a certificate with the thief's own show key (docs/threats.md)."""

import pytest

from tests.support.builders.counter import CounterWorld
from yikatong.codes import service as codes
from yikatong.codes.model import Asked, CodeKind, Posture
from yikatong.kernel.ids import ProviderId
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import TapBody
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, Claims, Standing

pytestmark = pytest.mark.anyio


def the_alias_in(code_text: str) -> bytes:
    """What anyone who sees a code can take from it."""
    envelope = trust.decode_sign1(trust.decode_base45(code_text.removeprefix("YK1:"), 600), 400)
    certificate = trust.decode_strict(envelope.payload)[0]
    alias = trust.decode_claims(trust.decode_sign1(certificate, 400).payload).cwt_id
    assert alias is not None
    return alias


async def test_a_seen_alias_is_worth_nothing_without_its_show_key(world: CounterWorld) -> None:
    victim = await world.a_phone(purse_fen=5_000)
    seen = world.shown(victim)
    assert seen.code is not None
    thiefs_key = trust.new_signing_key(Algorithm.ES256)
    now = world.clock.now()
    claims = Claims(
        issuer=world.region,
        cwt_id=the_alias_in(seen.code),
        expires_at=codes.expiry_of(now),
        confirmation=thiefs_key.public_key,
        standing=Standing(level=2, concession=0, status_index=1),
    )
    forged = trust.sign_sign1(trust.encode_claims(claims), thiefs_key, key_id=b"thief")
    asked = Asked(
        nonce=b"thief123", amount_fen=100, payee_id=ProviderId(world.provider.id), item_number=world.meal.number
    )
    code = codes.mint_code(
        certificate=forged,
        show_key=thiefs_key,
        made_at=now,
        kind=CodeKind.PAYMENT,
        nonce=b"12345678",
        posture=Posture.CLEAR,
        answer=asked,
    )
    body = TapBody(
        request_id=world.ids.new().hex,
        item=world.meal.code,
        amount_fen=100,
        code=codes.write_code(code),
        answers=asked.nonce.hex(),
    )

    with pytest.raises(Refused) as refused:
        await world.tap(body)

    assert "SHOW_KEY_IS_NOT_THE_STORED_ONE" == refused.value.reason.name
    assert 5_000 == await world.balance(victim)
