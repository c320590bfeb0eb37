"""What is shown, answered and signed at a till: codes, certificates, challenges, chips, confirmations, refreshes."""

from datetime import timedelta
from uuid import UUID

from tests.fuzz.parsers.formats import CBOR_WORDS
from tests.fuzz.parsers.harness import Harness, Said, a_fixed_key, said
from tests.support.builders.codes import BUCKET_COUNT, CANTEEN, a_challenge, asked
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.codes.model import (
    ChipCertificate,
    ChipPresentation,
    CodeKind,
    Posture,
    ReadCode,
    RefreshRequest,
    SceneGroup,
    ShowKey,
)
from yikatong.codes.rules.certificate import recognise_certificate
from yikatong.codes.rules.challenge import read_challenge, verify_challenge, write_challenge
from yikatong.codes.rules.chip import read_chip, sign_chip
from yikatong.codes.rules.chip_certificate import (
    CHIP_CERTIFICATE_CONTEXT,
    certify_presentation,
    open_chip_certificate,
    sign_chip_certificate,
)
from yikatong.codes.rules.confirmation import read_confirmation, sign_confirmation
from yikatong.codes.rules.envelope import open_envelope
from yikatong.codes.rules.forms import read_certificate_form, read_code_form
from yikatong.codes.rules.refresh import read_refresh, sign_refresh
from yikatong.codes.service import OwnRegion, RegionView, SeenCertificates
from yikatong.kernel.ids import DeviceId, ProviderId, ResidentId, TapId, TerminalId
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, Claims, PublicKey, Sign1, Standing

_OWN, _OTHER = "990101", "440100"
_REGION_KEY, _SHOW_KEY, _OTHER_SHOW_KEY = a_fixed_key(11), a_fixed_key(12), a_fixed_key(13, Algorithm.EDDSA)
_KEY_ID = trust.key_id_of(_REGION_KEY.public_key)
_ALIAS_KEY = bytes(range(32))
_DEVICE = DeviceId(UUID(int=1))
_TILL = TerminalId(UUID(int=2))
_RESIDENT = ResidentId(UUID(int=3))

_REGIONS = RegionView(
    keys={_OTHER: {_KEY_ID: trust.verifying_key(_REGION_KEY.public_key)}},
    own={_OWN: OwnRegion((_ALIAS_KEY,))},
    bucket_count=BUCKET_COUNT,
    seen=SeenCertificates(0),
)


def _certificate(region: str, show_key: PublicKey = _SHOW_KEY.public_key) -> bytes:
    return codes.issue_certificate(
        region=region,
        alias=codes.seal_resident(region, _ALIAS_KEY, _RESIDENT, 7),
        expires_at=codes.expiry_of(NOON),
        show_key=show_key,
        standing=Standing(level=2, concession=0, status_index=70_000),
        region_key=_REGION_KEY,
        key_id=_KEY_ID,
    )


def _code(region: str, *, answered: bool = False, made_at_offset: int = 0) -> bytes:
    return codes.mint_code(
        certificate=_certificate(region),
        show_key=_SHOW_KEY,
        made_at=NOON + timedelta(seconds=made_at_offset),
        kind=CodeKind.PAYMENT,
        nonce=b"01234567",
        posture=Posture.CLEAR,
        answer=asked() if answered else None,
    )


_CODES = (_code(_OWN), _code(_OWN, answered=True), _code(_OTHER), _code(_OTHER, answered=True))
_GOOD = codes.write_code(_CODES[0])


def take_code_text(data: bytes) -> bool:
    """A text is read alone as it is read among others, and the others are read as without it."""
    return _compare(data.decode("utf-8", "replace"))


def take_code(data: bytes) -> bool:
    """The same for the bytes inside a text; and the one-step reader agrees with the strict one."""
    in_one_step, strictly = read_code_form(data), _strictly(data)
    assert in_one_step is None or strictly.value == in_one_step, (in_one_step, strictly)
    if strictly.value is not None and _is_common(strictly.value):
        assert in_one_step is not None, "a common form is read in one step"
    return _compare(codes.write_code(data))


def take_code_values(data: bytes) -> bool:
    """Whatever a wallet's genuine key signed: the values inside, whose signature is good."""
    return take_code(trust.sign_sign1(data, _SHOW_KEY))


def _strictly(code: bytes) -> Said:
    """A code as the general reader takes it apart."""
    return said(lambda: open_envelope(code, 340, 5, 9), errors=(ValueError,))


def _is_common(read: tuple[Sign1, list[object]]) -> bool:
    """Whether a code that was read strictly is of the form nearly every code has: ES256, values in their bounds."""
    envelope, values = read
    certificate, seconds, kind, nonce, posture, *answer = values
    return (
        envelope.protected == b"\xa1\x01\x26"
        and len(envelope.signature) == 64
        and type(certificate) is bytes
        and 24 <= len(certificate) < 256
        and type(seconds) is int
        and 65_536 <= seconds < 2**32
        and type(kind) is int
        and type(posture) is int
        and 0 <= kind < 24
        and 0 <= posture < 24
        and type(nonce) is bytes
        and len(nonce) == 8
        and not answer
    )


def _compare(text: str) -> bool:
    alone = said(lambda: codes.read_code_of_any_age(text, regions=_REGIONS))
    among, beside = codes.read_codes_of_any_age([text, _GOOD], regions=_REGIONS)
    assert isinstance(beside, ReadCode)
    if isinstance(among, Refused):
        assert alone.refused == among.reason.name
    else:
        assert alone.value == among
    return alone.refused is None


def take_certificate(data: bytes) -> bool:
    """The one-step reader agrees with the strict one; a certificate is recognised or refused."""
    in_one_step = read_certificate_form(data)
    strictly = said(lambda: _certificate_strictly(data))
    assert in_one_step is None or strictly.value == in_one_step, (in_one_step, strictly)
    return said(lambda: recognise_certificate(data, _REGIONS)).refused is None


def take_certificate_claims(data: bytes) -> bool:
    """Whatever a region's genuine key signed."""
    return take_certificate(trust.sign_sign1(data, _REGION_KEY, key_id=_KEY_ID))


def _certificate_strictly(data: bytes) -> tuple[Sign1, Claims]:
    envelope = trust.decode_sign1(data, 256)
    return envelope, trust.decode_claims(envelope.payload)


def take_challenge(data: bytes) -> bool:
    """A till's text: read without its key, and verified with it."""
    text = data.decode("utf-8", "replace")
    read = said(lambda: read_challenge(text, now=NOON))
    verified = said(lambda: verify_challenge(text, terminal_key=trust.verifying_key(_SHOW_KEY.public_key), now=NOON))
    assert verified.value is None or verified.value == read.value
    return read.refused is None


def take_challenge_values(data: bytes) -> bool:
    """Whatever a till's genuine key signed; what was read is written again as it was."""
    envelope = trust.sign_sign1(data, _SHOW_KEY, external_aad=b"yikatong challenge")
    text = "YK1C:" + trust.encode_base45(envelope)
    is_read = take_challenge(text.encode())
    read = said(lambda: read_challenge(text, now=NOON))
    if read.value is not None:
        again = write_challenge(read.value, _SHOW_KEY)
        assert read_challenge(again, now=NOON) == read.value
    return is_read


def take_chip(data: bytes) -> bool:
    """What a chip gave."""
    read = said(lambda: read_chip(data))
    if read.value is not None:
        again = sign_chip(read.value.presentation, _SHOW_KEY)
        assert read_chip(again).presentation == read.value.presentation
    return read.refused is None


def take_chip_values(data: bytes) -> bool:
    """Whatever a genuine chip signed."""
    return take_chip(trust.sign_sign1(data, _SHOW_KEY, external_aad=b"yikatong chip"))


def take_chip_certificate(data: bytes) -> bool:
    """What lies on a chip beside its key."""
    read = said(lambda: open_chip_certificate(data), errors=(ValueError,))
    if read.value is not None:
        certificate = read.value[1]
        again = sign_chip_certificate(certificate, _REGION_KEY, key_id=_KEY_ID)
        assert open_chip_certificate(again)[1] == certificate
    chip = read_chip(_chip())
    certified = said(lambda: certify_presentation(chip, data, regions=_REGIONS, terminal_id=_TILL))
    return None in (read.refused, certified.refused)


def take_chip_certificate_values(data: bytes) -> bool:
    """Whatever a region's genuine key signed."""
    signed = trust.sign_sign1(data, _REGION_KEY, key_id=_KEY_ID, external_aad=CHIP_CERTIFICATE_CONTEXT)
    return take_chip_certificate(signed)


def _chip_certificate() -> bytes:
    certificate = ChipCertificate(
        region=_OTHER,
        card_number="A12345678",
        public_key=_SHOW_KEY.public_key,
        status_index=70_000,
        expires_at=NOON + timedelta(days=731),
    )
    return sign_chip_certificate(certificate, _REGION_KEY, key_id=_KEY_ID)


def take_confirmation(data: bytes) -> bool:
    """A resident's yes or no; bytes as they came, then as a genuine key signed them."""
    key = trust.verifying_key(_SHOW_KEY.public_key)
    as_it_came = said(lambda: read_confirmation(data, device_key=key, now=NOON))
    signed = trust.sign_sign1(data, _SHOW_KEY, external_aad=b"yikatong confirmation")
    return None in (as_it_came.refused, said(lambda: read_confirmation(signed, device_key=key, now=NOON)).refused)


def take_refresh(data: bytes) -> bool:
    """A wallet's wish for certificates; bytes as they came, then as a genuine key signed them."""
    key = trust.verifying_key(_SHOW_KEY.public_key)
    as_it_came = said(lambda: read_refresh(data, device_id=_DEVICE, device_key=key, now=NOON))
    signed = trust.sign_sign1(data, _SHOW_KEY, external_aad=b"yikatong refresh")
    once_signed = said(lambda: read_refresh(signed, device_id=_DEVICE, device_key=key, now=NOON))
    return None in (as_it_came.refused, once_signed.refused)


def _payload(envelope: bytes) -> bytes:
    return trust.decode_sign1(envelope, 4_096).payload


def _other_code() -> bytes:
    return codes.mint_code(
        certificate=_certificate(_OTHER, _OTHER_SHOW_KEY.public_key),
        show_key=_OTHER_SHOW_KEY,
        made_at=NOON,
        kind=CodeKind.IDENTITY,
        nonce=b"76543210",
        posture=Posture.UNKNOWN,
    )


def _chip() -> bytes:
    said_to_chip = ChipPresentation(
        card_number="A12345678",
        region=_OWN,
        asked=asked(),
        terminal_id=_TILL,
        made_at=NOON,
        counter=7,
        pin_verified=True,
    )
    return sign_chip(said_to_chip, _SHOW_KEY)


def _confirmation() -> bytes:
    return sign_confirmation(
        tap_id=TapId(UUID(int=4)),
        asked=asked(payee_id=ProviderId(CANTEEN)),
        agreed=True,
        made_at=NOON,
        posture=Posture.CLEAR,
        enrolment_key=_SHOW_KEY,
    )


def _refresh() -> bytes:
    keys = (ShowKey(SceneGroup.RETAIL, _SHOW_KEY.public_key), ShowKey(SceneGroup.HEALTH, _OTHER_SHOW_KEY.public_key))
    return sign_refresh(RefreshRequest(device_id=_DEVICE, made_at=NOON, nonce=b"01234567", show_keys=keys), _SHOW_KEY)


def _code_seeds() -> list[bytes]:
    return [*_CODES, _other_code()]


def _challenge_text() -> str:
    return write_challenge(a_challenge(), _SHOW_KEY)


def _challenge_values() -> list[bytes]:
    return [_payload(trust.decode_base45(_challenge_text().removeprefix("YK1C:"), 1_000))]


def _both(make: bytes) -> list[bytes]:
    return [make, _payload(make)]


_TEXT_WORDS = (b"YK1:", b"YK1C:", b"YK2:", b"::", b" ", b"%")

HARNESSES = (
    Harness(
        "code_text", take_code_text, lambda: [codes.write_code(one).encode() for one in _code_seeds()], _TEXT_WORDS
    ),
    Harness("code", take_code, _code_seeds, CBOR_WORDS),
    Harness("code_values", take_code_values, lambda: [_payload(one) for one in _code_seeds()], CBOR_WORDS),
    Harness("certificate", take_certificate, lambda: [_certificate(_OWN), _certificate(_OTHER)], CBOR_WORDS),
    Harness(
        "certificate_claims",
        take_certificate_claims,
        lambda: [_payload(_certificate(_OWN)), _payload(_certificate(_OTHER))],
        CBOR_WORDS,
    ),
    Harness("challenge", take_challenge, lambda: [_challenge_text().encode()], _TEXT_WORDS),
    Harness("challenge_values", take_challenge_values, _challenge_values, CBOR_WORDS),
    Harness("chip", take_chip, lambda: [_chip()], CBOR_WORDS),
    Harness("chip_values", take_chip_values, lambda: [_payload(_chip())], CBOR_WORDS),
    Harness("chip_certificate", take_chip_certificate, lambda: [_chip_certificate()], CBOR_WORDS),
    Harness(
        "chip_certificate_values",
        take_chip_certificate_values,
        lambda: [_payload(_chip_certificate())],
        CBOR_WORDS,
    ),
    Harness("confirmation", take_confirmation, lambda: _both(_confirmation()), CBOR_WORDS),
    Harness("refresh", take_refresh, lambda: _both(_refresh()), CBOR_WORDS),
)
