"""CBOR is read in one form alone, and holds nothing but what our messages are made of."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yikatong.trust.rfc8949_cbor.strict import decode_strict, encode

SCALARS = st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary() | st.text()
KEYS = st.integers(-(2**64), 2**64 - 1) | st.text() | st.binary()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=6)


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    assert value == decode_strict(encode(value))


@pytest.mark.parametrize(
    "value",
    [1.5, float("nan"), cbor2.undefined, cbor2.CBORSimpleValue(4), [1.0], {1: 0.0}, {True: 1}, {1.0: 1}, {None: 1}],
    ids=repr,
)
def test_kinds_that_our_messages_do_not_hold_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="do not hold"):
        decode_strict(cbor2.dumps(value))


@pytest.mark.parametrize("innermost", ["80", "a0", "8100"])
def test_it_is_eight_levels_deep_and_no_deeper(innermost: str) -> None:
    inside = decode_strict(bytes.fromhex("81" * 7 + innermost))

    assert "[" * 7 == repr(inside)[:7]
    with pytest.raises(ValueError, match="not"):
        decode_strict(bytes.fromhex("81" * 8 + innermost))


@pytest.mark.parametrize(
    "data",
    [
        "1800", "190017", "1bffffffff00000000ff", "5f4100ff", "9f00ff", "bf0000ff", "a200000000", "c000", "d2840000",
        "ff", "6161ff", "61ff", "818181818181818181818100",
    ],
)  # fmt: skip
def test_another_writing_of_it_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match="not"):
        decode_strict(bytes.fromhex(data))
