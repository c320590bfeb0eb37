"""Small strict readers for the arrays inside our envelopes: each gives a value of its type or raises ValueError."""

from datetime import UTC, datetime
from uuid import UUID

from yikatong.kernel.ids import uuid_of
from yikatong.kernel.money import AMOUNT_FEN_MAX

NONCE_BYTES = 8
SECONDS_MAX = 2**32 - 1
ITEM_NUMBER_MAX = 2**31 - 1


def read_number(value: object, largest: int) -> int:
    """A whole number from 0 to `largest`; a CBOR true or false is none."""
    if type(value) is not int or not 0 <= value <= largest:
        raise ValueError("not a number within its bounds")
    return value


def read_bytes(value: object, size: int) -> bytes:
    """A byte string of exactly `size` bytes."""
    if type(value) is not bytes or len(value) != size:
        raise ValueError("not a byte string of its size")
    return value


def read_text(value: object, chars_max: int) -> str:
    """A text of 1 to `chars_max` characters, all of them printable."""
    if type(value) is not str or not 1 <= len(value) <= chars_max or not value.isprintable():
        raise ValueError("not a text within its bounds")
    return value


def read_flag(value: object) -> bool:
    """A CBOR true or false."""
    if type(value) is not bool:
        raise ValueError("not a flag")
    return value


def read_list(value: object, *counts: int) -> list[object]:
    """An array with one of the given numbers of elements."""
    if type(value) is not list or len(value) not in counts:
        raise ValueError("not an array of its size")
    return value


def read_region(value: object) -> str:
    """A division code of six digits."""
    if type(value) is not str or len(value) != 6 or not (value.isascii() and value.isdigit()):
        raise ValueError("not a region")
    return value


def read_uuid(value: object) -> UUID:
    """An id as its 16 bytes."""
    return uuid_of(int.from_bytes(read_bytes(value, 16)))


def read_seconds(value: object) -> datetime:
    """An instant in whole seconds since 1970, until 2106."""
    return datetime.fromtimestamp(read_number(value, SECONDS_MAX), UTC)


def read_amount(value: object) -> int:
    """An amount in fen; 0 where nothing is paid."""
    return read_number(value, AMOUNT_FEN_MAX)


def seconds_of(instant: datetime) -> int:
    """An instant in whole seconds since 1970, earlier parts dropped."""
    return int(instant.timestamp())
