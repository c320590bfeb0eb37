"""Merkle trees as RFC 9162 §2.1 has them, with SHA-256: growing, proving and verifying."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from yikatong.kernel.outcomes import Refused
from yikatong.sealing.model import HASH_BYTES, Node, Reason

EMPTY_ROOT = sha256(b"").digest()
_LEAF, _NODE = b"\x00", b"\x01"
_encode_fields = msgspec.msgpack.Encoder(uuid_format="bytes").encode
NodeAt = Callable[[int, int], bytes]
"""Gives the hash of a whole subtree: its level above the leaves, and its position among those of its level."""


def hash_leaf(data: bytes) -> bytes:
    """The hash of a leaf (RFC 9162 §2.1.1)."""
    return sha256(_LEAF + data).digest()


def encode_fields(fields: Sequence[Any]) -> bytes:
    """A row's fields as a MessagePack array, ids as 16 bytes: the form of which leaves and digests are made."""
    return _encode_fields(fields)


def hash_node(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(_NODE + left + right).digest()


class Tree:
    """A tree over a few leaves, held whole in memory."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        """Hash upwards from the leaves' hashes; there is at least one."""
        self._levels = [list(leaves)]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            level = [hash_node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
            if len(below) % 2:
                level.append(below[-1])
            self._levels.append(level)

    @property
    def root(self) -> bytes:
        """The root."""
        return self._levels[-1][0]

    def path(self, index: int) -> tuple[bytes, ...]:
        """The inclusion proof of a leaf: its siblings from the leaves upwards."""
        path = []
        for level in self._levels:
            sibling = index ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            index >>= 1
        return tuple(path)


class Edge:
    """The right edge of a growing tree: its whole subtrees from the largest to the smallest, enough to go on."""

    def __init__(self, size: int = 0, subtrees: bytes = b"") -> None:
        """`subtrees` are their hashes in a row, as `subtrees` gives them."""
        self.size = size
        self._subtrees = [subtrees[at : at + HASH_BYTES] for at in range(0, len(subtrees), HASH_BYTES)]
        if len(self._subtrees) != size.bit_count() or len(subtrees) % HASH_BYTES:
            raise ValueError("as many whole subtrees as the size has bits")

    @property
    def subtrees(self) -> bytes:
        """The hashes of the whole subtrees in a row."""
        return b"".join(self._subtrees)

    @property
    def root(self) -> bytes:
        """The root of the tree as it is."""
        if not self._subtrees:
            return EMPTY_ROOT
        root = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            root = hash_node(left, root)
        return root

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf; gives it and every subtree that it makes whole."""
        level, position, made = 0, self.size, leaf
        nodes = [Node(level, position, made)]
        while position & 1:
            made = hash_node(self._subtrees.pop(), made)
            level, position = level + 1, position >> 1
            nodes.append(Node(level, position, made))
        self._subtrees.append(made)
        self.size += 1
        return nodes


def inclusion_path(position: int, size: int, node: NodeAt) -> list[bytes]:
    """The proof that a leaf stands in the tree of its first `size` leaves (RFC 9162 §2.1.3.1)."""
    start, end, path = 0, size, list[bytes]()
    while end - start > 1:
        middle = start + _left_width(end - start)
        if position < middle:
            path.append(_hash_of(middle, end, node))
            end = middle
        else:
            path.append(_hash_of(start, middle, node))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int, node: NodeAt) -> list[bytes]:
    """The proof that the tree of `new` leaves begins with that of `old` (RFC 9162 §2.1.4.1); empty for equal ones."""
    if not 0 < old < new:
        return []
    start, end, path, is_whole = 0, new, list[bytes](), True
    while old != end:
        middle = start + _left_width(end - start)
        if old <= middle:
            path.append(_hash_of(middle, end, node))
            end = middle
        else:
            path.append(_hash_of(start, middle, node))
            start, is_whole = middle, False
    return path[::-1] if is_whole else [_hash_of(start, end, node), *path[::-1]]


def verify_inclusion(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Return when the path leads from the leaf to the root (RFC 9162 §2.1.3.2); refuse SEAL_DOES_NOT_MATCH."""
    if not 0 <= index < size:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)
    at, last, made = index, size - 1, leaf
    for one in path:
        if last == 0:
            raise Refused(Reason.SEAL_DOES_NOT_MATCH)
        if at & 1 or at == last:
            made = hash_node(one, made)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            made = hash_node(made, one)
        at, last = at >> 1, last >> 1
    if last or made != root:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)


def verify_consistency(*, old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Return when the new tree begins with the old one (RFC 9162 §2.1.4.2); refuse SEAL_DOES_NOT_MATCH.

    Every tree begins with the empty one.
    """
    if old == 0 and not path:
        return
    if old == new and not path and old_root == new_root:
        return
    if not 0 < old < new or not path:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)
    steps = [old_root, *path] if old.bit_count() == 1 else list(path)
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    made_old = made_new = steps[0]
    for one in steps[1:]:
        if last == 0:
            raise Refused(Reason.SEAL_DOES_NOT_MATCH)
        if at & 1 or at == last:
            made_old, made_new = hash_node(one, made_old), hash_node(one, made_new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            made_new = hash_node(made_new, one)
        at, last = at >> 1, last >> 1
    if last or made_old != old_root or made_new != new_root:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)


def _left_width(width: int) -> int:
    """The largest power of two below a width: how many leaves the left subtree has."""
    return 1 << (width - 1).bit_length() - 1


def _hash_of(start: int, end: int, node: NodeAt) -> bytes:
    """The hash over a range of leaves that is a subtree, whole or at the right edge."""
    width = end - start
    if width.bit_count() == 1:
        level = width.bit_length() - 1
        return node(level, start >> level)
    middle = start + _left_width(width)
    return hash_node(_hash_of(start, middle, node), _hash_of(middle, end, node))
