"""Commands of whoever runs the platform, in a shell: each leaves its line in the record, as a call leaves its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from yikatong.access import service as access
from yikatong.access.model import Record, RecordKind
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings


@asynccontextmanager
async def recorded_command(database: Database, *, what: str, settings: Settings) -> AsyncIterator[Connection]:
    """A transaction with the record of a command by nobody who signed in; both are there, or neither."""
    clock = SystemClock()
    ids = SystemIds(clock)
    async with database.transaction() as conn:
        yield conn
        record = Record(
            record_id=ids.new(),
            recorded_at=clock.now(),
            kind=RecordKind.COMMAND,
            what=what,
            by_kind="anyone",
            by_id=None,
            region=settings.region,
            resident_ids=(),
            subjects=(),
            request_id=ids.new().hex,
            request_digest=None,
            outcome="done",
            purpose="command line",
            approval_id=None,
        )
        await access.write_record(conn, record=record, bucket_count=settings.bucket_count)
