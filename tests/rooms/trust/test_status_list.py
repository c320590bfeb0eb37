"""Status lists pack as the standard packs, and an old, foreign or endless list is refused."""

import zlib
from datetime import timedelta
from typing import Any

import cbor2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rooms.trust.vectors import vectors
from tests.support.builders.trust import SUBJECT, a_key, a_status_list, refuses
from tests.support.world import NOON
from yikatong.trust.model import Reason, StatusList
from yikatong.trust.service import (
    StatusListBuilder,
    accept_status_list,
    decode_sign1,
    read_status_list,
    sign_sign1,
    sign_status_list,
    status_at,
    verify_fresh,
    verifying_key,
)
from yikatong.trust.token_status_list.status_list import MESSAGE_TYPE, from_list_map, to_list_map

KEY = a_key()
VERIFIER = verifying_key(KEY.public_key)


def read(envelope: bytes, *, subject: str = SUBJECT, minutes: float = 0) -> StatusList:
    """Read a list by KEY some minutes after noon."""
    return read_status_list(envelope, VERIFIER, subject=subject, now=NOON + timedelta(minutes=minutes))


def a_token(claims: dict[Any, Any], message_type: str | None = MESSAGE_TYPE) -> bytes:
    """A token of these claims, signed by KEY."""
    return sign_sign1(cbor2.dumps(claims), KEY, key_id=b"key1", message_type=message_type)


@pytest.mark.parametrize("vector", vectors("status_list", "lists"), ids=lambda vector: f"{vector['bits']} bits")
def test_the_examples_of_the_standard_are_packed_and_read(vector: dict[str, Any]) -> None:
    builder = StatusListBuilder(places=len(vector["statuses"]), bits=vector["bits"])
    for index, status in enumerate(vector["statuses"]):
        builder.set(index, status)
    bits, data = from_list_map(cbor2.loads(bytes.fromhex(vector["map"])))
    read_list = a_status_list(bits=bits, data=data)

    assert vector["packed"] == builder.packed().hex()
    assert vector["packed"] == data.hex()
    assert vector["statuses"] == [status_at(read_list, index) for index in range(len(vector["statuses"]))]


@pytest.mark.parametrize("vector", vectors("status_list", "long"), ids=lambda vector: f"{vector['bits']} bits")
def test_the_long_examples_of_the_standard_are_packed_and_read(vector: dict[str, Any]) -> None:
    builder = StatusListBuilder(places=vector["places"], bits=vector["bits"])
    for index, status in vector["set"].items():
        builder.set(index, status)
    bits, data = from_list_map(cbor2.loads(bytes.fromhex(vector["map"])))

    assert (vector["bits"], builder.packed()) == (bits, data)


def test_the_token_of_the_standard_is_read() -> None:
    vector = vectors("status_list", "token")
    sign1 = decode_sign1(bytes.fromhex(vector["message"]), 1000)
    claims = cbor2.loads(sign1.payload)

    assert (vector["key_id"].encode(), vector["type"]) == (sign1.key_id, sign1.type)
    assert vector["type"] == MESSAGE_TYPE
    assert (1, bytes.fromhex("b9a3")) == from_list_map(claims[65533])
    assert (1686920170, 2291720170, 43200) == (claims[6], claims[4], claims[65534])


@given(st.sampled_from([1, 2, 4, 8]), st.data())
def test_every_status_is_read_back(bits: int, data: st.DataObject) -> None:
    statuses = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=50))
    builder = StatusListBuilder(places=len(statuses), bits=bits)
    for index, status in reversed(list(enumerate(statuses))):
        builder.set(index, 2**bits - 1)
        builder.set(index, status)
    given_list = a_status_list(bits=bits, data=builder.packed())

    read_list = read(sign_status_list(given_list, KEY, b"key1"))

    assert given_list == read_list
    assert statuses == [status_at(read_list, index) for index in range(len(statuses))]


@pytest.mark.parametrize("index", [128, 2**40, -1])
def test_a_place_beyond_the_list_is_refused(index: int) -> None:
    with refuses(Reason.STATUS_INDEX_IS_NOT_ON_THE_LIST):
        status_at(a_status_list(), index)


@pytest.mark.parametrize(("index", "status"), [(-1, 0), (10, 0), (0, 2), (0, -1)])
def test_a_place_or_status_that_does_not_fit_is_not_written(index: int, status: int) -> None:
    with pytest.raises(ValueError, match="no such place"):
        StatusListBuilder(places=10).set(index, status)


def test_a_list_by_another_key_is_refused() -> None:
    with refuses(Reason.SIGNATURE_DOES_NOT_MATCH):
        read(sign_status_list(a_status_list(), a_key(), b"key1"))


def test_a_certificate_is_no_status_list() -> None:
    claims = {2: SUBJECT, 6: 1, 65533: to_list_map(1, b"\x00")}

    with refuses(Reason.STATUS_LIST_IS_MALFORMED):
        read(a_token(claims, message_type=None))


def test_a_list_of_another_subject_is_refused() -> None:
    with refuses(Reason.STATUS_LIST_IS_OF_ANOTHER_SUBJECT):
        read(sign_status_list(a_status_list(subject="urn:example:another"), KEY, b"key1"))


def test_a_list_is_read_from_a_minute_before_its_time_until_it_expires() -> None:
    envelope = sign_status_list(a_status_list(), KEY, b"key1")

    assert a_status_list() == read(envelope, minutes=-1)
    with refuses(Reason.STATUS_LIST_IS_FROM_THE_FUTURE):
        read(envelope, minutes=-1.1)
    with refuses(Reason.STATUS_LIST_IS_EXPIRED):
        read(envelope, minutes=24 * 60)


def test_a_frozen_list_is_refused_when_it_is_too_old() -> None:
    frozen = a_status_list(expires_at=None)
    two_hours = timedelta(hours=2)

    assert frozen is verify_fresh(frozen, now=NOON + two_hours, age_max=two_hours)
    with refuses(Reason.STATUS_LIST_IS_TOO_OLD):
        verify_fresh(frozen, now=NOON + two_hours + timedelta(seconds=1), age_max=two_hours)
    with refuses(Reason.STATUS_LIST_IS_EXPIRED):
        verify_fresh(a_status_list(), now=NOON + timedelta(days=1), age_max=two_hours)


def test_an_older_list_does_not_replace_a_newer_one() -> None:
    held = a_status_list()
    older = a_status_list(issued_at=NOON - timedelta(seconds=1))

    assert held is accept_status_list(held, None)
    assert held is accept_status_list(held, older)
    with refuses(Reason.STATUS_LIST_IS_ROLLED_BACK):
        accept_status_list(older, held)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {6: 1, 65533: to_list_map(1, b"\x00")},
        {2: SUBJECT, 65533: to_list_map(1, b"\x00")},
        {2: SUBJECT, 6: 1},
        {2: SUBJECT, 6: 1.5, 65533: to_list_map(1, b"\x00")},
        {2: SUBJECT, 6: 1, 4: "later", 65533: to_list_map(1, b"\x00")},
        {2: SUBJECT, 6: 1, 65534: -1, 65533: to_list_map(1, b"\x00")},
        {2: SUBJECT, 6: 1, 65533: to_list_map(3, b"\x00")},
        {2: SUBJECT, 6: 1, 65533: {"bits": 1}},
        {2: SUBJECT, 6: 1, 65533: {"bits": 1, "lst": b"not compressed"}},
        {2: SUBJECT, 6: 1, 65533: {"bits": 1, "lst": zlib.compress(b"list")[:-1]}},
        {2: SUBJECT, 6: 1, 65533: {"bits": 1, "lst": zlib.compress(b"list") + b"more"}},
        {2: SUBJECT, 6: 1, 65533: {"bits": True, "lst": zlib.compress(b"list")}},
    ],
)
def test_a_token_that_lacks_or_bends_a_claim_is_refused(claims: dict[Any, Any]) -> None:
    with refuses(Reason.STATUS_LIST_IS_MALFORMED):
        read(a_token(claims))


def test_a_list_that_would_fill_the_memory_is_refused() -> None:
    compressed = zlib.compress(bytes(8 * 1024 * 1024 + 1), 9)

    assert 10_000 > len(compressed)
    with refuses(Reason.STATUS_LIST_IS_MALFORMED):
        read(a_token({2: SUBJECT, 6: 1, 65533: {"bits": 1, "lst": compressed}}))


def test_a_list_without_expiry_and_ttl_says_neither() -> None:
    given_list = msgspec.structs.replace(a_status_list(expires_at=None), ttl_seconds=None)
    envelope = sign_status_list(given_list, KEY, b"key1")

    assert {2, 6, 65533} == cbor2.loads(decode_sign1(envelope, 1000).payload).keys()
    assert given_list == read(envelope)
