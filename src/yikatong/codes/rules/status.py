"""Status indexes: fresh for each certificate, and in an order that tells nothing of who was given which."""

from hashlib import shake_128

from yikatong.codes.model import CertificateState
from yikatong.trust import service as trust

BLOCK_SIZE = 65_536
BITS = 2
STATUS_OF = {
    CertificateState.ACTIVE: trust.VALID,
    CertificateState.REVOKED: trust.INVALID,
    CertificateState.SUSPENDED: trust.SUSPENDED,
}

_ROUNDS = 4


def spread_positions(seed: bytes, first: int, count: int) -> list[int]:
    """Give `count` counted positions from `first` their places in the block, by a permutation made from the seed.

    A Feistel network of four rounds over 16 bits, so no two positions share a place; whoever lacks the seed cannot
    tell from two places whether they were given together.
    """
    table = shake_128(seed).digest(256 * _ROUNDS)
    places = []
    for position in range(first, first + count):
        left, right = position >> 8, position & 0xFF
        for start in range(0, 256 * _ROUNDS, 256):
            left, right = right, left ^ table[start + right]
        places.append(left << 8 | right)
    return places


def status_index(block: int, place: int) -> int:
    """The index of a place in a block; the list number is the block's."""
    return block * BLOCK_SIZE + place


def block_and_place(index: int) -> tuple[int, int]:
    """The block of an index and the place in it."""
    return divmod(index, BLOCK_SIZE)


def status_list_name(region: str, number: int) -> str:
    """The subject of a block's list, which verifiers compare with the list they asked for."""
    return f"urn:yikatong:status-list:{region}:{number}"
