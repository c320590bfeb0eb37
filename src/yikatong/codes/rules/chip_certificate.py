"""The certificate of a card's chip: its region binds the chip's key to the card, for terminals without a network."""

from datetime import date, datetime, timedelta

from yikatong.codes.model import CertifiedChip, ChipCertificate, ReadChip
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.chip import read_card_number, verify_chip_signature
from yikatong.codes.rules.envelope import open_envelope, verify_envelope
from yikatong.codes.rules.regions import RegionView
from yikatong.codes.rules.wire import read_number, read_region, read_seconds, seconds_of
from yikatong.kernel.ids import TerminalId
from yikatong.kernel.instants import start_of
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Sign1, SigningKey

CHIP_CERTIFICATE_BYTES_MAX = 256
CHIP_CERTIFICATE_LIFE = timedelta(days=731)
CHIP_CERTIFICATE_CONTEXT = b"yikatong chip certificate"
_PARTS = 5
_INDEX_MAX = 2**32 - 1
_DAY = timedelta(days=1)


def chip_expiry_of(made_at: datetime, *, card_expires_on: date | None) -> datetime:
    """When a certificate made now expires: after two years, or when the card's last day of use is over."""
    expires_at = (made_at + CHIP_CERTIFICATE_LIFE).replace(microsecond=0)
    return expires_at if card_expires_on is None else min(expires_at, start_of(card_expires_on + _DAY))


def sign_chip_certificate(certificate: ChipCertificate, region_key: SigningKey, *, key_id: bytes) -> bytes:
    """Sign a chip's certificate with the region's key."""
    parts: list[object] = [
        certificate.region,
        certificate.card_number,
        trust.encode_cose_key(certificate.public_key),
        certificate.status_index,
        seconds_of(certificate.expires_at),
    ]
    return trust.sign_sign1(trust.encode(parts), region_key, key_id=key_id, external_aad=CHIP_CERTIFICATE_CONTEXT)


def certify_presentation(
    read: ReadChip, certificate: bytes, *, regions: RegionView, terminal_id: TerminalId
) -> CertifiedChip:
    """Verify a chip's presentation by its certificate, without the card's record.

    Refuses in this order: CHIP_CERTIFICATE_IS_NOT_READABLE, ISSUING_REGION_IS_UNKNOWN, ISSUING_KEY_IS_UNKNOWN,
    CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE, CERTIFICATE_SIGNATURE_IS_FALSE, CHIP_CERTIFICATE_IS_OF_ANOTHER_CARD, then
    those of `verify_chip_signature`. Whether it has expired or was stopped is for `decide_certificate`, what it answers
    for `decide_answer`.
    """
    try:
        envelope, opened = open_chip_certificate(certificate)
    except (ValueError, Refused):
        raise Refused(Reason.CHIP_CERTIFICATE_IS_NOT_READABLE) from None
    _verify_region(envelope, opened.region, regions)
    said = read.presentation
    if (said.region, said.card_number) != (opened.region, opened.card_number):
        raise Refused(Reason.CHIP_CERTIFICATE_IS_OF_ANOTHER_CARD)
    verify_chip_signature(read, opened.public_key, terminal_id=terminal_id)
    return CertifiedChip(certificate=opened, presentation=said, evidence=read.evidence)


def open_chip_certificate(data: bytes) -> tuple[Sign1, ChipCertificate]:
    """Take a certificate apart; its signature has yet to be verified.

    Raises ValueError for what is none, Refused for a key that is none.
    """
    envelope, values = open_envelope(data, CHIP_CERTIFICATE_BYTES_MAX, _PARTS)
    if type(values[2]) is not bytes:
        raise ValueError("a key is bytes")
    certificate = ChipCertificate(
        region=read_region(values[0]),
        card_number=read_card_number(values[1]),
        public_key=trust.decode_cose_key(values[2]),
        status_index=read_number(values[3], _INDEX_MAX),
        expires_at=read_seconds(values[4]),
    )
    trust.parse_verifying_key(certificate.public_key)
    return envelope, certificate


def _verify_region(envelope: Sign1, region: str, regions: RegionView) -> None:
    keys = regions.keys.get(region)
    if keys is None:
        raise Refused(Reason.ISSUING_REGION_IS_UNKNOWN, region=region)
    key = None if envelope.key_id is None else keys.get(envelope.key_id)
    if key is None:
        raise Refused(Reason.ISSUING_KEY_IS_UNKNOWN, region=region)
    verify_envelope(
        envelope,
        key,
        other_algorithm=Reason.CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE,
        false_signature=Reason.CERTIFICATE_SIGNATURE_IS_FALSE,
        context=CHIP_CERTIFICATE_CONTEXT,
    )
