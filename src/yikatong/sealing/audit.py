"""What `yikatong audit --log` recomputes: every batch, the log they form, its heads, and the rows they speak of."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from yikatong.kernel.ids import least_id_at
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.rows import Conn
from yikatong.sealing import store
from yikatong.sealing.model import Head, Leaf, LeafKind, LooseLeaf, SealedBatch, WitnessedHead
from yikatong.sealing.rules.marks import split_by_marks
from yikatong.sealing.rules.statements import digest_labels, verify_batch, verify_head, verify_series
from yikatong.sealing.rules.trees import Edge, Tree, hash_leaf
from yikatong.trust.model import VerifyingKey

DIFFERENCES_MAX = 200
LATE = timedelta(minutes=10)
"""A batch that the log lacks so long after it was made was kept out, and so was a leaf that has no batch."""
_PAGE = 1_000
_ZERO = UUID(int=0)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_KIND_MIN = -(2**15)
_KINDS = frozenset(int(kind) for kind in LeafKind)
LogKeys = dict[bytes, VerifyingKey]


class LogAudit(Struct, frozen=True, kw_only=True):
    """What an audit of the log found: how much it looked at, and every difference up to `DIFFERENCES_MAX`.

    `unappended` batches are too young to be in the log; `forgotten` rows reached the end of their term.
    """

    size: int
    leaves: int
    unappended: int
    forgotten: int
    witnessed_size: int | None
    differences: tuple[str, ...]


class Terms(NamedTuple):
    """From when on rows of each kind must be there; older ones may have been forgotten."""

    kept_since: Mapping[LeafKind, datetime]
    now: datetime


async def audit_log(
    conn: Conn,
    rows: AsyncIterator[Sequence[Leaf]],
    bound: AsyncIterator[Sequence[Leaf]],
    *,
    log_keys: LogKeys,
    leaf_secrets: Sequence[bytes],
    witnessed: WitnessedHead | None,
    terms: Terms,
) -> LogAudit:
    """Find every row that was edited, removed or inserted since its batch, and every batch since it entered the log.

    `rows` are the leaves of all rows as they stand now; `bound` those of rows that have none in the log, as the sealed
    rows that they follow from say that they must be. A leaf that waits counts if it bears a mark by one of
    `leaf_secrets`; one that does not, or that the sealer set aside, is named, and so is its row. `witnessed` is a
    witness's longest head, fetched from the witness itself: who rewrites the whole log with its keys is found by it
    alone. The transaction is fresh, repeatable read, and may make temporary tables; its rows are read on one snapshot.
    """
    found = _Found()
    await store.list_for_audit(conn, "audit_make_tables")
    await store.list_for_audit(conn, "audit_make_found")
    batches = await _audit_batches(conn, found, log_keys=log_keys, now=terms.now)
    size = await _audit_entries(conn, found, log_keys=log_keys, witnessed=witnessed)
    await _copy_loose(conn, found, leaf_secrets=leaf_secrets, latest_batch_at=batches.latest_at)
    await _audit_set_aside(conn, found)
    async for leaves in bound:
        await store.copy_for_audit(conn, "audit_said", [(leaf, None) for leaf in leaves])
    async for leaves in rows:
        await store.copy_for_audit(conn, "audit_found", [(leaf, None) for leaf in leaves])
    forgotten = await _compare(conn, found, terms=terms)
    return LogAudit(
        size=size,
        leaves=batches.leaves,
        unappended=batches.unappended,
        forgotten=forgotten,
        witnessed_size=None if witnessed is None else witnessed.size,
        differences=tuple(found.differences),
    )


class _Found:
    def __init__(self) -> None:
        self.differences: list[str] = []

    def say(self, difference: str) -> None:
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(difference)


class _Batches(NamedTuple):
    leaves: int
    unappended: int
    latest_at: datetime


async def _audit_batches(conn: Conn, found: _Found, *, log_keys: LogKeys, now: datetime) -> _Batches:
    """Recompute the tree of every batch, verify its signature, and note what it says stands."""
    keys, appended = await _read_series(conn, found, log_keys=log_keys)
    leaves_count = unappended = 0
    latest_at = _LONG_AGO
    series, number = _ZERO, 0
    while page := await store.list_for_audit(conn, "audit_batches", series=series, number=number, limit=_PAGE):
        said: list[tuple[Leaf, datetime]] = []
        for batch in (SealedBatch(**row) for row in page):
            expected = number + 1 if batch.series == series else 1
            if batch.number != expected:
                found.say(f"log: batch {expected} of series {batch.series} is gone")
            series, number = batch.series, batch.number
            latest_at = max(latest_at, batch.made_at)
            try:
                leaves = batch.leaves()
            except ValueError:
                found.say(f"log: batch {number} of series {series} is not what its series signed: a leaf is of no kind")
                continue
            _audit_batch(batch, leaves, found, key=keys.get(series))
            said += [(leaf, batch.made_at) for leaf in leaves]
            leaves_count += len(leaves)
            if number > appended.get(series, 0):
                unappended += 1
                if now - batch.made_at > LATE:
                    found.say(f"log: batch {number} of series {series} never entered the log")
        await store.copy_for_audit(conn, "audit_said", said)
    return _Batches(leaves_count, unappended, latest_at)


async def _read_series(
    conn: Conn, found: _Found, *, log_keys: LogKeys
) -> tuple[dict[UUID, VerifyingKey], dict[UUID, int]]:
    keys: dict[UUID, VerifyingKey] = {}
    appended: dict[UUID, int] = {}
    for row in await store.list_for_audit(conn, "audit_all_series"):
        appended[row["series"]] = row["appended"]
        try:
            series, key = verify_series(row["certificate"], log_keys=log_keys)
        except Refused:
            found.say(f"log: the certificate of series {row['series']} is not by a key of the log")
            continue
        if series == row["series"]:
            keys[series] = key
    return keys, appended


def _audit_batch(batch: SealedBatch, leaves: Sequence[Leaf], found: _Found, *, key: VerifyingKey | None) -> None:
    name = f"log: batch {batch.number} of series {batch.series}"
    if key is None:
        found.say(f"{name} is of a series that nobody certified")
        return
    try:
        root = verify_batch(batch.signed, key=key)
    except Refused:
        found.say(f"{name} is not signed by its series")
        return
    tree = Tree([leaf.hash for leaf in leaves])
    said = (root.series, root.number, root.size, root.root, root.made_at, root.labels)
    if said != (batch.series, batch.number, len(leaves), tree.root, batch.made_at, digest_labels(leaves)):
        found.say(f"{name} is not what its series signed")


async def _audit_entries(conn: Conn, found: _Found, *, log_keys: LogKeys, witnessed: WitnessedHead | None) -> int:
    """Grow the log anew from its entries, and hold it against its nodes, its heads and the witness's."""
    edge, heads = Edge(), _Heads(conn, log_keys=log_keys)
    node_count = 0
    while page := await store.list_for_audit(conn, "audit_entries", from_position=edge.size, limit=_PAGE):
        nodes: dict[tuple[int, int], bytes] = {}
        for row in page:
            if row["position"] != edge.size:
                found.say(f"log: entry {edge.size} is gone")
                return edge.size
            if row["signed"] is None:
                found.say(f"log: batch {row['number']} of series {row['series']}, entry {edge.size}, is gone")
                return edge.size
            nodes |= {(node.level, node.position): node.hash for node in edge.append(hash_leaf(row["signed"]))}
            await heads.audit(edge, found)
            if witnessed is not None and witnessed.size == edge.size and witnessed.root != edge.root:
                found.say(f"log: its first {edge.size} batches are not those that the witness signed")
        node_count += len(nodes)
        if await store.find_nodes(conn, list(nodes)) != nodes:
            found.say(f"log: subtrees below entry {edge.size} are not those of its entries")
    await heads.audit_rest(edge, found)
    if [{"count": node_count}] != await store.list_for_audit(conn, "audit_nodes"):
        found.say("log: it has other subtrees than its entries make")
    if witnessed is not None and witnessed.size > edge.size:
        found.say(f"log: it holds {edge.size} batches, and the witness signed {witnessed.size}")
    return edge.size


class _Heads:
    """Every head in order of length, read a page at a time."""

    def __init__(self, conn: Conn, *, log_keys: LogKeys) -> None:
        self._conn = conn
        self._log_keys = log_keys
        self._page: list[Head] = []
        self._read_to = 0
        self._is_over = False

    async def _next(self) -> Head | None:
        if not self._page and not self._is_over:
            rows = await store.list_for_audit(self._conn, "audit_heads", size=self._read_to, limit=_PAGE)
            self._page = [Head(**row) for row in rows]
            self._is_over = len(rows) < _PAGE
            self._read_to = self._page[-1].size if self._page else self._read_to
        return self._page[0] if self._page else None

    async def audit(self, edge: Edge, found: _Found) -> None:
        """Hold the head of this length, if there is one, against the log."""
        head = await self._next()
        if head is None or head.size != edge.size:
            return
        self._page.pop(0)
        try:
            signed = verify_head(head.signed, log_keys=self._log_keys)
        except Refused:
            found.say(f"log: the head at {head.size} is not signed by a key of the log")
            return
        if (signed.size, signed.root) != (edge.size, edge.root) or head.root != edge.root:
            found.say(f"log: the head at {head.size} is not that of its entries")

    async def audit_rest(self, edge: Edge, found: _Found) -> None:
        """After the last entry no head is left, and the log ends with one."""
        head = await self._next()
        if head is not None:
            found.say(f"log: it holds {edge.size} batches, and a head says {head.size}")
        if edge.size and self._read_to != edge.size:
            found.say(f"log: it has no head at its end, at {edge.size}")


async def _copy_loose(conn: Conn, found: _Found, *, leaf_secrets: Sequence[bytes], latest_batch_at: datetime) -> None:
    """Leaves that the platform left for the sealer are said too; one that waits for long was kept from it.

    How long is told by what was written last, because the database may be a copy of an earlier moment.
    """
    id, kind = _ZERO, _KIND_MIN
    (left,) = await store.list_for_audit(conn, "audit_loose_latest")
    as_of = max(latest_batch_at, left["latest_at"] or latest_batch_at)
    while page := await store.list_for_audit(conn, "audit_loose", id=id, kind=kind, limit=_PAGE):
        waiting = [LooseLeaf(**row) for row in page]
        id, kind = waiting[-1].id, waiting[-1].kind
        ours, others = split_by_marks(waiting, secrets=leaf_secrets)
        for loose in others:
            found.say(f"{_name(loose.kind, loose.id)} waits for its seal and the platform did not leave it there")
        for loose in ours:
            if _waits_for_long(loose, as_of=as_of):
                found.say(
                    f"{_name(loose.kind, loose.id)} waits for its seal for long: it may be taken away with its row"
                )
        leaves = [Leaf(LeafKind(loose.kind), loose.id, loose.hash) for loose in ours]
        await store.copy_for_audit(conn, "audit_said", [(leaf, None) for leaf in leaves])


def _waits_for_long(loose: LooseLeaf, *, as_of: datetime) -> bool:
    """Whether a leaf should have its seal by then; a line of the record says so itself by its id, which is marked."""
    is_old_line = loose.kind == LeafKind.RECORD and loose.id.int < least_id_at(as_of - LATE).int
    return is_old_line or as_of - loose.left_at > LATE


async def _audit_set_aside(conn: Conn, found: _Found) -> None:
    for row in await store.list_for_audit(conn, "audit_set_aside", limit=DIFFERENCES_MAX):
        found.say(f"{_name(row['kind'], row['id'])} was set aside by the sealer: the platform did not leave it there")


async def _compare(conn: Conn, found: _Found, *, terms: Terms) -> int:
    """Hold what the log says against what stands; gives how many rows were forgotten at their term."""
    since = [terms.kept_since.get(kind, terms.now) for kind in LeafKind]
    bounds: dict[str, Any] = {"kinds": [int(kind) for kind in LeafKind], "since": since}
    for row in await store.list_for_audit(conn, "audit_compare", limit=DIFFERENCES_MAX, **bounds):
        name = _name(row["kind"], row["id"])
        if row["is_unsaid"]:
            found.say(f"{name} stands and was never sealed: it was put in")
        elif row["is_gone"]:
            found.say(f"{name} was sealed and is gone")
        else:
            found.say(f"{name} is not what was sealed: it was edited")
    for row in await store.list_for_audit(conn, "audit_twice", limit=DIFFERENCES_MAX):
        found.say(f"{_name(row['kind'], row['id'])} was sealed more than once")
    (forgotten,) = await store.list_for_audit(conn, "audit_forgotten", **bounds)
    return int(forgotten["count"])


def _name(kind: int, id: UUID) -> str:
    named = LeafKind(kind).name.lower().replace("_", " ") if kind in _KINDS else f"leaf of no kind ({kind})"
    return f"log: {named} {id}"
