"""Claims on their way through payouts."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from yikatong.kernel.ids import ResidentId
from yikatong.payouts.model import RosterMoved


class Rosterable(NamedTuple):
    """A claim that may be taken onto a roster."""

    claim_id: UUID
    resident_id: ResidentId
    amount_fen: int


class Rostered(NamedTuple):
    """A claim that stands on a roster."""

    claim_id: UUID
    resident_id: ResidentId


class RosterPage(msgspec.Struct, frozen=True, kw_only=True):
    """Claims of one bucket that have to follow their roster, those after one id."""

    moved: RosterMoved
    bucket: int
    after: UUID


class Told(StrEnum):
    """What payouts tells of a claim."""

    PUBLISHED = "published"
    FINAL = "final"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    PAID = "paid"
    RETURNED = "returned"


class PaymentAtOdds(msgspec.Struct, frozen=True, kw_only=True):
    """Something that payouts told of a claim and that the claim could not follow, with the chain's reason."""

    bucket: int
    claim_id: UUID
    resident_id: ResidentId
    roster_id: UUID
    told: Told
    about: UUID
    reason: str
    found_at: datetime
