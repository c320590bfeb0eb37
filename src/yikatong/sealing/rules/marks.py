"""The mark of a leaf that waits: HMAC-SHA-256 (RFC 2104) by a secret that the platform has and the database has not."""

from collections.abc import Sequence
from hmac import compare_digest

from yikatong.sealing.model import Leaf, LooseLeaf
from yikatong.trust import service as trust

_LABEL = b"yk-log-leaf"
_KIND_BYTES = 2


def mark_leaves(leaves: Sequence[Leaf | LooseLeaf], *, secret: bytes) -> list[bytes]:
    """The marks of leaves, in their order; one is over a label, the kind (2 bytes), the id and the hash."""
    return trust.mark_many(secret, [_say(leaf) for leaf in leaves])


def split_by_marks(
    waiting: Sequence[LooseLeaf], *, secrets: Sequence[bytes]
) -> tuple[list[LooseLeaf], list[LooseLeaf]]:
    """Leaves that wait, in two: those that bear their mark by one of the secrets, and the others."""
    every = [mark_leaves(waiting, secret=secret) for secret in secrets]
    ours: list[LooseLeaf] = []
    others: list[LooseLeaf] = []
    for index, loose in enumerate(waiting):
        is_ours = any(compare_digest(marks[index], loose.mark) for marks in every)
        (ours if is_ours else others).append(loose)
    return ours, others


def _say(leaf: Leaf | LooseLeaf) -> bytes:
    return _LABEL + leaf.kind.to_bytes(_KIND_BYTES, "big", signed=True) + leaf.id.bytes + leaf.hash
