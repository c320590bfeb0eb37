"""CWT claims are read as RFC 8392 writes them; a certificate fits the code it is shown in."""

from datetime import UTC, datetime, timedelta

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rooms.trust.vectors import a_public_key, vectors
from tests.support.builders.trust import a_key, refuses
from tests.support.world import NOON
from yikatong.trust.model import Algorithm, Claims, Reason, Standing
from yikatong.trust.service import (
    decode_claims,
    decode_sign1,
    encode_claims,
    key_id_of,
    sign_sign1,
    verify_sign1,
    verifying_key,
)

INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2106, 1, 1), timezones=st.just(UTC)).map(
    lambda instant: instant.replace(microsecond=0)
)
STANDINGS = st.builds(
    Standing,
    level=st.integers(0, 255),
    concession=st.integers(0, 65535),
    status_index=st.integers(0, 2**32 - 1),
)
KEYS = st.sampled_from([None, *(a_key(algorithm).public_key for algorithm in Algorithm)])


def test_the_signed_example_of_the_standard_is_read() -> None:
    vector = vectors("cwt", "signed")
    sign1 = decode_sign1(bytes.fromhex(vector["message"]), 1000)
    key = verifying_key(a_public_key(vectors("cose_sign1", "keys")["AsymmetricECDSA256"]))
    payload = verify_sign1(sign1, key)

    assert vector["key_id"].encode() == sign1.key_id
    assert vector["claims"] == payload.hex()
    assert Claims(
        issuer=vector["issuer"],
        subject=vector["subject"],
        audience=vector["audience"],
        expires_at=datetime.fromtimestamp(vector["expires"], UTC),
        not_before_at=datetime.fromtimestamp(vector["not_before"], UTC),
        issued_at=datetime.fromtimestamp(vector["issued"], UTC),
        cwt_id=bytes.fromhex(vector["cwt_id"]),
    ) == decode_claims(payload)
    assert payload == encode_claims(decode_claims(payload))


@given(
    st.builds(
        Claims,
        issuer=st.none() | st.text(max_size=20),
        expires_at=st.none() | INSTANTS,
        issued_at=st.none() | INSTANTS,
        cwt_id=st.none() | st.binary(max_size=40),
        confirmation=KEYS,
        standing=st.none() | STANDINGS,
    )
)
def test_what_is_written_is_read_back(claims: Claims) -> None:
    assert claims == decode_claims(encode_claims(claims))


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.EDDSA])
def test_a_certificate_fits_the_code_it_is_shown_in(algorithm: Algorithm) -> None:
    largest = Claims(
        issuer="990100",
        expires_at=NOON + timedelta(hours=72),
        cwt_id=bytes(40),
        confirmation=a_key(algorithm).public_key,
        standing=Standing(level=23, concession=65535, status_index=2**32 - 1),
    )
    region = a_key(algorithm)

    certificate = sign_sign1(encode_claims(largest), region, key_id=key_id_of(region.public_key))

    assert 201 >= len(certificate)


def test_a_claim_that_is_not_known_is_passed_over() -> None:
    assert Claims(issuer="990100") == decode_claims(cbor2.dumps({1: "990100", 40: "new", "text": 1}))


@pytest.mark.parametrize(
    "claims",
    [
        [],
        {1: b"990100"},
        {4: "soon"},
        {4: 1.5},
        {4: -1},
        {4: 2**32},
        {4: True},
        {7: "id"},
        {8: {}},
        {8: {1: {}, 2: b""}},
        {8: []},
        {-65918: [1, 2]},
        {-65918: [1, 2, 3, 4]},
        {-65918: [256, 0, 0]},
        {-65918: [1, 65536, 0]},
        {-65918: [1, 0, 2**32]},
        {-65918: [1, 0, -1]},
        {-65918: [True, 0, 0]},
        {-65918: "123"},
    ],
)
def test_claims_of_a_wrong_type_are_refused(claims: object) -> None:
    with refuses(Reason.CLAIMS_ARE_MALFORMED):
        decode_claims(cbor2.dumps(claims))


@pytest.mark.parametrize("payload", ["", "a1", "a20100", "a2010001ff", "bf01613fff", "a1011a00000001", "a100c0"])
def test_claims_of_another_form_are_refused(payload: str) -> None:
    with refuses(Reason.CLAIMS_ARE_MALFORMED):
        decode_claims(bytes.fromhex(payload))


def test_a_confirmation_without_a_key_of_ours_is_refused() -> None:
    with refuses(Reason.KEY_IS_MALFORMED):
        decode_claims(cbor2.dumps({8: {1: {1: 4, -1: b"secret"}}}))


def test_a_standing_out_of_its_bounds_is_not_written() -> None:
    with pytest.raises(ValueError, match="bounds"):
        encode_claims(Claims(standing=Standing(level=1, concession=65536, status_index=0)))
