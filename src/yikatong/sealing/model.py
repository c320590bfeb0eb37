"""What the sealed log speaks of: leaves, batches, series, heads; and why something is refused."""

from datetime import datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText

HASH_BYTES = 32
BATCH_BYTES_MAX = 512
HEAD_BYTES_MAX = 512


class LeafKind(IntEnum):
    """What a leaf stands for. A tap that moved money is another kind than one that did not: it is never forgotten."""

    TAP = 1
    REFUND = 2
    REVERSAL = 3
    RECORD = 4
    PAID_TAP = 5
    TRANSFER = 6
    HOLD = 7
    HOLD_END = 8
    STATEMENT = 9
    DEED = 10
    DECISION = 11


class Leaf(NamedTuple):
    """One row of another room in the log: what it is, its id, and the hash of what it says."""

    kind: LeafKind
    id: UUID
    hash: bytes


class LooseLeaf(NamedTuple):
    """A leaf that waits for the sealer, as its row stands; `mark` says whether the platform left it."""

    id: UUID
    kind: int
    hash: bytes
    mark: bytes
    left_at: datetime


class BatchRoot(msgspec.Struct, frozen=True, kw_only=True):
    """What a series signs of a batch: the batch's number in it, how many leaves, and the root of their tree.

    `labels` is a digest of what each leaf is said to stand for (`rules.statements.digest_labels`).
    """

    series: UUID
    number: int
    size: int
    root: bytes
    made_at: datetime
    labels: bytes


class SealedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as it is kept: its leaves in order, and the signed root."""

    series: UUID
    number: int
    made_at: datetime
    kinds: bytes
    ids: list[UUID]
    hashes: bytes
    signed: bytes

    def leaves(self) -> list[Leaf]:
        """The leaves one by one."""
        return [
            Leaf(LeafKind(kind), id, self.hashes[HASH_BYTES * index : HASH_BYTES * (index + 1)])
            for index, (kind, id) in enumerate(zip(self.kinds, self.ids, strict=True))
        ]


class SeriesRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run of batches: the certificate of the key that signs them, and how many of them the log holds."""

    series: UUID
    certificate: bytes
    began_at: datetime
    touched_at: datetime
    appended: int


class Seal(msgspec.Struct, frozen=True):
    """Proves a leaf: its place in its batch, the path to the batch's root, and the root, signed by its series.

    `rest` is the digest of what the row holds beyond what its receipt says; leaf and receipt are tied by it.
    """

    index: int
    path: tuple[bytes, ...]
    batch: bytes
    rest: bytes = b""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The log at one length: how many batches, the root of their tree, signed by the log's key."""

    size: int
    root: bytes
    made_at: datetime
    signed: bytes


class WitnessedHead(msgspec.Struct, frozen=True, kw_only=True):
    """A head that a witness signed too; `signed` is the witness's envelope."""

    size: int
    root: bytes
    signed: bytes


class Node(NamedTuple):
    """The hash of a whole subtree of the log: its level above the batches, its position among those of its level."""

    level: int
    position: int
    hash: bytes


class Inclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Proves that the log, at the length of a head, holds a batch at a position."""

    position: int
    path: tuple[bytes, ...]
    head: Head


class Reason(outcomes.Reason):
    """Why the log refuses."""

    BATCH_IS_NOT_IN_THE_LOG = ReasonText(
        404,
        en="The log holds no batch of this series and number.",
        zh="日志中没有该序列、该编号的批次。",
        remedy_en="The receipt stays valid: its batch enters the log within seconds. Ask again in ten seconds.",
        remedy_zh="凭条仍然有效：其批次数秒内进入日志。请十秒后再查。",
    )
    LOG_IS_SHORTER = ReasonText(
        409,
        en="The log is shorter than the length asked about.",
        zh="日志比所问的长度短。",
        remedy_en="Nothing was changed. If you hold a signed head of that length, keep it and tell an auditor.",
        remedy_zh="未作任何变更。如手中有该长度的已签日志头，请妥善保存并告知审计人员。",
    )
    SEAL_DOES_NOT_MATCH = ReasonText(
        422,
        en="The seal does not prove what it is said to prove.",
        zh="封印不能证明所称内容。",
        remedy_en="Nothing was changed by asking. Keep both as they are and tell an auditor: one of them was altered.",
        remedy_zh="查询未作任何变更。请原样保存两者并告知审计人员：其中之一被改动过。",
    )
