"""What taps cost under a load: processor seconds by part, log and disk of the database, bytes over the network."""

import msgspec
import psycopg

from yikatong.app.bench.generators import LoadResult
from yikatong.app.bench.load import LoadOrder
from yikatong.app.bench.processes import OutOfSight, Used, processor_seconds, used_between
from yikatong.app.bench.stage import Served, Stage


class DatabaseBytes(msgspec.Struct, frozen=True, kw_only=True):
    """Where the database's log is, in bytes since its beginning; its records and whole pages; what lies on disk."""

    wal: int
    wal_records: int
    wal_pages: int
    disk: int

    def since(self, before: "DatabaseBytes") -> "DatabaseBytes":
        """What was added after another look."""
        return DatabaseBytes(
            wal=self.wal - before.wal,
            wal_records=self.wal_records - before.wal_records,
            wal_pages=self.wal_pages - before.wal_pages,
            disk=self.disk - before.disk,
        )


class LoadCost(msgspec.Struct, frozen=True, kw_only=True):
    """A load and what it cost, warm-up included; `seconds_by_process` is None where processes are out of sight."""

    load: LoadResult
    seconds_by_process: dict[int, Used] | None
    added: DatabaseBytes

    def seconds_of(self, part: str) -> float:
        """Processor seconds of one part; 0 when out of sight."""
        return sum(used.seconds for used in (self.seconds_by_process or {}).values() if used.part == part)

    @property
    def seconds(self) -> float | None:
        """Processor seconds of platform and database; None when out of sight."""
        if self.seconds_by_process is None:
            return None
        return sum(used.seconds for used in self.seconds_by_process.values())


def measure_load(stage: Stage, served: Served, order: LoadOrder) -> LoadCost:
    """Load a server that is up, and see what it cost."""
    before, bytes_before = look_at_processes(stage, served), look_at_database(stage)
    load = stage.load(served.url, order)
    after, bytes_after = look_at_processes(stage, served), look_at_database(stage)
    seconds = None if before is None or after is None else used_between(before, after)
    return LoadCost(load=load, seconds_by_process=seconds, added=bytes_after.since(bytes_before))


def measure_served(stage: Stage, order: LoadOrder) -> LoadCost:
    """Start the platform, load it, and see what that cost."""
    with stage.served() as served:
        return measure_load(stage, served, order)


def look_at_processes(stage: Stage, served: Served) -> dict[int, Used] | None:
    """What each process of platform and database has used until now; None when they are out of sight."""
    try:
        return processor_seconds([*served.processes(), *stage.database_processes()])
    except OutOfSight:
        return None


def look_at_database(stage: Stage) -> DatabaseBytes:
    """The database's log and disk as they are now."""
    with psycopg.connect(stage.address.conninfo) as conn:
        row = conn.execute(
            "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, wal_records, wal_fpi,"
            " pg_database_size(current_database()) FROM pg_stat_wal"
        ).fetchone()
    assert row is not None
    return DatabaseBytes(wal=int(row[0]), wal_records=int(row[1]), wal_pages=int(row[2]), disk=int(row[3]))


def an_order(stage: Stage, *, seconds: float | None = None) -> LoadOrder:
    """The closed load that rows about costs share: the plan's connections, tills of many providers."""
    plan = stage.plan
    return LoadOrder(
        connections=plan.connections,
        tills=stage.people.spread,
        warm_seconds=plan.warm_seconds,
        seconds=plan.seconds if seconds is None else seconds,
    )
