"""Sealing a batch as it is written: its leaves, their tree, and the root signed by the counter's series."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.pipeline import Statement
from yikatong.plumbing.rows import Conn
from yikatong.plumbing.statements import run_in_order
from yikatong.sealing import store
from yikatong.sealing.model import BatchRoot, Leaf, LeafKind, Seal
from yikatong.sealing.rules.statements import certify_series, digest_labels, sign_batch
from yikatong.sealing.rules.trees import Tree
from yikatong.sealing.service.keys import LOG_KEY
from yikatong.sealing.service.marks import marks_of
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, KeyHolder, SigningKey

IDLE = timedelta(hours=1)
"""A series that rested so long is left for a fresh one; the sealer closes those to which nothing came for a day."""

log = structlog.get_logger("yikatong.sealing")


async def leave(conn: Conn, leaf: Leaf, *, now: datetime) -> None:
    """Leave the leaf of a row that is written outside the counter, in its transaction; the sealer takes it in."""
    await run_in_order(conn, [leaving([leaf], now=now)])


def leaving(leaves: Sequence[Leaf], *, now: datetime) -> Statement[tuple[Any, ...]]:
    """The same for some leaves at once, as the statement of a tap batch; each gets its mark."""
    return store.leave(leaves, marks=marks_of(leaves), now=now)


class Sealed:
    """A batch's seals, good once its statements are committed."""

    def __init__(self, tree: Tree, leaves: Sequence[Leaf], *, signed: bytes, statements: list[Statement[Any]]) -> None:
        """`leaves` are those of `tree`, in order."""
        self.statements = statements
        self._tree = tree
        self._signed = signed
        self._index = {(leaf.kind, leaf.id.int): index for index, leaf in enumerate(leaves)}

    def find_seal(self, kind: LeafKind, id: UUID, *, rest: bytes) -> Seal | None:
        """The seal of one row; None for a row of another batch."""
        index = self._index.get((kind, id.int))
        if index is None:
            return None
        return Seal(index=index, path=self._tree.path(index), batch=self._signed, rest=rest)


class Unsealed:
    """A batch without a seal: it had no leaves, or they are left for the sealer."""

    def __init__(self, statements: list[Statement[Any]]) -> None:
        """What is to be written instead."""
        self.statements = statements


class Series:
    """A run of batches by one counter over one connection, numbered without gaps, signed by a key made for it.

    The key lives in memory only, certified once by the log's: a batch then waits for no key holder.
    """

    def __init__(self, series: UUID, *, key: SigningKey, certificate: bytes, began_at: datetime) -> None:
        """Begin before the first batch; `begin` is the way in."""
        self._series = series
        self._key = key
        self._certificate = certificate
        self._began_at = began_at
        self._used_at = began_at
        self._count = 0

    @classmethod
    def begin(cls, holder: KeyHolder, *, ids: Ids, now: datetime) -> "Series":
        """Begin a series. Refuses as the key holder does."""
        series, key = ids.new(), trust.new_signing_key(Algorithm.ES256)
        certificate = certify_series(series, key.public_key, began_at=now, signer=holder.signer(LOG_KEY))
        return cls(series, key=key, certificate=certificate, began_at=now)

    def has_rested(self, *, now: datetime) -> bool:
        """Whether it is time for a fresh series."""
        return now - self._used_at > IDLE

    def seal(self, leaves: Sequence[Leaf], *, now: datetime) -> Sealed:
        """Seal the leaves of the next batch; there is at least one. Its number is used up by `advance` alone."""
        tree = Tree([leaf.hash for leaf in leaves])
        root = BatchRoot(
            series=self._series,
            number=self._count + 1,
            size=len(leaves),
            root=tree.root,
            made_at=now,
            labels=digest_labels(leaves),
        )
        signed = sign_batch(root, self._key)
        statements = [store.write_batch(root, leaves=leaves, signed=signed)]
        if self._count == 0:
            statements.insert(
                0, store.write_series(self._series, certificate=self._certificate, began_at=self._began_at)
            )
        return Sealed(tree, leaves, signed=signed, statements=statements)

    def advance(self, *, now: datetime) -> None:
        """Go on to the next number: the last batch is known to be committed."""
        self._count += 1
        self._used_at = now


class Writer:
    """One who writes batches, one at a time: a series, and another after each that nobody knows the end of."""

    def __init__(self, holder: KeyHolder, *, ids: Ids) -> None:
        """`holder` has the log's key."""
        self._holder = holder
        self._ids = ids
        self._series: Series | None = None

    def forget(self) -> None:
        """Nobody knows whether the batch that was sealed last is committed: begin another series."""
        self._series = None

    def seal(self, leaves: Sequence[Leaf], *, now: datetime) -> Sealed | Unsealed:
        """Seal the next batch; its leaves are left for the sealer when no key holder answers."""
        if not leaves:
            return Unsealed([])
        if self._series is None or self._series.has_rested(now=now):
            try:
                self._series = Series.begin(self._holder, ids=self._ids, now=now)
            except Refused as refused:
                log.warning("a batch gets no seal at once", reason=refused.reason.name)
                return Unsealed([leaving(leaves, now=now)])
        return self._series.seal(leaves, now=now)

    def advance(self, sealed: Sealed | Unsealed, *, now: datetime) -> None:
        """A batch is committed."""
        if self._series is not None and isinstance(sealed, Sealed):
            self._series.advance(now=now)
