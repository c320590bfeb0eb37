"""Certificates of wallets and of chips: asked for, issued, and as their region keeps them."""

from datetime import datetime

import msgspec

from yikatong.catalogue.model import SceneGroup
from yikatong.codes.model.words import CertificateState
from yikatong.kernel.ids import CardId, DeviceId, ECardId, ResidentId
from yikatong.trust.model import PublicKey


class RegionClaims(msgspec.Struct, frozen=True):
    """What another region signed about a certificate. An own-region certificate's are not looked at: its signature
    is not checked at the counter, so the stored facts count.
    """

    key_id: bytes
    expires_at: datetime
    level: int
    concession: int
    status_index: int


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


class ChipCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a region signs of a card's chip: whose key it is, its place on the status lists, until when."""

    region: str
    card_number: str
    public_key: PublicKey
    status_index: int
    expires_at: datetime


class ChipCertificateAt(msgspec.Struct, frozen=True, kw_only=True):
    """A chip's certificate as its region keeps it."""

    card_id: CardId
    status_index: int
    made_at: datetime
    expires_at: datetime
    state: CertificateState
    state_at: datetime
