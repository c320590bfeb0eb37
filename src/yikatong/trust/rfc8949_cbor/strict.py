"""CBOR read strictly (RFC 8949 §4.2.1): definite, shortest forms, no repeated keys, no tags, nothing after the end.

Our messages hold whole numbers, texts, byte strings, true, false, null, and arrays and maps of them; the keys of maps
are numbers, texts or byte strings. In Python a float or a boolean may equal a whole number, so that a key of one kind
would be found under the other: nothing else is read.

Written the same way, except that maps keep the order their writer gives; our writers give keys in order.
"""

from typing import Any

import cbor2

DEPTH_MAX = 8
_TAGS_KNOWN_TO_THE_LIBRARY = (
    *range(6), 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799,
)  # fmt: skip


_SCALARS = frozenset((int, str, bytes, bool, type(None)))
_KEYS = frozenset((int, str, bytes))


def _refuse_tag(*_: object) -> Any:
    raise ValueError("no tag stands inside our messages")


_REFUSE_TAGS = dict.fromkeys(_TAGS_KNOWN_TO_THE_LIBRARY, _refuse_tag)


def decode_strict(data: bytes) -> Any:
    """Read one CBOR item; the caller has bounded its size.

    Raises ValueError for anything that a second writing would not give back byte for byte (indefinite lengths, longer
    forms than needed, bytes after the end), for repeated keys, tags, nesting deeper than DEPTH_MAX, and kinds that our
    messages do not hold (floats, simple values, undefined; keys of another kind than numbers, texts and byte strings).
    """
    try:
        value = cbor2.loads(
            data,
            max_depth=DEPTH_MAX,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            tag_hook=_refuse_tag,
            semantic_decoders=_REFUSE_TAGS,
        )
    except cbor2.CBORError as error:
        raise ValueError("not well-formed CBOR") from error
    _verify_kinds(value, DEPTH_MAX)
    if cbor2.dumps(value) != data:
        raise ValueError("not in the one form that is written")
    return value


def _verify_kinds(value: Any, depth_left: int) -> None:
    """Go on when a value holds what it may; the library itself lets an empty array stand one level too deep."""
    kind = type(value)
    if kind in _SCALARS:
        return
    if depth_left == 0:
        raise ValueError("not so deep")
    if kind is list:
        for item in value:
            _verify_kinds(item, depth_left - 1)
    elif kind is dict:
        for key, item in value.items():
            if type(key) not in _KEYS:
                raise ValueError("a key of a kind that our messages do not hold")
            _verify_kinds(item, depth_left - 1)
    else:
        raise ValueError("a value of a kind that our messages do not hold")


def encode(value: object) -> bytes:
    """Write one item in shortest forms; maps in the order given."""
    return cbor2.dumps(value)


def bytes_header(size: int) -> bytes:
    """The head of a byte string of `size` bytes (RFC 8949 §3.1, major type 2); size below 2**32."""
    if size < 24:
        return bytes((0x40 | size,))
    if size < 0x100:
        return bytes((0x58, size))
    if size < 0x10000:
        return b"\x59" + size.to_bytes(2)
    return b"\x5a" + size.to_bytes(4)
