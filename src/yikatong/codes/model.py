"""What is presented at a terminal, read, stored and decided: frozen values."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec

from yikatong.catalogue.model import SceneGroup
from yikatong.codes.reasons import Reason
from yikatong.kernel.ids import CardId, DeviceId, ECardId, OperatorId, ProviderId, ResidentId, TapId, TerminalId
from yikatong.trust.model import PublicKey

__all__ = [
    "Asked",
    "Attestation",
    "CertificateAt",
    "CertificateState",
    "Challenge",
    "ChipPresentation",
    "CodeKind",
    "Confirmation",
    "DocumentSeen",
    "Form",
    "IssuedCertificate",
    "OfflineAllowance",
    "OfflineItem",
    "OfflineSheet",
    "Posture",
    "Presented",
    "PublishedList",
    "ReadChip",
    "ReadCode",
    "Reason",
    "RefreshRequest",
    "Refreshed",
    "RegionClaims",
    "SceneGroup",
    "ShowKey",
    "StatusChanges",
    "StatusDelta",
    "StatusEdition",
    "StatusStep",
    "StoredCertificate",
    "StoredChip",
    "Strength",
    "UploadedLine",
]


class Strength(IntEnum):
    """What was done by whoever presented the card; an item names the least it takes."""

    SHOWN = 1
    ANSWERED = 2
    CONFIRMED = 3


class Form(StrEnum):
    """By what the card was presented."""

    E_CARD_CODE = "e_card_code"
    CHIP = "chip"
    ATTESTED = "attested"


class Posture(IntEnum):
    """What the wallet's shell knows of its screen; UNKNOWN is a plain web page or a form without a wallet."""

    CLEAR = 0
    CAPTURED = 1
    CONTROLLED = 2
    IN_A_CALL = 3
    UNKNOWN = 4


class CodeKind(IntEnum):
    """What the resident opened the code for."""

    IDENTITY = 1
    PAYMENT = 2
    TRANSIT = 3
    TICKET = 4


class CertificateState(StrEnum):
    """A suspended certificate may come back, a revoked one never."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class DocumentSeen(StrEnum):
    """The document an operator saw before attesting; its number is not kept."""

    RESIDENT_ID_CARD = "resident_id_card"
    TEMPORARY_ID_CARD = "temporary_id_card"
    HOUSEHOLD_BOOK = "household_book"
    PASSPORT = "passport"
    TRAVEL_PERMIT = "travel_permit"
    RESIDENCE_PERMIT = "residence_permit"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a terminal asks to be signed: its challenge (8 bytes), the amount, the payee and the item.

    An identity tap asks for 0 fen.
    """

    nonce: bytes
    amount_fen: int
    payee_id: ProviderId
    item_number: int


class Challenge(Asked, frozen=True, kw_only=True):
    """A till's code: what it asks, and what the wallet needs to show it; good until `expires_at`."""

    region: str
    terminal_id: TerminalId
    payee_name: str
    item_name: str
    made_at: datetime
    expires_at: datetime


class RegionClaims(msgspec.Struct, frozen=True):
    """What another region signed about a certificate. An own-region certificate's are not looked at: its signature
    is not checked at the counter, so the stored facts count.
    """

    key_id: bytes
    expires_at: datetime
    level: int
    concession: int
    status_index: int


class ReadCode(msgspec.Struct, frozen=True, kw_only=True):
    """A card code that is well formed, signed by its show key, and of this minute.

    For an own region `resident_id`, `bucket` and `serial` stand and `claims` is None; for another region `claims`
    stand, signed by it, and the alias stays closed.
    """

    region: str
    alias: bytes
    resident_id: ResidentId | None
    bucket: int | None
    serial: int | None
    claims: RegionClaims | None
    show_key: PublicKey
    made_at: datetime
    kind: CodeKind
    nonce: bytes
    posture: Posture
    answer: Asked | None
    evidence: bytes


class StoredCertificate(msgspec.Struct, frozen=True):
    """A certificate as its region keeps it; the fields stand in the order of the batch statement's columns."""

    resident_id: ResidentId
    serial: int
    e_card_id: ECardId
    device_id: DeviceId
    region: str
    algorithm: int
    show_key: bytes
    state: str
    made_at: datetime


class CertificateAt(msgspec.Struct, frozen=True, kw_only=True):
    """A stored certificate with its times, for whoever asks how it stood when a code was signed."""

    stored: StoredCertificate
    expires_at: datetime
    state_at: datetime


class ChipPresentation(msgspec.Struct, frozen=True, kw_only=True):
    """What the chip of a card signs: the terminal's challenge and what it is for.

    `made_at` is the terminal's time (a chip has no clock); `counter` is the chip's own count of signatures;
    `pin_verified` says that the holder typed the card's password into the chip.
    """

    card_number: str
    region: str
    asked: Asked
    terminal_id: TerminalId
    made_at: datetime
    counter: int
    pin_verified: bool


class ReadChip(msgspec.Struct, frozen=True):
    """A chip's presentation that is well formed and whose signature has yet to be verified against the stored key."""

    presentation: ChipPresentation
    evidence: bytes


class StoredChip(msgspec.Struct, frozen=True, kw_only=True):
    """The card a chip's number belongs to, with its public key when it has a chip."""

    card_id: CardId
    resident_id: ResidentId
    bucket: int
    public_key: PublicKey | None


class Attestation(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's word for a resident without card and phone: which document was seen, and why it came to this."""

    operator_id: OperatorId
    resident_id: ResidentId
    region: str
    terminal_id: TerminalId
    document_seen: DocumentSeen
    reason: str
    requested_at: datetime
    asked: Asked


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """A card was presented: which, by which form, at which strength. The three forms give this one value.

    Once means unique by resident, `nonce` and `signed_at`. `evidence` is what was received, as signed.
    """

    form: Form
    strength: Strength
    kind: CodeKind
    region: str
    resident_id: ResidentId
    bucket: int
    card_id: CardId | None
    e_card_id: ECardId | None
    device_id: DeviceId | None
    operator_id: OperatorId | None
    serial: int
    nonce: bytes
    signed_at: datetime
    posture: Posture
    evidence: bytes


class ShowKey(msgspec.Struct, frozen=True):
    """A show key that a wallet asks to have certified, for one scene group."""

    scene_group: SceneGroup
    public_key: PublicKey


class RefreshRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet's wish for fresh certificates, as its enrolment key signed it."""

    device_id: DeviceId
    made_at: datetime
    nonce: bytes
    show_keys: tuple[ShowKey, ...]


class IssuedCertificate(msgspec.Struct, frozen=True):
    """One certificate of a refresh; `serial` stays with the region, the wallet needs the bytes alone."""

    scene_group: SceneGroup
    show_key: bytes
    certificate: bytes
    expires_at: datetime


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What a refresh gives: a pool of certificates in the order asked, and the server's time to set the clock by."""

    certificates: tuple[IssuedCertificate, ...]
    server_time: datetime


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """The resident's yes or no to a tap that waits, signed by the enrolment key over what the wallet showed."""

    tap_id: TapId
    amount_fen: int
    payee_id: ProviderId
    item_number: int
    agreed: bool
    made_at: datetime
    posture: Posture
    evidence: bytes


class PublishedList(msgspec.Struct, frozen=True, kw_only=True):
    """The status list of one block of a region, signed: a Status List Token in CWT form."""

    number: int
    made_at: datetime
    good_until: datetime
    token: bytes


class StatusEdition(msgspec.Struct, frozen=True, kw_only=True):
    """The status lists of a region as they stood at one instant: by block, packed."""

    region: str
    issued_at: datetime
    expires_at: datetime
    blocks: Mapping[int, bytes]


class StatusChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What leads from one edition to a later one: blocks that are gone, blocks that are new, index to status now."""

    gone: frozenset[int]
    new: frozenset[int]
    statuses: Mapping[int, int]


class StatusDelta(msgspec.Struct, frozen=True, kw_only=True):
    """Changes from the edition of `base_at` to that of `issued_at`, with the digest of what comes out."""

    region: str
    base_at: datetime
    issued_at: datetime
    expires_at: datetime
    changes: StatusChanges
    digest: bytes


class StatusStep(msgspec.Struct, frozen=True, kw_only=True):
    """What one publication changed, as it is kept here: written changes, and the digest of what came out."""

    made_at: datetime
    base_at: datetime
    changes: bytes
    digest: bytes


class OfflineItem(msgspec.Struct, frozen=True, kw_only=True):
    """What a terminal needs to serve an item without a network; `status_age_max` is how old a status list may be."""

    number: int
    code: str
    name: str
    scene_group: SceneGroup
    least_strength: int
    takes_amount: bool
    amount_fen_max: int
    status_age_max: timedelta


class OfflineAllowance(msgspec.Struct, frozen=True, kw_only=True):
    """What a resident lets a terminal, or the terminals of its place, take without a network.

    `posted_fen` was taken and uploaded when the sheet was made. A code is signed at `begins_at` at the earliest and
    before `accept_until`, by one of the keys whose digests stand here.
    """

    id: UUID
    scene_group: SceneGroup
    amount_fen: int
    posted_fen: int
    begins_at: datetime
    accept_until: datetime
    key_digests: tuple[bytes, ...]


class UploadedLine(msgspec.Struct, frozen=True, kw_only=True):
    """Up to which number the uploads of a memory of a terminal are counted in the allowances of a sheet."""

    terminal_id: TerminalId
    memory: bytes
    sequence: int


class OfflineSheet(msgspec.Struct, frozen=True, kw_only=True):
    """What a region signs for one terminal: its items and its allowances, until `expires_at`.

    `uploaded` says which uploads of the place's terminals the allowances count; a memory without a line has none.
    """

    region: str
    terminal_id: TerminalId
    payee_id: ProviderId
    payee_name: str
    issued_at: datetime
    expires_at: datetime
    items: tuple[OfflineItem, ...]
    allowances: tuple[OfflineAllowance, ...]
    uploaded: tuple[UploadedLine, ...] = ()
