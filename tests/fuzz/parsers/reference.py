"""Readers written a second time, plainly, after the standards alone: what they say, the product must say too."""

from typing import Any

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def read_base45(text: str) -> bytes:
    """Base45 as RFC 9285 §4 tells it, group by group; raises ValueError."""
    values = [ALPHABET.index(letter) for letter in text]
    data = b""
    for at in range(0, len(values), 3):
        group = values[at : at + 3]
        if len(group) == 1:
            raise ValueError("a letter alone")
        number = sum(value * 45**place for place, value in enumerate(group))
        data += number.to_bytes(len(group) - 1)  # OverflowError for a group that is too large
    return data


def read_cbor(data: bytes, *, depth_max: int) -> Any:
    """One item of the CBOR that our messages may hold (RFC 8949 §4.2.1); raises ValueError.

    Maps come as a list of pairs under the name `map`, so that no two keys can melt into one.
    """
    value, at = _item(data, 0, depth_max)
    if at != len(data):
        raise ValueError("something behind the end")
    return value


def _item(data: bytes, at: int, depth_left: int) -> tuple[Any, int]:
    head = _taken(data, at, 1)[0]
    major, low = head >> 5, head & 31
    if major == 7:
        return _simple(data, at + 1, low)
    argument, at = _argument(data, at + 1, low)
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major in (2, 3):
        content = _taken(data, at, argument)
        return content if major == 2 else content.decode("utf-8"), at + argument
    if major == 6:
        raise ValueError("a tag")
    if depth_left == 0:
        raise ValueError("too deep")
    items = []
    for _ in range(argument * (major - 3)):
        item, at = _item(data, at, depth_left - 1)
        items.append(item)
    if major == 4:
        return items, at
    pairs = list(zip(items[::2], items[1::2], strict=True))
    if not all(type(key) in (int, str, bytes) for key, _ in pairs):
        raise ValueError("a key of a kind that our messages do not hold")
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key that stands twice")
    return ("map", pairs), at


def _argument(data: bytes, at: int, low: int) -> tuple[int, int]:
    if low < 24:
        return low, at
    if low > 27:
        raise ValueError("an indefinite or reserved length")
    size = 1 << low - 24
    value = int.from_bytes(_taken(data, at, size))
    if value < (24 if size == 1 else 1 << 4 * size):
        raise ValueError("longer than needed")
    return value, at + size


def _simple(data: bytes, at: int, low: int) -> tuple[Any, int]:
    if low in (20, 21, 22):
        return {20: False, 21: True, 22: None}[low], at
    raise ValueError("a kind that our messages do not hold")


def _taken(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise ValueError("cut off")
    return data[at : at + size]


def typed(value: Any) -> Any:
    """A value that the product read, in the form of `read_cbor`."""
    if isinstance(value, dict):
        return "map", [(typed(key), typed(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [typed(item) for item in value]
    return value
