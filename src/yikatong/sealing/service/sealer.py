"""The sealer: one at a time, it appends the batches of all series to the log and signs its new head."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from yikatong.plumbing import outbox
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.locks import advisory_key
from yikatong.plumbing.rows import Conn
from yikatong.plumbing.statements import run_in_order
from yikatong.sealing import store
from yikatong.sealing.model import Head, Leaf, LeafKind, LooseLeaf, Node, SealedBatch
from yikatong.sealing.rules.marks import split_by_marks
from yikatong.sealing.rules.statements import sign_head
from yikatong.sealing.rules.trees import Edge, hash_leaf
from yikatong.sealing.service.keys import LOG_KEY, leaf_secrets_of
from yikatong.sealing.service.series import Unsealed, Writer
from yikatong.trust.model import KeyHolder

CLOSED_AFTER = timedelta(days=1)
"""A writer leaves a series that rested for an hour (`series.IDLE`); after a day without a batch none is on its way."""
LOOSE_MAX = 1_000
BATCHES_MAX = 2_000
SET_ASIDE = "sealing.set_aside"
"""The topic on which leaves are told that nobody of the platform left."""
TOLD_MAX = 20
"""So many of them an event names; the table has them all."""
_LOCK = advisory_key("log sealer")


class Sealer:
    """Appends to the log. Any number may be there; the database lets one of them work."""

    def __init__(self, holder: KeyHolder, *, ids: Ids) -> None:
        """`holder` has the log's key."""
        self._holder = holder
        self._ids = ids
        self._writer = Writer(holder, ids=ids)
        self._secrets: tuple[bytes, ...] = ()

    async def run_once(self, database: Database, *, now: datetime) -> Head | None:
        """Append what was committed since, contiguous in each series, in one transaction; the new head, or None.

        Refuses as the key holder does; then nothing is appended, and the next turn takes it all.
        """
        try:
            async with database.transaction() as conn:
                if not await store.try_sealer_lock(conn, key=_LOCK):
                    return None
                await self._gather_loose(conn, now=now)
                return await self._append(conn, await _new_batches(conn, now=now), now=now)
        except BaseException:
            self._writer.forget()
            raise

    async def _gather_loose(self, conn: Conn, *, now: datetime) -> None:
        """Put leaves that were left for us into batches of our own, and those that somebody else put there aside."""
        while waiting := await store.list_loose(conn, limit=LOOSE_MAX):
            ours, others = self._split(waiting)
            await self._set_aside(conn, others, now=now)
            leaves = [Leaf(LeafKind(loose.kind), loose.id, loose.hash) for loose in ours]
            sealed = self._writer.seal(leaves, now=now)
            if leaves and isinstance(sealed, Unsealed):
                return
            await run_in_order(conn, sealed.statements)
            self._writer.advance(sealed, now=now)
            await store.take_loose(conn, ours)

    def _split(self, waiting: Sequence[LooseLeaf]) -> tuple[list[LooseLeaf], list[LooseLeaf]]:
        """Tell leaves of the platform from others; a mark we do not know may be by a secret that was made meanwhile."""
        ours, others = split_by_marks(waiting, secrets=self._secrets)
        if others:
            self._holder.reload()
            self._secrets = leaf_secrets_of(self._holder)
            ours, others = split_by_marks(waiting, secrets=self._secrets)
        return ours, others

    async def _set_aside(self, conn: Conn, others: Sequence[LooseLeaf], *, now: datetime) -> None:
        if not others:
            return
        await store.set_aside(conn, others, found_at=now)
        await store.take_loose(conn, others)
        told = [{"kind": loose.kind, "id": loose.id} for loose in others[:TOLD_MAX]]
        payload = {"count": len(others), "leaves": told}
        await outbox.publish(conn, id=self._ids.new(), topic=SET_ASIDE, payload=payload, now=now)

    async def _append(self, conn: Conn, batches: Sequence[SealedBatch], *, now: datetime) -> Head | None:
        if not batches:
            return None
        latest = await store.find_latest_head(conn)
        edge = Edge() if latest is None else Edge(latest[0].size, latest[1])
        await store.append_entries(conn, batches, from_position=edge.size)
        nodes: list[Node] = []
        for batch in batches:
            nodes += edge.append(hash_leaf(batch.signed))
        await store.write_nodes(conn, nodes)
        for series, number in {batch.series: batch.number for batch in batches}.items():
            await store.touch_series(conn, series=series, appended=number, now=now)
        head = sign_head(size=edge.size, root=edge.root, made_at=now, signer=self._holder.signer(LOG_KEY))
        await store.write_head(conn, head, edge=edge.subtrees)
        return head


async def _new_batches(conn: Conn, *, now: datetime) -> list[SealedBatch]:
    """Batches that follow those in the log, series by series, each up to its first gap."""
    found: list[SealedBatch] = []
    for one in await store.list_open_series(conn):
        if len(found) >= BATCHES_MAX:
            break
        limit = BATCHES_MAX - len(found)
        batches = await store.list_new_batches(conn, series=one.series, after=one.appended, limit=limit)
        if not batches and now - one.touched_at > CLOSED_AFTER:
            await store.close_series(conn, series=one.series)
        for expected, batch in enumerate(batches, start=one.appended + 1):
            if batch.number != expected:
                break
            found.append(batch)
    return found
