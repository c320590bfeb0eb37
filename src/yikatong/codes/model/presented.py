"""What is asked, shown, answered and vouched for at a terminal."""

from datetime import datetime

import msgspec

from yikatong.codes.model.certificates import ChipCertificate, RegionClaims
from yikatong.codes.model.words import CodeKind, DocumentSeen, Form, Posture, Strength
from yikatong.kernel.ids import CardId, DeviceId, ECardId, OperatorId, ProviderId, ResidentId, TapId, TerminalId
from yikatong.trust.model import PublicKey


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


class CertifiedChip(msgspec.Struct, frozen=True, kw_only=True):
    """A chip's presentation whose signature a certified key made; the terminal, not yet the answer, was compared."""

    certificate: ChipCertificate
    presentation: ChipPresentation
    evidence: bytes

    @property
    def strength(self) -> Strength:
        """ANSWERED when the chip verified its password."""
        return Strength.ANSWERED if self.presentation.pin_verified else Strength.SHOWN


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
