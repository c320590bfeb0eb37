"""Statements of the sealed log, one typed function each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

from yikatong.plumbing import wire
from yikatong.plumbing.copying import copy_rows, row_start, shared_values, values
from yikatong.plumbing.pipeline import Statement, as_tuple
from yikatong.plumbing.rows import Conn, NamedStatements
from yikatong.sealing.model import BatchRoot, Head, Leaf, LooseLeaf, Node, SealedBatch, SeriesRow, WitnessedHead

_STATEMENTS = NamedStatements(__package__)
_COLUMNS_OF = {"audit_said": 4, "audit_found": 3}
_COPIES: dict[str, LiteralString] = {
    "audit_said": "COPY audit_said FROM STDIN (FORMAT binary)",
    "audit_found": "COPY audit_found FROM STDIN (FORMAT binary)",
}


def write_series(series: UUID, *, certificate: bytes, began_at: datetime) -> Statement[tuple[Any, ...]]:
    """Write a series with its first batch."""
    params = (wire.uuid(series), wire.bytea(certificate), wire.instant(began_at))
    return Statement(_STATEMENTS["write_series"], params, as_tuple)


def write_batch(root: BatchRoot, *, leaves: Sequence[Leaf], signed: bytes) -> Statement[tuple[Any, ...]]:
    """Write a batch's leaves and its signed root."""
    params = (
        wire.uuid(root.series),
        wire.int8(root.number),
        wire.instant(root.made_at),
        wire.bytea(bytes([leaf.kind for leaf in leaves])),
        wire.uuid_array([leaf.id for leaf in leaves]),
        wire.bytea(b"".join([leaf.hash for leaf in leaves])),
        wire.bytea(signed),
    )
    return Statement(_STATEMENTS["write_batch"], params, as_tuple)


def leave(leaves: Sequence[Leaf], *, marks: Sequence[bytes], now: datetime) -> Statement[tuple[Any, ...]]:
    """Leave leaves, each with its mark, for the sealer."""
    params = (
        wire.uuid_array([leaf.id for leaf in leaves]),
        wire.int2_array([leaf.kind for leaf in leaves]),
        wire.bytea_array([leaf.hash for leaf in leaves]),
        wire.bytea_array(marks),
        wire.instant(now),
    )
    return Statement(_STATEMENTS["leave"], params, as_tuple)


async def try_sealer_lock(conn: Conn, *, key: int) -> bool:
    """Whether this transaction is the only sealer."""
    (is_alone,) = await _STATEMENTS.list_column(conn, "try_sealer_lock", key=key)
    return bool(is_alone)


async def list_loose(conn: Conn, *, limit: int) -> list[LooseLeaf]:
    """Leaves that wait."""
    return [LooseLeaf(**row) for row in await _STATEMENTS.run(conn, "list_loose", limit=limit)]


async def take_loose(conn: Conn, leaves: Sequence[LooseLeaf]) -> None:
    """Remove leaves that wait no more."""
    kinds = [leaf.kind for leaf in leaves]
    await _STATEMENTS.run(conn, "take_loose", ids=[leaf.id for leaf in leaves], kinds=kinds)


async def set_aside(conn: Conn, leaves: Sequence[LooseLeaf], *, found_at: datetime) -> None:
    """Keep leaves that are not the platform's as evidence."""
    await _STATEMENTS.run(
        conn,
        "set_aside",
        ids=[leaf.id for leaf in leaves],
        kinds=[leaf.kind for leaf in leaves],
        hashes=[leaf.hash for leaf in leaves],
        marks=[leaf.mark for leaf in leaves],
        found_at=found_at,
    )


async def list_open_series(conn: Conn) -> tuple[SeriesRow, ...]:
    """Series that may have new batches."""
    return await _STATEMENTS.list_all(conn, "list_open_series", SeriesRow)


async def close_series(conn: Conn, *, series: UUID) -> None:
    """Look at a series no more."""
    await _STATEMENTS.run(conn, "close_series", series=series)


async def find_series(conn: Conn, *, series: UUID) -> SeriesRow | None:
    """One series."""
    return await _STATEMENTS.find_one(conn, "find_series", SeriesRow, series=series)


async def list_new_batches(conn: Conn, *, series: UUID, after: int, limit: int) -> tuple[SealedBatch, ...]:
    """The next batches of a series."""
    return await _STATEMENTS.list_all(conn, "list_new_batches", SealedBatch, series=series, after=after, limit=limit)


async def touch_series(conn: Conn, *, series: UUID, appended: int, now: datetime) -> None:
    """Write how far the log holds a series."""
    await _STATEMENTS.run(conn, "touch_series", series=series, appended=appended, now=now)


async def append_entries(conn: Conn, batches: Sequence[SealedBatch], *, from_position: int) -> None:
    """Write the log's next entries."""
    await _STATEMENTS.run(
        conn,
        "append_entries",
        positions=list(range(from_position, from_position + len(batches))),
        series=[batch.series for batch in batches],
        numbers=[batch.number for batch in batches],
    )


async def write_nodes(conn: Conn, nodes: Sequence[Node]) -> None:
    """Write subtrees that became whole."""
    await _STATEMENTS.run(
        conn,
        "write_nodes",
        levels=[node.level for node in nodes],
        positions=[node.position for node in nodes],
        hashes=[node.hash for node in nodes],
    )


async def write_head(conn: Conn, head: Head, *, edge: bytes) -> None:
    """Write a head with its edge."""
    await _STATEMENTS.run(
        conn,
        "write_head",
        size=head.size,
        root=head.root,
        made_at=head.made_at,
        signed=head.signed,
        edge=edge,
    )


async def find_latest_head(conn: Conn) -> tuple[Head, bytes] | None:
    """The log as it stands, and the whole subtrees at its edge."""
    for row in await _STATEMENTS.run(conn, "find_latest_head"):
        edge = row.pop("edge")
        return Head(**row), edge
    return None


async def find_position(conn: Conn, *, series: UUID, number: int) -> int | None:
    """Where a batch stands in the log."""
    found = await _STATEMENTS.list_column(conn, "find_position", series=series, number=number)
    return found[0] if found else None


async def list_batches_at(conn: Conn, *, made_at: datetime) -> tuple[SealedBatch, ...]:
    """The batches made at an instant: nearly always one."""
    return await _STATEMENTS.list_all(conn, "list_batches_at", SealedBatch, made_at=made_at)


async def find_nodes(conn: Conn, asked: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
    """The hashes of subtrees by level and position."""
    rows = await _STATEMENTS.run(
        conn, "find_nodes", levels=[level for level, _ in asked], positions=[position for _, position in asked]
    )
    return {(row["level"], row["position"]): row["hash"] for row in rows}


async def write_cosignature(conn: Conn, witnessed: WitnessedHead, *, now: datetime) -> None:
    """Keep a witness's word."""
    await _STATEMENTS.run(
        conn, "write_cosignature", size=witnessed.size, root=witnessed.root, signed=witnessed.signed, seen_at=now
    )


async def find_latest_cosignature(conn: Conn) -> WitnessedHead | None:
    """The longest head that a witness signed."""
    return await _STATEMENTS.find_one(conn, "find_latest_cosignature", WitnessedHead)


async def list_for_audit(conn: Conn, query: str, /, **values: Any) -> list[dict[str, Any]]:
    """The rows of one of the audit's statements."""
    assert query.startswith("audit_")
    return await _STATEMENTS.run(conn, query, **values)


async def copy_for_audit(
    conn: Conn, table: Literal["audit_said", "audit_found"], leaves: Sequence[tuple[Leaf, datetime | None]]
) -> None:
    """Add leaves to one of the audit's tables; what the log says comes with its instant."""
    start = row_start(_COLUMNS_OF[table])
    rows = [
        start
        + shared_values(wire.int2(leaf.kind))
        + values(leaf.id.bytes, leaf.hash)
        + (shared_values(wire.instant(made_at)) if table == "audit_said" else b"")
        for leaf, made_at in leaves
    ]
    await copy_rows(conn, _COPIES[table], rows)
