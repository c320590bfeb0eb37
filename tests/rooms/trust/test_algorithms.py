"""ES256, EdDSA and SM2 sign and verify behind one interface, as their standards' examples say."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rooms.trust.vectors import a_point, vectors
from tests.support.builders.trust import a_key, refuses
from yikatong.trust.gbt32918_sm2.libcrypto import find_libcrypto
from yikatong.trust.model import Algorithm, PublicKey, Reason
from yikatong.trust.service import (
    algorithm_of,
    key_id_of,
    measure_verification,
    parse_verifying_key,
    probe_sm2,
    signing_key,
    verifying_key,
)

ALL = list(Algorithm)
KEYS = {algorithm: a_key(algorithm) for algorithm in ALL}


def test_the_example_of_gbt_32918_verifies_with_its_signer_id() -> None:
    vector = vectors("signatures", "sm2")
    public_key = PublicKey(algorithm=Algorithm.SM2, data=a_point(vector["x"], vector["y"]))
    key = parse_verifying_key(public_key, vector["signer_id"].encode())

    key.verify(bytes.fromhex(vector["signature"]), vector["message"].encode())
    assert public_key == signing_key(Algorithm.SM2, bytes.fromhex(vector["private"])).public_key


def test_another_signer_id_is_another_signature() -> None:
    vector = vectors("signatures", "sm2")
    public_key = PublicKey(algorithm=Algorithm.SM2, data=a_point(vector["x"], vector["y"]))
    key = parse_verifying_key(public_key, b"another signer")

    with refuses(Reason.SIGNATURE_DOES_NOT_MATCH):
        key.verify(bytes.fromhex(vector["signature"]), vector["message"].encode())


def test_the_example_of_rfc_8032_is_signed_and_verifies() -> None:
    vector = vectors("signatures", "ed25519")
    key = signing_key(Algorithm.EDDSA, bytes.fromhex(vector["private"]))
    signature = key.sign(vector["message"].encode())

    assert vector["public"] == key.public_key.data.hex()
    assert vector["signature"] == signature.hex()
    verifying_key(key.public_key).verify(signature, vector["message"].encode())


def test_the_example_of_rfc_6979_verifies() -> None:
    vector = vectors("signatures", "es256")
    key = signing_key(Algorithm.ES256, bytes.fromhex(vector["private"]))

    assert a_point(vector["x"], vector["y"]) == key.public_key.data
    verifying_key(key.public_key).verify(bytes.fromhex(vector["signature"]), vector["message"].encode())


def test_sm3_is_the_digest_of_gbt_32905() -> None:
    for vector in vectors("digests", "sm3"):
        assert vector["digest"] == hashlib.new("sm3", vector["text"].encode()).hexdigest()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command as a second implementation")
def test_openssl_verifies_our_es256_signature(tmp_path: Path) -> None:
    key = KEYS[Algorithm.ES256]
    signature = key.sign(b"one fen")
    r, s = signature[:32].hex(), signature[32:].hex()
    prefix = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    (tmp_path / "key.der").write_bytes(prefix + key.public_key.data)
    (tmp_path / "signature.conf").write_text(
        f"asn1=SEQUENCE:signature\n[signature]\nr=INTEGER:0x{r}\ns=INTEGER:0x{s}\n", encoding="ascii"
    )
    (tmp_path / "message").write_bytes(b"one fen")
    for command in (
        "openssl asn1parse -genconf signature.conf -noout -out signature.der",
        "openssl pkey -pubin -inform DER -in key.der -out key.pem",
        "openssl dgst -sha256 -verify key.pem -signature signature.der message",
    ):
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False)  # noqa: S603
        assert 0 == done.returncode, done.stderr


@pytest.mark.parametrize("algorithm", ALL)
@given(message=st.binary(max_size=300), data=st.data())
@settings(max_examples=20)
def test_a_signature_fits_its_message_alone(algorithm: Algorithm, message: bytes, data: st.DataObject) -> None:
    key = KEYS[algorithm]
    verifier = verifying_key(key.public_key)
    signature = key.sign(message)
    bit = data.draw(st.integers(0, 511))
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8

    assert 64 == len(signature)
    verifier.verify(signature, message)
    with refuses(Reason.SIGNATURE_DOES_NOT_MATCH):
        verifier.verify(bytes(flipped), message)
    with refuses(Reason.SIGNATURE_DOES_NOT_MATCH):
        verifier.verify(signature, message + b"0")


@pytest.mark.parametrize("algorithm", ALL)
@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(63), bytes(65), b"\xff" * 64])
def test_what_is_no_signature_is_refused(algorithm: Algorithm, signature: bytes) -> None:
    with refuses(Reason.SIGNATURE_DOES_NOT_MATCH):
        verifying_key(KEYS[algorithm].public_key).verify(signature, b"message")


@pytest.mark.parametrize("algorithm", ALL)
def test_a_private_key_is_the_same_when_read_back(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]

    assert key.public_key == signing_key(algorithm, key.private_bytes()).public_key


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.SM2])
@pytest.mark.parametrize("private", [bytes(32), b"\xff" * 32, b"\x01", bytes(33)])
def test_a_private_number_outside_the_group_is_refused(algorithm: Algorithm, private: bytes) -> None:
    with refuses(Reason.KEY_IS_MALFORMED):
        signing_key(algorithm, private)


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.SM2])
@pytest.mark.parametrize("data", [b"", bytes(33), b"\x02" + b"\xff" * 32, b"\x04" + bytes(32), b"\x02" + bytes(64)])
def test_what_is_no_point_of_the_curve_is_refused(algorithm: Algorithm, data: bytes) -> None:
    with refuses(Reason.KEY_IS_MALFORMED):
        parse_verifying_key(PublicKey(algorithm=algorithm, data=data))


def test_an_ed25519_key_of_small_order_is_refused() -> None:
    field = 2**255 - 19
    small = [0, 1, field - 1]
    odd = [*small, field, field + 1]

    for y in odd:
        for sign in (0, 2**255):
            with refuses(Reason.KEY_IS_MALFORMED):
                parse_verifying_key(PublicKey(algorithm=Algorithm.EDDSA, data=(y + sign).to_bytes(32, "little")))


def test_a_signature_by_one_curve_is_not_one_on_the_other() -> None:
    signature = KEYS[Algorithm.ES256].sign(b"message")

    with refuses(Reason.SIGNATURE_DOES_NOT_MATCH):
        verifying_key(KEYS[Algorithm.SM2].public_key).verify(signature, b"message")


def test_an_algorithm_that_is_not_used_here_is_refused() -> None:
    assert Algorithm.SM2 is algorithm_of(-65918)
    for number in (-35, -257, 5, 0, -65917):
        with refuses(Reason.ALGORITHM_IS_NOT_KNOWN):
            algorithm_of(number)


def test_a_library_without_sm2_is_not_taken_for_one_with_it() -> None:
    probe_sm2()

    assert find_libcrypto("libcrypto.so.3") is not None
    assert find_libcrypto(None, "no-such-library.so.3", "libc.so.6") is None


def test_a_key_id_depends_on_algorithm_and_key() -> None:
    data = KEYS[Algorithm.ES256].public_key.data
    ids = {key_id_of(PublicKey(algorithm=algorithm, data=data), 8) for algorithm in ALL}

    assert 3 == len(ids)
    assert {8} == {len(key_id) for key_id in ids}


@pytest.mark.parametrize("algorithm", ALL)
def test_what_an_envelope_costs_is_measured_against_the_bare_check(algorithm: Algorithm) -> None:
    cost = measure_verification(algorithm, count=20)

    assert algorithm.name == cost.algorithm
    assert cost.envelope_per_second / cost.bare_per_second == pytest.approx(cost.ratio)
