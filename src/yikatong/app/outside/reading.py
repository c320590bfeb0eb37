"""Reading what an organisation outside answered: a value of its shape, or nothing at all."""

from typing import TypeVar

import msgspec

_ANSWER_BYTES_MAX = 16_000_000
_NUL_IN_JSON = b"\\u0000"
"""How JSON writes U+0000, which the database keeps in no text."""

Shape = TypeVar("Shape")


def read_answer(content: bytes, shape: type[Shape]) -> Shape:
    """An answer as its shape; raises ValueError for one that is too large, no JSON in UTF-8, or of another shape."""
    if len(content) > _ANSWER_BYTES_MAX or _NUL_IN_JSON in content:
        raise ValueError("an answer that is too large, or holds what cannot be kept")
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("an answer that cannot be read") from None
