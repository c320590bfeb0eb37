"""Bytes as text: the examples of RFC 4648 §10 without padding, and what is no such text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yikatong.kernel.base64url import read_base64url, write_base64url


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foobar", "Zm9vYmFy"), (b"\xfb\xff", "-_8")],
)
def test_bytes_are_written_without_padding_in_the_alphabet_of_addresses(data: bytes, text: str) -> None:
    assert text == write_base64url(data)


@given(data=st.binary(max_size=40))
def test_what_was_written_is_read(data: bytes) -> None:
    assert data == read_base64url(write_base64url(data))


@pytest.mark.parametrize("text", ["A", "AAAAA", "中文"])
def test_what_is_no_such_text_gives_no_bytes(text: str) -> None:
    assert b"" == read_base64url(text)
