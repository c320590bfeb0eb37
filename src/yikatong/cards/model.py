"""What cards speaks of: residents, cards, e-cards, devices, families, and what a decision needs to know of them."""

from collections.abc import Awaitable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from yikatong.cards.reasons import Reason as Reason
from yikatong.kernel.ids import CardId, DeviceId, ECardId, ResidentId
from yikatong.kernel.outcomes import Change
from yikatong.trust.model import Algorithm, PublicKey


class ResidentStatus(StrEnum):
    """Whether a resident is here to be served; `left` is settled abroad."""

    ALIVE = "alive"
    LEFT = "left"
    DEAD = "dead"


class CardState(StrEnum):
    """The state of a physical card (社会保障卡应用状态)."""

    MAKING = "making"
    SEALED = "sealed"
    ACTIVE = "active"
    TEMPORARILY_LOST = "temporarily_lost"
    LOST = "lost"
    LOCKED = "locked"
    CANCELLED = "cancelled"


OFFICIAL_CODE: dict[CardState, str] = {
    CardState.MAKING: "99",
    CardState.SEALED: "0",
    CardState.ACTIVE: "1",
    CardState.LOST: "2",
    CardState.LOCKED: "3",
    CardState.TEMPORARILY_LOST: "4",
    CardState.CANCELLED: "9",
}
"""Application status codes as regional systems exchange them; a card being made has no official code but 99 in use."""


class CardCommand(StrEnum):
    """What can be asked of a physical card."""

    MAKE = "make"
    SEAL = "seal"
    ACTIVATE = "activate"
    REPORT_TEMPORARY_LOSS = "report_temporary_loss"
    REPORT_FORMAL_LOSS = "report_formal_loss"
    RELEASE_LOSS = "release_loss"
    LOCK = "lock"
    UNLOCK = "unlock"
    REPLACE = "replace"
    CANCEL = "cancel"


class ReplacementReason(StrEnum):
    """Why a card is replaced, under its official code (补换卡原因)."""

    DAMAGED = "1"
    OTHER = "5"
    EXPIRED = "6"
    FACE_CHANGED = "7"


class CancellationReason(StrEnum):
    """Why a card ends without a successor."""

    DEATH = "death"
    LEFT_THE_COUNTRY = "left_the_country"
    OTHER = "other"


class BalanceGoes(StrEnum):
    """What becomes of the money a card's holder keeps with the platform when the card ends."""

    STAYS_WITH_THE_RESIDENT = "stays_with_the_resident"
    TO_THE_BOUND_BANK_ACCOUNT = "to_the_bound_bank_account"
    TO_THE_HEIR = "to_the_heir"
    KEPT_UNTIL_CLAIMED = "kept_until_claimed"


class ECardState(StrEnum):
    """The state of an e-card, told from itself and its card; SUSPENDED is never stored."""

    NONE = "none"
    SIGNED_L1 = "signed_l1"
    SIGNED_L2 = "signed_l2"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class ECardCommand(StrEnum):
    """What can be asked of an e-card."""

    ISSUE = "issue"
    BIND_BANK = "bind_bank"
    UNBIND_BANK = "unbind_bank"
    ASSOCIATE = "associate"
    CANCEL = "cancel"


class Shell(StrEnum):
    """What a wallet runs in; a web page cannot know its posture."""

    NATIVE = "native"
    WEB = "web"


class GuardianRelation(StrEnum):
    """Guardian to ward, under its official code."""

    FATHER_SON = "21"
    FATHER_DAUGHTER = "22"
    MOTHER_SON = "31"
    MOTHER_DAUGHTER = "32"
    OTHER = "0"


class FamilyKind(StrEnum):
    """As what a relative stands in a holder's family service (亲情服务)."""

    ELDERLY = "elderly"
    CHILD = "child"
    SPOUSE = "spouse"
    OTHER = "other"


class FamilyListName(StrEnum):
    """Which of the two published limits a region follows."""

    TEN_PLACES = "ten_places"
    EIGHT_RELATIVES = "eight_relatives"


class RegionRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a region has decided for itself about cards."""

    formal_loss_can_be_released: bool = False
    replacement_wait_months: int = 6
    family_list: FamilyListName = FamilyListName.TEN_PLACES


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does a command: the kind of caller (`operator`, `wallet`, `job`, `taps`) and its id."""

    kind: str
    id: UUID


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The personal fields, unsealed.

    `id_type` is the certificate code (1: resident ID card), `nation` the code of GB/T 3304 (01 to 56).
    """

    name: str
    id_number: str
    id_type: str
    sex: str
    birth: date
    nation: str
    phone: str
    address: str

    def __repr__(self) -> str:
        return "Person(sealed)"


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """A person served, without anything personal."""

    bucket: int
    id: ResidentId
    region: str
    division: str
    status: ResidentStatus
    made_at: datetime
    status_at: datetime


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


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A physical card; the days are None until it was made."""

    bucket: int
    id: CardId
    resident_id: ResidentId
    region: str
    generation: int
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
    """An e-card as stored; whether it is suspended is told by `rules.e_card_state`."""

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
    cancelled_at: datetime | None


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


class Guardian(msgspec.Struct, frozen=True, kw_only=True):
    """One guardian of a ward."""

    resident_id: ResidentId
    guardian_id: ResidentId
    relation: GuardianRelation
    made_at: datetime


class FamilyMember(msgspec.Struct, frozen=True, kw_only=True):
    """A relative whose e-card a holder may show."""

    resident_id: ResidentId
    member_id: ResidentId
    kind: FamilyKind
    made_at: datetime


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


class Concession(msgspec.Struct, frozen=True, kw_only=True):
    """A concession and its days; `class_` is never told to a terminal that learns only that one is valid."""

    resident_id: ResidentId
    class_: str
    granted_on: date
    valid_until: date


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the installation decided for cards.

    `synthetic_allowed` admits made-up residents of the unassigned division 9901xx.
    """

    bucket_count: int = 1
    synthetic_allowed: bool = False
    devices_max: int = 5


class NewPerson(msgspec.Struct, frozen=True, kw_only=True):
    """The personal fields as a form gives them; sex and birth date stand in the ID number."""

    name: str
    id_number: str
    id_type: str = "1"
    nation: str = "01"
    phone: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return "NewPerson(sealed)"


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


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """A device was enrolled."""

    resident_id: ResidentId
    bucket: int
    region: str
    e_card_id: ECardId
    device_id: DeviceId


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


class BatchReturned(msgspec.Struct, frozen=True, kw_only=True):
    """A return file was read in."""

    change: Change
    made_count: int
    failed_count: int


class DataKey(Protocol):
    """One resident's data key, open in memory."""

    @property
    def wrapped(self) -> bytes:
        """The key, wrapped by the master key: the form in which it is stored."""
        ...

    def seal(self, plain: bytes, *, field: str) -> bytes:
        """Seal a field; what is sealed opens only under the same name and owner."""
        ...

    def seal_fields(self, plain: Mapping[str, bytes]) -> dict[str, bytes]:
        """Seal several fields by name, each as `seal` would."""
        ...

    def open(self, sealed: bytes, *, field: str) -> bytes:
        """Open a sealed field; raises Refused when it was not sealed so."""
        ...


class Vault(Protocol):
    """Master key, mark key and pepper."""

    def new_data_key(self, *, owner: UUID) -> DataKey:
        """Make a data key for an owner."""
        ...

    def open_data_key(self, wrapped: bytes, *, owner: UUID) -> DataKey:
        """Unwrap an owner's data key."""
        ...

    def mark_id_number(self, id_number: str) -> bytes:
        """The mark of an ID number: 32 bytes, the same each time, meaningless without the key."""
        ...

    def hash_password(self, password: str) -> Awaitable[str]:
        """Hash a password with pepper and salt, off the event loop."""
        ...

    def is_password(self, password: str, *, password_hash: str) -> Awaitable[bool]:
        """Whether a password is the one that was hashed; the caller counts attempts."""
        ...
