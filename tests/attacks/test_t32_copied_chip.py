"""T32 A copied chip offline (docs/threats.md): with another key, with a recorded answer, with another's certificate."""

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.chip import Chip
from tests.terminal.world import ENTRY, MEAL, PIN, REGION, TILL, Card, Till, a_card, an_allowance
from yikatong.codes.rules.challenge import read_challenge
from yikatong.kernel.outcomes import Refused


def test_a_copy_a_record_and_anothers_certificate_are_worth_nothing(tmp_path: Path) -> None:
    till, card = Till(tmp_path / "m"), a_card()
    till.hold_all(an_allowance(card, without_pin=True))
    copy = Card(Chip(card_number=card.chip.card_number, region=REGION, pin=PIN), card.certificate)
    exchanged = Card(a_card().chip, card.certificate)
    asked = till.kit.challenge(MEAL, 300)
    recorded = card.chip.present(
        read_challenge(asked.text, now=till.clock.now()), terminal_id=TILL, now=till.clock.now()
    )
    later = till.kit.challenge(MEAL, 300)

    attacks: tuple[Callable[[], object], ...] = (
        lambda: till.insert(copy, MEAL, 300),
        lambda: till.insert(exchanged, ENTRY),
        lambda: till.kit.tap_chip(
            item=MEAL, amount_fen=300, chip=recorded, certificate=card.certificate, answers=later.nonce
        ),
    )
    found = []
    for attack in attacks:
        with pytest.raises(Refused) as refused:
            attack()
        found.append(refused.value.reason.name)

    assert [
        "CHIP_SIGNATURE_IS_FALSE",
        "CHIP_CERTIFICATE_IS_OF_ANOTHER_CARD",
        "CODE_ANSWERS_ANOTHER_CHALLENGE",
    ] == found
    assert [] == till.kit.admitted()
