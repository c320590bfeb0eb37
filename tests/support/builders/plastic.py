"""Plastic cards with a chip, in the hands of residents who carry no phone."""

from typing import NamedTuple

from simulator.chip import Chip
from tests.support.builders.cards import CardWorld
from tests.support.builders.counter import CounterWorld
from yikatong.cards.model import Card, Registered

PIN = "739164"


class CardHolder(NamedTuple):
    """A resident with nothing but a card."""

    resident: Registered
    chip: Chip


async def a_card_holder(world: CounterWorld, *, purse_fen: int) -> CardHolder:
    """A resident with an active card that has a chip and money in the purse, no e-card and no phone."""
    async with world.db.transaction() as conn:
        people = world.cards(conn)
        resident = await people.a_card_holder()
        card = await people.card_of(resident)
        await world.give(conn, resident, "purse", purse_fen)
    return CardHolder(resident, chip_of(card, people))


def chip_of(card: Card, people: CardWorld) -> Chip:
    """The chip of a card that was made; its password is PIN."""
    assert card.card_number is not None
    return Chip(card_number=card.card_number, region=people.region, pin=PIN, key=people.chips[card.card_number])
