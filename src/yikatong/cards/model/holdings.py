"""What a resident holds: card, e-card, channels, devices, the bound account; and what happened to a card."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from yikatong.cards.model.people import Actor
from yikatong.cards.model.states import CardCommand, CardState, Shell
from yikatong.kernel.ids import CardId, DeviceId, ECardId, ResidentId
from yikatong.trust.model import Algorithm, PublicKey


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A physical card; the days are None until it was made."""

    bucket: int
    id: CardId
    resident_id: ResidentId
    region: str
    bank_code: str
    batch_id: UUID | None
    card_number: str | None
    state: CardState
    state_version: int
    state_at: datetime
    chip_algorithm: int | None
    chip_public_key: bytes | None
    issued_on: date | None
    expires_on: date | None
    photo_on_file: bool
    replaces_card_id: CardId | None
    made_at: datetime

    @property
    def chip_key(self) -> PublicKey | None:
        """The key with which the chip signs a terminal's challenge."""
        if self.chip_algorithm is None or self.chip_public_key is None:
            return None
        return PublicKey(algorithm=Algorithm(self.chip_algorithm), data=self.chip_public_key)


class ECard(msgspec.Struct, frozen=True, kw_only=True):
    """An e-card in force, as stored; whether it is suspended is told by `rules.e_cards.is_suspended`."""

    bucket: int
    id: ECardId
    resident_id: ResidentId
    card_id: CardId
    level: int
    sign_no: str
    valid_until: date
    associated_version: int
    password_hash: str
    password_failures: int
    made_at: datetime


class Association(msgspec.Struct, frozen=True, kw_only=True):
    """A channel in which an e-card was opened."""

    e_card_id: ECardId
    channel: str
    linked_at: datetime
    unlinked_at: datetime | None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that a resident enrolled."""

    bucket: int
    id: DeviceId
    resident_id: ResidentId
    e_card_id: ECardId
    channel: str
    platform: str
    shell: Shell
    algorithm: int
    public_key: bytes
    enrolled_at: datetime
    revoked_at: datetime | None

    @property
    def key(self) -> PublicKey:
        """The public half of the device's enrolment key."""
        return PublicKey(algorithm=Algorithm(self.algorithm), data=self.public_key)


class BankBinding(msgspec.Struct, frozen=True, kw_only=True):
    """The bank account bound to a resident's e-card."""

    id: UUID
    resident_id: ResidentId
    bank_code: str
    token: str
    tail: str
    bound_at: datetime


class NumberedCard(msgspec.Struct, frozen=True, kw_only=True):
    """Whose card bears a number."""

    resident_id: ResidentId
    card_id: CardId


class CardEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a card's state."""

    card_id: CardId
    gate_version: int
    resident_id: ResidentId
    command: CardCommand
    state_before: CardState | None
    state_after: CardState
    reason: str
    by: Actor
    made_at: datetime


class ProductionBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch of cards at the card maker, or back."""

    id: UUID
    region: str
    batch_number: str
    card_count: int
    state: str
    made_count: int | None
    made_at: datetime
    returned_at: datetime | None
