"""COSE_Sign1 verifies what the working group's examples say, and refuses every other byte."""

from functools import partial
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rooms.trust.vectors import a_public_key, vectors
from tests.support.builders.trust import a_key, reason_of, refuses
from yikatong.trust.model import Algorithm, Reason
from yikatong.trust.rfc9052_cose.sign1 import signed_bytes
from yikatong.trust.service import decode_sign1, sign_sign1, verify_sign1, verifying_key

KEY = a_key()
VERIFIER = verifying_key(KEY.public_key)
MAX = 4096
A_MESSAGE = sign_sign1(b"This is the content.", KEY, key_id=b"1234")


def verified(message: bytes, external_aad: bytes = b"") -> bytes:
    """The payload of a message by KEY."""
    return verify_sign1(decode_sign1(message, MAX), VERIFIER, external_aad)


@pytest.mark.parametrize("vector", vectors("cose_sign1", "verify"), ids=lambda vector: vector["name"])
def test_the_examples_of_the_working_group_verify(vector: dict[str, Any]) -> None:
    key = verifying_key(a_public_key(vectors("cose_sign1", "keys")[vector["key"]]))
    sign1 = decode_sign1(bytes.fromhex(vector["message"]), MAX)
    external_aad = bytes.fromhex(vector["external_aad"])

    assert vector["signed"] == signed_bytes(sign1.protected, sign1.payload, external_aad).hex()
    assert b"This is the content." == verify_sign1(sign1, key, external_aad)
    assert b"11" == sign1.key_id


@pytest.mark.parametrize("vector", vectors("cose_sign1", "refuse"), ids=lambda vector: vector["name"])
def test_the_failures_of_the_working_group_are_refused(vector: dict[str, Any]) -> None:
    key = verifying_key(a_public_key(vectors("cose_sign1", "keys")[vector["key"]]))

    reason = reason_of(lambda: verify_sign1(decode_sign1(bytes.fromhex(vector["message"]), MAX), key))

    assert vector["reason"] == reason.name


@pytest.mark.parametrize("algorithm", list(Algorithm))
@given(
    payload=st.binary(max_size=600), key_id=st.none() | st.binary(min_size=4, max_size=8), aad=st.binary(max_size=40)
)
@settings(max_examples=25)
def test_what_is_signed_verifies(algorithm: Algorithm, payload: bytes, key_id: bytes | None, aad: bytes) -> None:
    key = a_key(algorithm)
    message = sign_sign1(payload, key, key_id=key_id, external_aad=aad)
    sign1 = decode_sign1(message, len(message))

    assert payload == verify_sign1(sign1, verifying_key(key.public_key), aad)
    assert (key_id, int(algorithm)) == (sign1.key_id, sign1.algorithm)


def test_it_is_written_untagged_and_read_either_way() -> None:
    assert 0x84 == A_MESSAGE[0]
    assert b"This is the content." == verified(A_MESSAGE)
    assert b"This is the content." == verified(b"\xd2" + A_MESSAGE)


UNTRUSTED = (
    Reason.ENVELOPE_IS_MALFORMED,
    Reason.SIGNATURE_DOES_NOT_MATCH,
    Reason.ALGORITHM_IS_NOT_THE_PINNED_ONE,
)


@pytest.mark.parametrize("at", range(len(A_MESSAGE)))
def test_any_flipped_bit_is_refused(at: int) -> None:
    for bit in range(8):
        flipped = bytearray(A_MESSAGE)
        flipped[at] ^= 1 << bit
        assert reason_of(partial(verified, bytes(flipped))) in UNTRUSTED


def test_any_missing_or_added_byte_is_refused() -> None:
    for size in range(len(A_MESSAGE)):
        with refuses(Reason.ENVELOPE_IS_MALFORMED):
            decode_sign1(A_MESSAGE[:size], MAX)
    with refuses(Reason.ENVELOPE_IS_MALFORMED):
        decode_sign1(A_MESSAGE + b"\x00", MAX)


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_no_bytes_do_anything_but_be_refused(data: bytes) -> None:
    assert reason_of(partial(verified, data)) in UNTRUSTED


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 65_535, 65_536, 70_000])
def test_a_payload_of_any_size_is_cut_out_whole(size: int) -> None:
    payload = bytes(size)
    message = sign_sign1(payload, KEY)

    assert payload == decode_sign1(message, len(message)).payload
    assert message == cbor2.dumps(cbor2.loads(message))


@given(st.binary(max_size=400), st.integers(0, 5), st.binary(max_size=3))
@settings(max_examples=300)
def test_the_hand_cut_parts_are_those_of_the_general_reader(payload: bytes, at: int, bent: bytes) -> None:
    message = bytearray(sign_sign1(payload, KEY))
    message[at : at + len(bent)] = bent
    data = bytes(message)
    try:
        parts = cbor2.loads(data)
        is_strict = (
            cbor2.dumps(parts) == data and isinstance(parts, list) and {} == parts[1] and bytes is type(parts[2])
        )
    except (cbor2.CBORError, TypeError, IndexError):
        is_strict = False

    if is_strict and parts[0] == b"\xa1\x01\x26":
        read = decode_sign1(data, 500)
        assert [read.protected, {}, read.payload, read.signature] == parts
    elif not is_strict and data[:1] != b"\xd2":
        with refuses(Reason.ENVELOPE_IS_MALFORMED):
            decode_sign1(data, 500)


def test_a_message_above_the_bound_is_refused_before_it_is_read() -> None:
    decode_sign1(A_MESSAGE, len(A_MESSAGE))
    with refuses(Reason.ENVELOPE_IS_TOO_LARGE):
        decode_sign1(b"\xff" * len(A_MESSAGE), len(A_MESSAGE) - 1)


def test_the_pinned_algorithm_is_asked_for_before_the_signature() -> None:
    ed25519 = a_key(Algorithm.EDDSA)
    message = sign_sign1(b"payload", ed25519)

    with refuses(Reason.ALGORITHM_IS_NOT_THE_PINNED_ONE):
        verify_sign1(decode_sign1(message, MAX), VERIFIER)


def test_external_data_is_signed_too() -> None:
    message = sign_sign1(b"payload", KEY, external_aad=b"tap")

    assert b"payload" == verified(message, b"tap")
    with refuses(Reason.SIGNATURE_DOES_NOT_MATCH):
        verified(message)


def test_key_id_and_type_are_under_the_signature() -> None:
    sign1 = decode_sign1(sign_sign1(b"", KEY, key_id=b"5678", message_type="application/x"), MAX)

    assert {1: -7, 4: b"5678", 16: "application/x"} == cbor2.loads(sign1.protected)
    assert "application/x" == sign1.type


def message_of(protected: bytes, unprotected: str, payload: str = "40", signature: str = "40") -> bytes:
    """A message put together from parts in hex; the protected header as its bytes."""
    return b"\x84" + cbor2.dumps(protected) + bytes.fromhex(unprotected + payload + signature)


@pytest.mark.parametrize(
    "message",
    [
        message_of(b"\xa1\x01\x26", "a10244aabbccdd"),
        message_of(b"\xa2\x01\x26\x02\x81\x04", "a0"),
        message_of(b"\xa1\x01\x26", "a10126"),
        message_of(b"\xa2\x01\x26\x04\x41\x31", "a1044131"),
        message_of(b"\xa1\x01\x26", "a10401"),
        message_of(b"\xa2\x01\x26\x04\x01", "a0"),
        message_of(b"\xa2\x01\x26\x01\x26", "a0"),
        message_of(b"\xa1\x01\x26", "a204413104413", payload="140"),
        message_of(b"\xa1\x01\x38\x06", "a0"),
        message_of(b"\xbf\x01\x26\xff", "a0"),
        message_of(b"\xa1\x01\x26\x00", "a0"),
        message_of(b"", "a0"),
        message_of(b"\xa1\x04\x41\x31", "a10126"),
        message_of(b"\xa1\x01\x26", "a0", payload="f6"),
        message_of(b"\xa1\x01\x26", "a0", payload="5f4100ff"),
        message_of(b"\xa1\x01\x26", "a0", payload="580100"),
        message_of(b"\xa1\x01\x26", "a0", payload="590001" + "00"),
        message_of(b"\xa1\x01\x26", "a0", payload="5a00000001" + "00"),
        message_of(b"\xa1\x01\x26", "a0", payload="5b0000000000000000"),
        message_of(b"\xa1\x01\x26", "a0", payload="d81c40"),
        message_of(b"\xa1\x01\x26", "a10581818181818181818180"),
        b"\x9f" + message_of(b"\xa1\x01\x26", "a0")[1:] + b"\xff",
        b"\xd2\xd2" + A_MESSAGE,
        b"\xd1" + A_MESSAGE,
    ],
    ids=[
        "critical beside",
        "critical protected",
        "algorithm twice",
        "key id twice",
        "key id no bytes beside",
        "key id no bytes",
        "algorithm twice in one map",
        "key id twice in one map",
        "number longer than needed",
        "indefinite map",
        "bytes after the header",
        "no header",
        "algorithm unprotected",
        "payload detached",
        "payload in pieces",
        "length longer than needed",
        "length of two bytes longer than needed",
        "length of four bytes longer than needed",
        "length of eight bytes",
        "shared value",
        "nested too deep",
        "indefinite array",
        "tagged twice",
        "another tag",
    ],
)
def test_other_forms_are_refused(message: bytes) -> None:
    with refuses(Reason.ENVELOPE_IS_MALFORMED):
        decode_sign1(message, MAX)
