"""What use cases take and give."""

from datetime import datetime

import msgspec

from yikatong.cards.model.states import BalanceGoes, Shell
from yikatong.kernel.ids import CardId, DeviceId, ECardId, ResidentId
from yikatong.kernel.outcomes import Change
from yikatong.trust.model import PublicKey


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A resident is registered: now, or already."""

    resident_id: ResidentId
    bucket: int
    change: Change


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """A card was replaced by another, which is to be made."""

    old_card_id: CardId
    new_card_id: CardId


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A card was cancelled, and what becomes of its holder's money."""

    change: Change
    card_id: CardId
    balance: BalanceGoes


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """An e-card is issued: now, or already."""

    e_card_id: ECardId
    change: Change


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What a wallet sends to be enrolled; `signature` is the new key's over the enrolment message."""

    name: str
    id_number: str
    card_number: str
    face: str
    password: str
    channel: str
    platform: str
    shell: Shell
    key: PublicKey
    made_at: datetime
    signature: bytes

    def __repr__(self) -> str:
        return "Enrolment(sealed)"


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """A device was enrolled."""

    resident_id: ResidentId
    bucket: int
    region: str
    e_card_id: ECardId
    device_id: DeviceId


class BatchReturned(msgspec.Struct, frozen=True, kw_only=True):
    """A return file was read in."""

    change: Change
    made_count: int
    failed_count: int
