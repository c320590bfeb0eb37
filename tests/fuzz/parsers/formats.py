"""Base45, CBOR, COSE and CWT: against readers written a second time, and against their own writers."""

from tests.fuzz.parsers.harness import Harness, a_fixed_key, said
from tests.fuzz.parsers.reference import read_base45, read_cbor, typed
from tests.support.world import NOON
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, Claims, Standing
from yikatong.trust.rfc8949_cbor.strict import DEPTH_MAX

_CHARS_MAX = 520
_BYTES_MAX = 600
_KEY = a_fixed_key(7)
CBOR_WORDS = (
    b"\x80", b"\x9f\xff", b"\xa0", b"\xbf\xff", b"\x18\x18", b"\x19\x01\x00", b"\x1a\x00\x01\x00\x00", b"\x40",
    b"\x60", b"\xc0", b"\xd2", b"\xd8\x3d", b"\xf4", b"\xf5", b"\xf6", b"\xf7", b"\xf9\x7e\x00", b"\xf9\x00\x00",
    b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00", b"\x5f\x41\x00\xff", b"\x81\x81\x81\x81\x81\x81\x81\x81\x81",
)  # fmt: skip
"""Heads and small items that mutations seldom hit by themselves."""


def take_base45(data: bytes) -> bool:
    """Reading is what the standard says, and writing gives the text back."""
    text = data.decode("latin-1")
    read = said(lambda: trust.decode_base45(text, _CHARS_MAX))
    plainly = said(
        lambda: read_base45(text),
        errors=(
            ValueError,
            OverflowError,
        ),
    )
    if len(text) > _CHARS_MAX:
        assert read.refused == "TEXT_IS_NOT_BASE45"
        return False
    assert read.value == plainly.value
    assert read.value is None or trust.encode_base45(read.value) == text
    assert read_base45(trust.encode_base45(data)) == data
    return read.value is not None


def take_cbor(data: bytes) -> bool:
    """The strict reader takes what the second reader takes, and reads the same."""
    read = said(lambda: trust.decode_strict(data), errors=(ValueError,))
    plainly = said(lambda: read_cbor(data, depth_max=DEPTH_MAX), errors=(ValueError,))
    assert (read.refused is None) == (plainly.refused is None), (read, plainly)
    if read.refused is None:
        assert repr(typed(read.value)) == repr(plainly.value)
    return read.refused is None


def take_cose(data: bytes) -> bool:
    """An envelope comes apart into what a strict reading of its array says."""
    read = said(lambda: trust.decode_sign1(data, _BYTES_MAX))
    array = said(lambda: trust.decode_strict(data.removeprefix(b"\xd2")), errors=(ValueError,))
    if read.refused is None:
        assert array.refused is None, "taken apart by hand, refused by the reader"
        protected, _, payload, signature = array.value
        sign1 = read.value
        assert (protected, payload, signature) == (sign1.protected, sign1.payload, sign1.signature)
        said(lambda: trust.verify_sign1(sign1, trust.verifying_key(_KEY.public_key)))
    return read.refused is None


def take_cose_key(data: bytes) -> bool:
    """A key is read, and parsed or refused; written again it is the same key."""
    read = said(lambda: trust.decode_cose_key(data))
    if read.refused is None:
        _, pairs = read_cbor(data, depth_max=DEPTH_MAX)
        named = dict(pairs)
        assert (int, int, bytes) == (type(named[1]), type(named[-1]), type(named[-2]))
        assert trust.decode_cose_key(trust.encode_cose_key(read.value)) == read.value
        said(lambda: trust.parse_verifying_key(read.value))
    return read.refused is None


def take_claims(data: bytes) -> bool:
    """Claims are read, and written again they are the same."""
    read = said(lambda: trust.decode_claims(data))
    if read.refused is None:
        assert trust.decode_claims(trust.encode_claims(read.value)) == read.value
    return read.refused is None


def _cbor_seeds() -> list[bytes]:
    values: list[object] = [
        0, 23, 24, 255, 256, 65_535, 65_536, 2**32, 2**64 - 1, -1, -25, -(2**64), b"", b"\x00" * 30, "", "卡",
        [], [1, [2, [3]]], {}, {1: -7, 4: b"key1"}, {"bits": 1, "lst": b"x"}, True, False, None,
    ]  # fmt: skip
    return [trust.encode(value) for value in values]


def _cose_seeds() -> list[bytes]:
    beside = [b"\xa1\x01\x26", {4: b"key1"}, b"payload", b"\x00" * 64]
    return [
        trust.sign_sign1(b"payload", _KEY),
        trust.sign_sign1(b"payload" * 50, _KEY, key_id=b"key1", message_type="application/x"),
        b"\xd2" + trust.sign_sign1(b"", a_fixed_key(8, Algorithm.EDDSA), key_id=b"12345678"),
        trust.encode(beside),
    ]


def _cose_key_seeds() -> list[bytes]:
    public = _KEY.public_key
    whole = {1: 2, 3: -7, -1: 1, -2: public.data[1:], -3: b"\x00" * 32, 2: b"name"}
    other = a_fixed_key(8, Algorithm.EDDSA).public_key
    return [trust.encode_cose_key(public), trust.encode_cose_key(other), trust.encode(whole)]


def _claims_seeds() -> list[bytes]:
    whole = Claims(
        issuer="990101",
        subject="s",
        audience="a",
        expires_at=NOON,
        not_before_at=NOON,
        issued_at=NOON,
        cwt_id=b"\x00" * 38,
        confirmation=_KEY.public_key,
        standing=Standing(level=2, concession=0, status_index=70_000),
    )
    return [trust.encode_claims(whole), trust.encode_claims(Claims(issuer="990101")), trust.encode({})]


HARNESSES = (
    Harness("base45", take_base45, lambda: [b"", b"BB8", b"%69 VD92EX0", b"::A", b"QED8WEX0"], (b":::", b"00", b" $%")),
    Harness("cbor", take_cbor, _cbor_seeds, CBOR_WORDS),
    Harness("cose", take_cose, _cose_seeds, CBOR_WORDS),
    Harness("cose_key", take_cose_key, _cose_key_seeds, CBOR_WORDS),
    Harness("claims", take_claims, _claims_seeds, CBOR_WORDS),
)
