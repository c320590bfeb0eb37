"""Base45 writes and reads as RFC 9285 says, and reads nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rooms.trust.vectors import vectors
from tests.support.builders.trust import refuses
from yikatong.trust.model import Reason
from yikatong.trust.service import decode_base45, encode_base45

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def slowly_decoded(text: str) -> bytes | None:
    """RFC 9285 §4.2, a group at a time; None for what is not Base45."""
    data = b""
    for start in range(0, len(text), 3):
        digits = [ALPHABET.find(letter) for letter in text[start : start + 3]]
        value = sum(digit * 45**place for place, digit in enumerate(digits))
        size = len(digits) - 1
        if size == 0 or -1 in digits or value >= 256**size:
            return None
        data += value.to_bytes(size)
    return data


@pytest.mark.parametrize("vector", vectors("base45", "encode"), ids=lambda vector: vector["text"])
def test_the_examples_of_the_standard_are_written_and_read(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["bytes"])

    assert vector["text"] == encode_base45(data)
    assert data == decode_base45(vector["text"], 100)


@pytest.mark.parametrize("text", vectors("base45", "refuse"))
def test_what_is_not_base45_is_refused(text: str) -> None:
    with refuses(Reason.TEXT_IS_NOT_BASE45):
        decode_base45(text, 100)


@given(st.binary(max_size=400))
def test_what_is_written_is_read_back(data: bytes) -> None:
    text = encode_base45(data)

    assert data == decode_base45(text, len(text))


@given(st.text(alphabet=ALPHABET + "a_é", max_size=40))
def test_every_text_is_read_as_the_standard_reads_it(text: str) -> None:
    expected = slowly_decoded(text)

    if expected is None:
        with refuses(Reason.TEXT_IS_NOT_BASE45):
            decode_base45(text, 40)
    else:
        assert expected == decode_base45(text, 40)
        assert text == encode_base45(expected)


def test_text_above_the_bound_is_refused_before_it_is_read() -> None:
    assert b"AB" == decode_base45("BB8", 3)
    with refuses(Reason.TEXT_IS_NOT_BASE45):
        decode_base45("BB8", 2)


def test_nothing_is_written_as_nothing() -> None:
    assert "" == encode_base45(b"")
    assert b"" == decode_base45("", 0)
