"""What reports add up: deeds and refusals by place and day; no person stands in them."""

from datetime import date

import msgspec


class ActsOfDay(msgspec.Struct, frozen=True, kw_only=True):
    """One act at one place on one day: how often, and the sums of its deeds' amounts and prices.

    `amount_fen` are the amounts of the claims concerned, which an act without an amount of its own moves whole.
    """

    place: str
    done_on: date
    act: str
    done: int
    fen: int
    price_fen: int
    amount_fen: int


class RefusalsOfDay(msgspec.Struct, frozen=True, kw_only=True):
    """How many applications at one place on one day were refused for one reason."""

    place: str
    refused_on: date
    reason: str
    refused: int
