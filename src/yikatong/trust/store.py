"""Statements of trust, one typed function each."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from yikatong.plumbing.locks import advisory_key
from yikatong.plumbing.queries import load_queries
from yikatong.trust.model import StatusList, TrustList

Conn = AsyncConnection[Any]

_QUERIES = load_queries(__package__)
_LOCK = advisory_key("trust lists")


async def _envelopes(conn: Conn, name: str, values: dict[str, Any]) -> list[bytes]:
    cursor = await conn.execute(_QUERIES[name], values)
    return [bytes(row[0]) for row in await cursor.fetchall()]


async def lock_trust_lists(conn: Conn) -> None:
    """Let one list after another be accepted."""
    await conn.execute(_QUERIES["lock_trust_lists"], {"key": _LOCK})


async def list_trust_lists_after(conn: Conn, *, line: bytes, sequence: int, count_max: int) -> tuple[bytes, ...]:
    """Envelopes of a line's lists after a sequence, oldest first."""
    values = {"line": line, "sequence": sequence, "count_max": count_max}
    return tuple(await _envelopes(conn, "list_trust_lists_after", values))


async def insert_trust_list(
    conn: Conn, *, line: bytes, trust_list: TrustList, envelope: bytes, accepted_at: datetime
) -> bool:
    """Keep an accepted list; False when its sequence is taken."""
    values = {
        "line": line,
        "sequence": trust_list.sequence,
        "issued_at": trust_list.issued_at,
        "expires_at": trust_list.expires_at,
        "accepted_at": accepted_at,
        "envelope": envelope,
    }
    return await (await conn.execute(_QUERIES["insert_trust_list"], values)).fetchone() is not None


async def find_status_list_snapshot(conn: Conn, *, subject: str) -> bytes | None:
    """The envelope held of a subject."""
    found = await _envelopes(conn, "find_status_list_snapshot", {"subject": subject})
    return found[0] if found else None


async def put_status_list_snapshot(
    conn: Conn, *, status_list: StatusList, envelope: bytes, fetched_at: datetime
) -> bool:
    """Hold a list in place of one issued no later; False when a newer one is held."""
    values = {
        "subject": status_list.subject,
        "issued_at": status_list.issued_at,
        "fetched_at": fetched_at,
        "envelope": envelope,
    }
    return await (await conn.execute(_QUERIES["put_status_list_snapshot"], values)).fetchone() is not None
