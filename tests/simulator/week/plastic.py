"""Plastic cards: what a resident holds where neither side has a network and no phone is at hand."""

from datetime import datetime

from simulator.chip import Chip
from tests.support.builders.counter import BUCKET, CounterWorld
from tests.support.builders.plastic import PIN, chip_of
from yikatong.cards.model import Registered
from yikatong.codes import service as codes
from yikatong.kernel.ids import TerminalId

CHIP, CHIP_WITHOUT_PASSWORD, CHIP_ENTRY = "chip", "chip without password", "chip entry"
BY_CHIP = frozenset({CHIP, CHIP_WITHOUT_PASSWORD, CHIP_ENTRY})
"""How a tap is made by a plastic card: `chip` pays after its password was typed, the others type nothing."""


class PlasticCard:
    """A card in the hand of its holder, with the certificate that the counter had written onto it."""

    def __init__(self, chip: Chip, certificate: bytes) -> None:
        self._chip = chip
        self.certificate = certificate

    def present(self, challenge: str, *, terminal_id: TerminalId, now: datetime, how: str) -> bytes:
        """What its chip says in a reader whose clock stands at `now`."""
        asked = codes.read_challenge(challenge, now=now)
        return self._chip.present(asked, terminal_id=terminal_id, now=now, pin=PIN if how == CHIP else None)


async def a_plastic_card(worker: CounterWorld, resident: Registered) -> PlasticCard:
    """The card of a resident, whose chip the counter certifies."""
    async with worker.db.transaction() as conn:
        people = worker.cards(conn)
        card = await people.card_of(resident)
        _, certificate = await codes.certify_chip(
            conn, bucket=BUCKET, resident_id=resident.resident_id, holder=worker.keys, now=worker.clock.now(),
            ids=worker.ids,
        )  # fmt: skip
    return PlasticCard(chip_of(card, people), certificate)
