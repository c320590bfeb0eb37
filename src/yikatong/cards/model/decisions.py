"""What a tap decision needs to know, in tuples, because a batch builds one for each tap."""

from datetime import date, datetime
from typing import NamedTuple

from yikatong.cards.model.states import CardState, ResidentStatus
from yikatong.kernel.ids import CardId, ECardId, ResidentId


class Gate(NamedTuple):
    """A resident's row that orders decisions; `shown_spent_fen` counts only on `shown_on`.

    A tuple, because a tap batch builds one for each tap.
    """

    resident_id: ResidentId
    version: int
    shown_limit_fen: int
    shown_day_limit_fen: int
    shown_on: date | None
    shown_spent_fen: int
    unknown_posture_allowed: bool
    payments_frozen_at: datetime | None


class GateUpdate(NamedTuple):
    """What a batch writes back to a gate; the version goes up by one."""

    resident_id: ResidentId
    shown_on: date | None
    shown_spent_fen: int


class Holder(NamedTuple):
    """What a tap decision needs to know of a resident, as of `on`. Card fields are None when no card was ever made.

    The card is the one in force, or the last one when none is. `e_card_associated_version` below
    `card_state_version`, or another card than the e-card's, means that the e-card is suspended.
    """

    resident_id: ResidentId
    on: date
    region: str
    status: ResidentStatus
    card_id: CardId | None
    card_state: CardState | None
    card_number: str | None
    card_expires_on: date | None
    card_state_version: int | None
    chip_algorithm: int | None
    chip_public_key: bytes | None
    e_card_id: ECardId | None
    e_card_card_id: CardId | None
    e_card_level: int | None
    e_card_valid_until: date | None
    e_card_associated_version: int | None
    channels: tuple[str, ...]
    bank_code: str | None
    bank_token: str | None
    concessions: tuple[str, ...]
