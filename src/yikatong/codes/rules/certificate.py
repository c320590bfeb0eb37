"""The certificate inside a code: a CWT by the region that binds an alias to a show key (docs/formats/card-code.md)."""

from datetime import datetime, timedelta

from yikatong.codes.model import RegionClaims
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.envelope import verify_envelope
from yikatong.codes.rules.forms import read_certificate_form
from yikatong.codes.rules.regions import OwnRegion, RecognisedCertificate, RegionView
from yikatong.codes.rules.wire import read_region
from yikatong.kernel.ids import ResidentId, uuid_of
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Claims, PublicKey, Sign1, SigningKey, Standing, VerifyingKey
from yikatong.trust.model import Reason as TrustReason

CERTIFICATE_BYTES_MAX = 256
CERTIFICATE_LIFE = timedelta(hours=72)
SERIAL_BYTES = 6
_RESIDENT_BYTES = 16
_ALIAS_BYTES = _RESIDENT_BYTES + SERIAL_BYTES + trust.ALIAS_OVERHEAD


def expiry_of(made_at: datetime) -> datetime:
    """When a certificate made now expires: 72 hours later, back to the whole hour.

    The whole hour keeps the certificates of one refresh from being recognised by a shared second.
    """
    return (made_at + CERTIFICATE_LIFE).replace(minute=0, second=0, microsecond=0)


def seal_resident(region: str, alias_key: bytes, resident_id: ResidentId, serial: int) -> bytes:
    """The alias of a certificate: resident and serial sealed under the region's alias key (38 bytes)."""
    return trust.seal_alias(alias_key, resident_id.bytes + serial.to_bytes(SERIAL_BYTES), _context(region))


def issue_certificate(
    *,
    region: str,
    alias: bytes,
    expires_at: datetime,
    show_key: PublicKey,
    standing: Standing,
    region_key: SigningKey,
    key_id: bytes,
) -> bytes:
    """Sign a certificate with the region's key; the caller has parsed the show key."""
    claims = Claims(issuer=region, cwt_id=alias, expires_at=expires_at, confirmation=show_key, standing=standing)
    return trust.sign_sign1(trust.encode_claims(claims), region_key, key_id=key_id)


def recognise_certificate(certificate: bytes, regions: RegionView) -> RecognisedCertificate:
    """Recognise a certificate: by its alias when the region is our own, by the region's signature otherwise.

    Refuses in this order: CODE_IS_NOT_READABLE, ISSUING_REGION_IS_UNKNOWN; then for an own region ALIAS_IS_FALSE; for
    another ISSUING_KEY_IS_UNKNOWN, CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE, CERTIFICATE_SIGNATURE_IS_FALSE.
    """
    envelope, claims, region, alias = _take_apart(certificate)
    own = regions.own.get(region)
    if own is not None:
        return _recognise_own(own, region=region, alias=alias, claims=claims)
    return _recognise_other(regions, region=region, alias=alias, claims=claims, envelope=envelope)


def parse_show_key(show_key: PublicKey) -> VerifyingKey:
    """Parse the show key of a certificate; refuses with CODE_IS_NOT_READABLE what is no key of its algorithm."""
    try:
        return trust.parse_verifying_key(show_key)
    except Refused as refused:
        if refused.reason is TrustReason.KEY_IS_MALFORMED:
            raise Refused(Reason.CODE_IS_NOT_READABLE) from None
        raise


def _context(region: str) -> bytes:
    return b"yikatong alias " + region.encode()


def _take_apart(certificate: bytes) -> tuple[Sign1, Claims, str, bytes]:
    try:
        envelope, claims = read_certificate_form(certificate) or _read_strictly(certificate)
        region = read_region(claims.issuer)
    except (Refused, ValueError):
        raise Refused(Reason.CODE_IS_NOT_READABLE) from None
    alias = claims.cwt_id
    if alias is None or len(alias) != _ALIAS_BYTES or claims.confirmation is None:
        raise Refused(Reason.CODE_IS_NOT_READABLE)
    if claims.expires_at is None or claims.standing is None:
        raise Refused(Reason.CODE_IS_NOT_READABLE)
    return envelope, claims, region, alias


def _read_strictly(certificate: bytes) -> tuple[Sign1, Claims]:
    envelope = trust.decode_sign1(certificate, CERTIFICATE_BYTES_MAX)
    return envelope, trust.decode_claims(envelope.payload)


def _recognise_own(own: OwnRegion, *, region: str, alias: bytes, claims: Claims) -> RecognisedCertificate:
    assert claims.confirmation is not None
    plain = _open_alias(own, region, alias)
    resident_id = ResidentId(uuid_of(int.from_bytes(plain[:_RESIDENT_BYTES])))
    serial = int.from_bytes(plain[_RESIDENT_BYTES:])
    return RecognisedCertificate(region, alias, resident_id, serial, None, claims.confirmation)


def _open_alias(own: OwnRegion, region: str, alias: bytes) -> bytes:
    for key in own.alias_keys:
        try:
            return trust.open_alias(key, alias, _context(region))
        except Refused:
            continue
    raise Refused(Reason.ALIAS_IS_FALSE, region=region)


def _recognise_other(
    regions: RegionView, *, region: str, alias: bytes, claims: Claims, envelope: Sign1
) -> RecognisedCertificate:
    keys = regions.keys.get(region)
    if keys is None:
        raise Refused(Reason.ISSUING_REGION_IS_UNKNOWN, region=region)
    key = keys.get(envelope.key_id) if envelope.key_id is not None else None
    if key is None or envelope.key_id is None:
        raise Refused(Reason.ISSUING_KEY_IS_UNKNOWN, region=region)
    verify_envelope(
        envelope,
        key,
        other_algorithm=Reason.CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE,
        false_signature=Reason.CERTIFICATE_SIGNATURE_IS_FALSE,
    )
    assert claims.confirmation is not None
    assert claims.expires_at is not None
    assert claims.standing is not None
    standing = claims.standing
    proven = RegionClaims(
        envelope.key_id, claims.expires_at, standing.level, standing.concession, standing.status_index
    )
    return RecognisedCertificate(region, alias, None, None, proven, claims.confirmation)
