"""COSE_Key is written with a compressed point, and read only whole, public and of a known curve."""

import cbor2
import pytest

from tests.rooms.trust.vectors import a_public_key, vectors
from tests.support.builders.trust import a_key, refuses
from yikatong.trust.model import Algorithm, Reason
from yikatong.trust.service import decode_cose_key, encode_cose_key

X = bytes(range(32))


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_what_is_written_is_read_back(algorithm: Algorithm) -> None:
    key = a_key(algorithm).public_key

    assert key == decode_cose_key(encode_cose_key(key))


def test_a_point_is_written_as_x_and_the_sign_of_y() -> None:
    key = a_public_key(vectors("cose_sign1", "keys")["11"])

    assert {1: 2, -1: 1, -2: key.data[1:], -3: key.data[0] == 3} == cbor2.loads(encode_cose_key(key))


def test_a_point_with_its_whole_y_and_further_parameters_is_read() -> None:
    key = a_public_key(vectors("cose_sign1", "keys")["AsymmetricECDSA256"])
    private = cbor2.loads(bytes.fromhex(vectors("cwt", "key")))
    public = {label: value for label, value in private.items() if label != -4}

    assert key == decode_cose_key(cbor2.dumps(public))
    with refuses(Reason.KEY_IS_MALFORMED):
        decode_cose_key(cbor2.dumps(private))


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {1: 2, -1: 1, -2: X},
        {1: 2, -1: 1, -2: X, -3: 1},
        {1: 2, -1: 1, -2: X[:31], -3: True},
        {1: 2, -1: 2, -2: X, -3: True},
        {1: 1, -1: 1, -2: X, -3: True},
        {1: True, -1: 6, -2: X},
        {True: 1, -1: 6, -2: X},
        {1.0: 1, -1: 6, -2: X},
        {1: 1.0, -1: 6, -2: X},
        {1: 4, -1: 1, -2: X},
        {1: "2", -1: 1, -2: X, -3: True},
        {1: 2, -1: 1, -2: X, -3: True, 3: -8},
        {1: 2, -1: 1, -2: X, -3: True, 3: -35},
        {1: 2, -1: -65918, -2: X, -3: True, 3: -7},
    ],
)
def test_what_is_no_key_of_ours_is_refused(value: object) -> None:
    with refuses(Reason.KEY_IS_MALFORMED):
        decode_cose_key(cbor2.dumps(value))


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xa1", bytes(300)])
def test_what_is_no_cbor_is_refused(data: bytes) -> None:
    with refuses(Reason.KEY_IS_MALFORMED):
        decode_cose_key(data)
