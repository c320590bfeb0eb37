"""Reading the log: its head, and what proves that a batch is in it and that it only grew."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.rows import Conn
from yikatong.sealing import store
from yikatong.sealing.model import HASH_BYTES, Head, Inclusion, Leaf, Reason, Seal, WitnessedHead
from yikatong.sealing.rules.trees import NodeAt, Tree, consistency_path, inclusion_path

_NOTHING = bytes(HASH_BYTES)


async def get_head(conn: Conn) -> tuple[Head | None, WitnessedHead | None]:
    """The log as it stands, None while it is empty; and the longest head that a witness signed."""
    latest = await store.find_latest_head(conn)
    return None if latest is None else latest[0], await store.find_latest_cosignature(conn)


async def get_certificate(conn: Conn, *, series: UUID) -> bytes:
    """The certificate of a series. Refuses BATCH_IS_NOT_IN_THE_LOG."""
    found = await store.find_series(conn, series=series)
    if found is None:
        raise Refused(Reason.BATCH_IS_NOT_IN_THE_LOG)
    return found.certificate


async def prove_inclusion(conn: Conn, *, series: UUID, number: int) -> Inclusion:
    """Prove that the log holds a batch. Refuses BATCH_IS_NOT_IN_THE_LOG."""
    latest = await store.find_latest_head(conn)
    position = await store.find_position(conn, series=series, number=number)
    if latest is None or position is None:
        raise Refused(Reason.BATCH_IS_NOT_IN_THE_LOG)
    head, _ = latest
    path = await _prove(conn, lambda node: inclusion_path(position, head.size, node))
    return Inclusion(position=position, path=tuple(path), head=head)


async def prove_consistency(conn: Conn, *, old: int, new: int) -> tuple[bytes, ...]:
    """Prove that the log of one length begins with that of another. Refuses LOG_IS_SHORTER."""
    latest = await store.find_latest_head(conn)
    if latest is None or not 0 <= old <= new <= latest[0].size:
        raise Refused(Reason.LOG_IS_SHORTER)
    return tuple(await _prove(conn, lambda node: consistency_path(old, new, node)))


async def find_seal(conn: Conn, leaf: Leaf, *, made_at: datetime, rest: bytes) -> Seal | None:
    """The seal of a row whose batch was made at an instant; None while no batch holds it as it is said to be."""
    for batch in await store.list_batches_at(conn, made_at=made_at):
        leaves = batch.leaves()
        if leaf in leaves:
            index = leaves.index(leaf)
            return Seal(index=index, path=Tree([one.hash for one in leaves]).path(index), batch=batch.signed, rest=rest)
    return None


async def _prove(conn: Conn, path_of: Callable[[NodeAt], list[bytes]]) -> list[bytes]:
    """Make a proof: once to hear which subtrees it needs, and once with their hashes."""
    asked: list[tuple[int, int]] = []

    def note(level: int, position: int) -> bytes:
        asked.append((level, position))
        return _NOTHING

    path_of(note)
    nodes = await store.find_nodes(conn, asked)
    return path_of(lambda level, position: nodes[level, position])
