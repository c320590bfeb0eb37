"""How the archive stands, measured: whoever watches the platform learns of a backup disk before it is needed."""

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from prometheus_client import Gauge

from yikatong.plumbing.backup.kept import read_kept
from yikatong.plumbing.queries import load_queries

_QUERIES = load_queries("yikatong.plumbing.backup")
_LATE = Gauge(
    "yikatong_backup_late_seconds",
    "For how long the oldest finished piece of the database's log waits for the archive.",
    multiprocess_mode="mostrecent",
)
_FAILING = Gauge("yikatong_backup_failing", "1 while the last try to archive failed.", multiprocess_mode="mostrecent")
_AGE = Gauge("yikatong_backup_age_seconds", "How old the newest backup is.", multiprocess_mode="mostrecent")


class Archived(NamedTuple):
    """How archiving stands: whether the last try failed, how long the log waits, when a piece was archived last."""

    is_failing: bool
    late_seconds: float
    archived_at: datetime | None


class Standing(NamedTuple):
    """How backups stand: whether the last try failed, how long the log waits, how old the newest backup is."""

    is_failing: bool
    late_seconds: float
    age_seconds: float | None


async def read_archived(conn: psycopg.AsyncConnection[Any], *, now: datetime) -> Archived:
    """Ask the server; the connection is the owner's. A server that does not archive has nothing that waits."""
    row = await (await conn.execute(_QUERIES["read_archiving"])).fetchone()
    assert row is not None
    is_failing, waits_since_at, archived_at = row
    late_seconds = 0.0 if waits_since_at is None else max(0.0, (now - waits_since_at).total_seconds())
    return Archived(is_failing=bool(is_failing), late_seconds=late_seconds, archived_at=archived_at)


async def read_standing(conn: psycopg.AsyncConnection[Any], backup_folder: Path, *, now: datetime) -> Standing:
    """The same, and look into the folder; a folder that is not there has no backup."""
    archived = await read_archived(conn, now=now)
    manifests = read_kept(backup_folder).manifests
    return Standing(
        is_failing=archived.is_failing,
        late_seconds=archived.late_seconds,
        age_seconds=(now - manifests[-1].ended_at).total_seconds() if manifests else None,
    )


def show_standing(standing: Standing) -> None:
    """Put it among the measurements."""
    _LATE.set(standing.late_seconds)
    _FAILING.set(float(standing.is_failing))
    if standing.age_seconds is not None:
        _AGE.set(standing.age_seconds)
