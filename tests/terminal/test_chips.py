"""A plastic card at a terminal without a network: its chip is verified by its certificate and by nothing else."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.world import NOON, FixedClock
from tests.terminal.world import (
    ALLOWANCE,
    DESK,
    ENTRY,
    KEY_ID,
    MEAL,
    PIN,
    REGION,
    REGION_KEY,
    TILL,
    Card,
    Till,
    a_card,
    a_code,
    a_phone,
    a_sheet,
    an_allowance,
)
from yikatong.codes.model import ChipCertificate
from yikatong.codes.rules.challenge import read_challenge
from yikatong.codes.rules.chip_certificate import (
    CHIP_CERTIFICATE_BYTES_MAX,
    CHIP_CERTIFICATE_CONTEXT,
    chip_expiry_of,
    open_chip_certificate,
    sign_chip_certificate,
)
from yikatong.kernel.ids import TerminalId, show_id
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

OTHER_TILL = TerminalId(UUID(int=0x99))


def refusal(act: Callable[[], Any]) -> str:
    """The name of the reason for which something is refused."""
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.reason.name


def test_a_card_enters_pays_and_is_known_again_by_a_till_that_was_switched_off(tmp_path: Path) -> None:
    till, card = Till(tmp_path / "m"), a_card()
    till.hold_all(an_allowance(card))

    assert 1 == till.insert(card, ENTRY).sequence
    assert 2 == till.insert(card, DESK, pin=PIN).sequence
    assert 3 == till.insert(card, MEAL, 1_200, pin=PIN).sequence
    till.memory.close()
    again = Till(tmp_path / "m")
    waiting = again.kit.admitted()
    assert {show_id("allowance", ALLOWANCE): 3_800} == again.kit.left_fen()
    assert [None] * 3 == [one.code for one in waiting]
    assert all(one.chip for one in waiting)
    assert [None, None, show_id("allowance", ALLOWANCE)] == [one.allowance for one in waiting]


def test_without_its_password_a_card_pays_only_from_an_allowance_that_does_without(tmp_path: Path) -> None:
    till, card = Till(tmp_path / "m"), a_card()
    till.hold_all(an_allowance(card))
    assert "CHIP_MUST_VERIFY_ITS_PASSWORD" == refusal(lambda: till.insert(card, MEAL, 1_200))
    assert "CHIP_MUST_VERIFY_ITS_PASSWORD" == refusal(lambda: till.insert(card, DESK))
    till.clock.advance(timedelta(seconds=1))
    sheet = a_sheet(an_allowance(card, without_pin=True), now=till.clock.now())
    till.kit.lists.hold_sheet(sheet, now=till.clock.now())

    assert 1 == till.insert(card, MEAL, 1_200).sequence
    assert "CHIP_MUST_VERIFY_ITS_PASSWORD" == refusal(lambda: till.insert(card, DESK))
    assert "ALLOWANCE_IS_USED_UP" == refusal(lambda: till.insert(card, MEAL, 3_801))


def test_a_bare_code_pays_from_no_allowance_also_where_chips_do_without_a_password(tmp_path: Path) -> None:
    till, phone = Till(tmp_path / "m"), a_phone()
    till.hold_all(an_allowance(phone, without_pin=True))
    code = a_code(phone, NOON)
    assert "CODE_MUST_ANSWER_THE_TERMINAL" == refusal(lambda: till.kit.tap(item=MEAL, amount_fen=5, code=code))


@pytest.mark.parametrize(
    ("status", "reason"), [(trust.INVALID, "CERTIFICATE_IS_REVOKED"), (trust.SUSPENDED, "CERTIFICATE_IS_SUSPENDED")]
)
def test_a_lost_card_is_refused_once_the_list_says_so(tmp_path: Path, status: int, reason: str) -> None:
    till = Till(tmp_path / "m")
    till.hold_all(stopped={15: status})

    assert reason == refusal(lambda: till.insert(a_card(), ENTRY))
    assert 1 == till.insert(a_card(place=16), ENTRY).sequence


def test_a_certificate_ends_and_the_list_has_its_age(tmp_path: Path) -> None:
    clock = FixedClock()
    till = Till(tmp_path / "m", clock=clock)
    till.hold_all(days=3)
    card, ending = a_card(), a_card(expires_at=NOON + timedelta(hours=1))
    assert 1 == till.insert(ending, ENTRY).sequence
    clock.advance(timedelta(hours=1))
    assert "CERTIFICATE_HAS_EXPIRED" == refusal(lambda: till.insert(ending, ENTRY))
    clock.advance(timedelta(hours=23, seconds=1))
    assert "STATUS_LIST_IS_TOO_OLD" == refusal(lambda: till.insert(card, ENTRY))


def present(till: Till, card: Card, *, item: str = MEAL, fen: int = 500, **changes: Any) -> dict[str, Any]:
    """What a reader hands over for a meal, changed where a test says."""
    asked = till.kit.challenge(item, fen)
    read = read_challenge(asked.text, now=till.clock.now())
    said = {"terminal_id": TILL, "now": till.clock.now(), "pin": PIN, **changes}
    asked_of_chip = replace(read, amount_fen=said.pop("signs_fen", fen))
    return {
        "item": item,
        "amount_fen": fen,
        "chip": card.chip.present(asked_of_chip, **said),
        "certificate": card.certificate,
        "answers": asked.nonce,
    }


def of_another_key(card: Card) -> bytes:
    """A certificate of the same card and another chip."""
    return a_certificate(card, public_key=trust.new_signing_key(Algorithm.ES256).public_key)


def a_certificate(card: Card, **changes: Any) -> bytes:
    """A card's certificate, changed."""
    _, certificate = open_chip_certificate(card.certificate)
    return sign_chip_certificate(replace(certificate, **changes), REGION_KEY, key_id=KEY_ID)


def by_a_stranger(card: Card) -> bytes:
    """A certificate that somebody else signed."""
    _, certificate = open_chip_certificate(card.certificate)
    return sign_chip_certificate(certificate, trust.new_signing_key(Algorithm.ES256), key_id=KEY_ID)


def test_a_card_is_refused_in_its_order(tmp_path: Path) -> None:
    till, card = Till(tmp_path / "m"), a_card()
    till.hold_all(an_allowance(card))

    def act(**changes: Any) -> str:
        certificate = changes.pop("certificate", card.certificate)
        answers = changes.pop("answers", None)
        given = present(till, card, **changes)
        given["certificate"] = certificate
        given["answers"] = answers or given["answers"]
        return refusal(lambda: till.kit.tap_chip(**given))

    assert [
        "CHIP_CERTIFICATE_IS_NOT_READABLE",
        "ISSUING_REGION_IS_UNKNOWN",
        "CERTIFICATE_SIGNATURE_IS_FALSE",
        "CHIP_CERTIFICATE_IS_OF_ANOTHER_CARD",
        "CHIP_SIGNATURE_IS_FALSE",
        "CHIP_ANSWERS_ANOTHER_TERMINAL",
        "CODE_IS_TOO_OLD",
        "CODE_ANSWERS_ANOTHER_CHALLENGE",
        "CODE_ANSWERS_ANOTHER_AMOUNT",
    ] == [
        act(certificate=b""),
        act(certificate=a_certificate(card, region="990102")),
        act(certificate=by_a_stranger(card)),
        act(certificate=a_certificate(card, card_number="B00000001")),
        act(certificate=of_another_key(card)),
        act(terminal_id=OTHER_TILL),
        act(now=NOON - timedelta(minutes=2)),
        act(answers="00" * 8),
        act(signs_fen=400),
    ]
    assert "CHIP_IS_NOT_READABLE" == refusal(
        lambda: till.kit.tap_chip(item=ENTRY, chip=b"", certificate=b"", answers="00" * 8)
    )
    assert "ALLOWANCE_IS_NOT_HELD" == refusal(lambda: till.insert(a_card(), MEAL, 500, pin=PIN))


def test_what_a_chip_said_is_taken_once(tmp_path: Path) -> None:
    till, card = Till(tmp_path / "m"), a_card()
    till.hold_all(an_allowance(card))
    given = present(till, card)

    assert 1 == till.kit.tap_chip(**given).sequence
    assert "CODE_WAS_SEEN_BEFORE" == refusal(lambda: till.kit.tap_chip(**given))


def test_a_region_key_that_is_not_trusted_vouches_for_nobody(tmp_path: Path) -> None:
    till, card = Till(tmp_path / "m"), a_card()
    till.hold_all()
    _, certificate = open_chip_certificate(card.certificate)
    unknown = Card(card.chip, sign_chip_certificate(certificate, REGION_KEY, key_id=b"none"))

    assert "ISSUING_KEY_IS_UNKNOWN" == refusal(lambda: till.insert(unknown, ENTRY))


def test_nobody_is_vouched_for_without_a_network(tmp_path: Path) -> None:
    assert "ATTESTED_IS_NOT_SERVED_OFFLINE" == refusal(Till(tmp_path / "m").kit.tap_attested)


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.EDDSA])
def test_a_certificate_is_small_and_comes_back_as_it_was_signed(algorithm: Algorithm) -> None:
    key = trust.new_signing_key(algorithm)
    certificate = ChipCertificate(
        region=REGION,
        card_number="A12345678",
        public_key=key.public_key,
        status_index=2**32 - 1,
        expires_at=NOON + timedelta(days=731),
    )
    signed = sign_chip_certificate(certificate, key, key_id=KEY_ID)

    assert certificate == open_chip_certificate(signed)[1]
    assert len(signed) <= 170 <= CHIP_CERTIFICATE_BYTES_MAX


def test_a_certificate_lives_two_years_and_not_longer_than_its_card() -> None:
    assert NOON + timedelta(days=731) == chip_expiry_of(NOON, card_expires_on=None)
    last_day = NOON.date() + timedelta(days=10)
    expires_at = chip_expiry_of(NOON, card_expires_on=last_day)

    assert NOON + timedelta(days=10) < expires_at < NOON + timedelta(days=11)


def test_any_flipped_bit_of_a_certificate_is_refused(tmp_path: Path) -> None:
    till, card = Till(tmp_path / "m"), a_card()
    till.hold_all()
    for position in range(len(card.certificate)):
        flipped = bytearray(card.certificate)
        flipped[position] ^= 1
        with pytest.raises(Refused):
            till.insert(Card(card.chip, bytes(flipped)), ENTRY)


@given(parts=st.lists(st.one_of(st.binary(max_size=80), st.integers(), st.text(max_size=9)), max_size=6))
@settings(max_examples=100)
def test_whatever_a_region_signed_is_a_certificate_or_none(parts: list[object]) -> None:
    data = trust.sign_sign1(trust.encode(parts), _KEY, key_id=KEY_ID, external_aad=CHIP_CERTIFICATE_CONTEXT)
    with pytest.raises((ValueError, Refused)):
        open_chip_certificate(data)


_KEY = trust.new_signing_key(Algorithm.ES256)
