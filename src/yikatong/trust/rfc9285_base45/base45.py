"""Base45 (RFC 9285): two bytes become three characters of the QR alphanumeric alphabet.

All groups are converted at once: each group is a lane of one big integer, so a handful of multiplications does the
work of a loop. A lane is wide enough that no product reaches its neighbour.
"""

from functools import lru_cache

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Reason

_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_NOT_A_DIGIT = 0xFF
_DIGIT_OF = bytes(_ALPHABET.index(code) if code in _ALPHABET else _NOT_A_DIGIT for code in range(256))
_LETTER_OF = _ALPHABET + bytes(256 - len(_ALPHABET))

_LANE = 5
"""Bytes in a lane when writing: a 16-bit group times the 17-bit reciprocal stays below 2**33."""
_RECIPROCAL_22 = 93_207
"""⌈2**22 / 45⌉: (n · this) >> 22 is n // 45 for every n below 2**16."""
_RECIPROCAL_16 = 1_457
"""⌈2**16 / 45⌉: (n · this) >> 16 is n // 45 for every n below 1457."""


def encode_base45(data: bytes) -> str:
    """Write bytes as Base45; three characters for two bytes, two for a last odd one."""
    count, odd = divmod(len(data), 2)
    lanes = bytearray(count * _LANE)
    lanes[3::_LANE] = data[0 : 2 * count : 2]
    lanes[4::_LANE] = data[1::2]
    groups = int.from_bytes(lanes)
    twelve_bits = _lowest_twelve_bits(count)
    tens = groups * _RECIPROCAL_22 >> 22 & twelve_bits
    high = tens * _RECIPROCAL_16 >> 16 & twelve_bits
    digits = (groups - 45 * tens | tens - 45 * high << 8 | high << 16).to_bytes(count * _LANE)
    text = bytearray(count * 3)
    text[0::3] = digits[4::_LANE]
    text[1::3] = digits[3::_LANE]
    text[2::3] = digits[2::_LANE]
    if odd:
        text += bytes((data[-1] % 45, data[-1] // 45))
    return text.translate(_LETTER_OF).decode("ascii")


def decode_base45(text: str, chars_max: int) -> bytes:
    """Read Base45.

    Refuses with TEXT_IS_NOT_BASE45, in this order: text longer than `chars_max` characters, a length of 1 modulo 3, a
    character outside the alphabet, a group above 65535 (or 255 for a last pair).
    """
    count, left = divmod(len(text), 3)
    if len(text) > chars_max or left == 1 or not text.isascii():
        raise Refused(Reason.TEXT_IS_NOT_BASE45)
    digits = text.encode("ascii").translate(_DIGIT_OF)
    if _NOT_A_DIGIT in digits:
        raise Refused(Reason.TEXT_IS_NOT_BASE45)
    tail = _decode_pair(digits[-2:]) if left else b""
    number, lowest = int.from_bytes(digits[: 3 * count]), _lowest_bytes(count)
    # The first digit of a group is its units, and stands in the highest byte of its lane.
    groups = (number >> 16 & lowest) + 45 * (number >> 8 & lowest) + 2025 * (number & lowest)
    lanes = groups.to_bytes(3 * count)
    if lanes[0::3] != bytes(count):
        raise Refused(Reason.TEXT_IS_NOT_BASE45)
    data = bytearray(2 * count)
    data[0::2] = lanes[1::3]
    data[1::2] = lanes[2::3]
    return bytes(data) + tail


@lru_cache(maxsize=1024)
def _lowest_bytes(count: int) -> int:
    """A mask of the lowest byte of each three-byte lane."""
    return int.from_bytes(b"\x00\x00\xff" * count)


@lru_cache(maxsize=1024)
def _lowest_twelve_bits(count: int) -> int:
    """A mask of the lowest twelve bits of each lane of `_LANE` bytes."""
    return int.from_bytes(b"\x00\x00\x00\x0f\xff" * count)


def _decode_pair(digits: bytes) -> bytes:
    value = digits[0] + 45 * digits[1]
    if value > 0xFF:
        raise Refused(Reason.TEXT_IS_NOT_BASE45)
    return bytes((value,))
