"""T09 Algorithm downgrade: the header names another algorithm than the key's (docs/threats.md)."""

import base64

import pytest
from msgspec.structs import replace

from simulator.chip import Chip
from tests.support.builders.codes import CertifiedPhone, KeyedRegion, asked
from tests.support.builders.counter import CounterWorld
from yikatong.codes import service as codes
from yikatong.codes.model import CodeKind, Posture
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import TapBody
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

pytestmark = pytest.mark.anyio

ES256_HEADER = bytes.fromhex("a10126")


async def refusal_of(world: CounterWorld, body: TapBody) -> str:
    """How the counter refuses a tap."""
    with pytest.raises(Refused) as refused:
        await world.tap(body)
    return refused.value.reason.name


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("a10127", "CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE"),
        ("a10100", "CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE"),
        ("a10105", "CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE"),
        ("a101f6", "CODE_IS_NOT_READABLE"),
        ("a10426", "CODE_IS_NOT_READABLE"),
    ],
    ids=["EdDSA", "none", "a shared secret", "null", "without an algorithm"],
)
async def test_a_code_whose_header_names_another_algorithm_moves_nothing(
    world: CounterWorld, header: str, reason: str
) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_000)
    assert body.code is not None
    code = trust.decode_base45(body.code.removeprefix("YK1:"), 600)
    downgraded = code.replace(ES256_HEADER, bytes.fromhex(header), 1)

    refused = await refusal_of(world, replace(body, code=codes.write_code(downgraded)))

    assert downgraded != code
    assert reason == refused
    assert 5_000 == await world.balance(phone)


async def test_a_code_signed_with_another_algorithm_than_the_certificates_moves_nothing(world: CounterWorld) -> None:
    thief = CertifiedPhone(KeyedRegion(world.region))
    now = world.clock.now()
    said = asked(amount_fen=100, payee_id=world.provider.id, item_number=world.meal.number)
    phone = await world.a_phone(purse_fen=5_000)
    seen = world.shown(phone)
    assert seen.code is not None
    envelope = trust.decode_sign1(trust.decode_base45(seen.code.removeprefix("YK1:"), 600), 400)
    code = codes.mint_code(
        certificate=trust.decode_strict(envelope.payload)[0],
        show_key=trust.new_signing_key(Algorithm.EDDSA),
        made_at=now,
        kind=CodeKind.PAYMENT,
        nonce=b"12345678",
        posture=Posture.CLEAR,
        answer=said,
    )
    body = TapBody(
        request_id="other-algorithm",
        item=world.meal.code,
        amount_fen=100,
        code=codes.write_code(code),
        answers=said.nonce.hex(),
    )

    assert thief.show_key.public_key.algorithm is Algorithm.ES256
    assert "CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE" == await refusal_of(world, body)
    assert 5_000 == await world.balance(phone)


async def test_a_certificate_under_a_trusted_key_id_in_another_algorithm_is_refused(world: CounterWorld) -> None:
    trusted, forger = KeyedRegion("999996"), KeyedRegion("999996", algorithm=Algorithm.EDDSA)
    forger.key_id = trusted.key_id
    now = world.clock.now()

    for region, expected in ((trusted, None), (forger, "CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE")):
        code = CertifiedPhone(region, made_at=now).code(made_at=now)
        try:
            codes.read_code(code, regions=trusted.seen_elsewhere(), now=now)
            reason = None
        except Refused as refused:
            reason = refused.reason.name
        assert expected == reason


async def test_a_chip_that_signs_with_another_algorithm_than_its_cards_is_refused(world: CounterWorld) -> None:
    async with world.db.transaction() as conn:
        people = world.cards(conn)
        resident = await people.a_resident()
        await people.applied(resident)
        chips = await people.made()
        await people.activated(resident)
        await world.give(conn, resident, "purse", 5_000)
    ((card_number, key),) = chips.items()

    good, forged = [
        await tap_by_chip(world, Chip(region=world.region, card_number=card_number, pin="1234", key=one))
        for one in (key, trust.new_signing_key(Algorithm.EDDSA))
    ]

    assert (None, "CHIP_ALGORITHM_IS_NOT_THE_PINNED_ONE") == (good, forged)


async def tap_by_chip(world: CounterWorld, chip: Chip) -> str | None:
    """Pay by a chip; gives why not."""
    asked_of_chip = asked(amount_fen=100, payee_id=world.provider.id, item_number=world.meal.number)
    said = chip.present(asked_of_chip, terminal_id=world.till.terminal.id, now=world.clock.now(), pin="1234")
    body = TapBody(
        request_id=world.ids.new().hex,
        item=world.meal.code,
        amount_fen=100,
        chip=base64.urlsafe_b64encode(said).decode().rstrip("="),
        answers=asked_of_chip.nonce.hex(),
    )
    try:
        return (await world.tap(body)).reason
    except Refused as refused:
        return refused.reason.name
