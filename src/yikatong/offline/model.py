"""Allowances, uploads and disputes as values."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from yikatong.cards.model import Holder
from yikatong.catalogue.model import Item, Terminal
from yikatong.codes.model import Asked, CertificateAt, ChipCertificateAt, Presented, ReadCode, SceneGroup
from yikatong.kernel.ids import PlaceId, ProviderId, ResidentId, TapId
from yikatong.offline.reasons import Reason as Reason

UPLOAD_TERM = timedelta(days=14)
"""How long after the end of acceptance an allowance's hold waits for what was accepted."""


class Outcome(StrEnum):
    """What became of an uploaded tap: written with or without money, refused, or a dispute."""

    POSTED = "posted"
    REFUSED = "refused"
    DISPUTED = "disputed"


class Side(StrEnum):
    """For whom a dispute is decided: the provider is paid, or the resident is not charged."""

    PROVIDER = "provider"
    RESIDENT = "resident"


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What a resident lets one terminal, or (`terminal_id` None) the terminals of one place, take without a network.

    `hold_number` counts the holds that carry it, one at a time; `spent_fen` was posted out of the ones before.
    `without_pin` lets the chip of the resident's card take from it without its password.
    """

    bucket: int
    resident_id: ResidentId
    id: UUID
    scene_group: SceneGroup
    provider_id: ProviderId
    place_id: PlaceId
    terminal_id: UUID | None
    amount_fen: int
    spent_fen: int
    hold_number: int
    granted_at: datetime
    accept_until: datetime
    upload_until: datetime
    ended_at: datetime | None
    without_pin: bool = False

    @property
    def left_fen(self) -> int:
        """What its present hold has."""
        return self.amount_fen - self.spent_fen


class UploadRow(msgspec.Struct, frozen=True, kw_only=True):
    """An uploaded tap and its answer, as it was written."""

    terminal_id: UUID
    memory: bytes
    sequence: int
    body: bytes
    outcome: Outcome
    reason: str | None
    bucket: int | None
    tap_id: TapId | None
    allowance_id: UUID | None
    amount_fen: int | None
    decided_at: datetime


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A tap that a resident signed for and no hold could pay, at the provider's risk."""

    bucket: int
    tap_id: TapId
    resident_id: ResidentId
    provider_id: ProviderId
    terminal_id: UUID
    allowance_id: UUID | None
    amount_fen: int
    reason: str
    opened_at: datetime
    provider_says: str | None = None
    resident_agrees: bool | None = None
    decided_for: Side | None = None
    decided_at: datetime | None = None
    transfer_id: UUID | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides an uploaded tap of genuine signatures; `read` and `certificate` for a code, else `chip`."""

    now: datetime
    accepted_at: datetime
    presented: Presented
    read: ReadCode | None
    answer: Asked | None
    asked: Asked | None
    certificate: CertificateAt | None
    chip: ChipCertificateAt | None
    amount_fen: int | None
    terminal: Terminal
    item: Item | None
    holder: Holder
    allowance: Allowance | None
    used_in: UUID | None
    is_reversed: bool
    request_is_taken: bool
