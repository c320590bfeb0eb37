"""The database server that the settings ask for: an outside one, the embedded one, or the one that runs already."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import SessionLimits
from yikatong.plumbing.postgres.errors import DataFolderInUseError
from yikatong.plumbing.postgres.server import EmbeddedPostgres, find_running
from yikatong.plumbing.settings import Settings


@contextmanager
def database_server(settings: Settings, *, may_join: bool = False) -> Iterator[ServerAddress]:
    """Where the database is, for as long as the block runs; an embedded server that we start ends with it.

    Blocking; meant for the outermost edge, before an event loop runs. With `may_join`, a server that another of our
    processes runs on the data folder is used as it is (the command line beside `yikatong serve`); without, it is a
    DataFolderInUseError that names the other.
    """
    if settings.database_url:
        yield ServerAddress(conninfo=settings.database_url, serving_conninfo=settings.serving_database_url)
        return
    folder = Path(settings.data_folder)
    server = EmbeddedPostgres(folder)
    try:
        address = server.start()
    except DataFolderInUseError:
        running = find_running(folder) if may_join else None
        if running is None:
            raise
        yield running
        return
    try:
        yield address
    finally:
        server.stop()


def session_limits(settings: Settings) -> SessionLimits:
    """The bounds of serving sessions that the settings ask for."""
    return SessionLimits(
        statement_timeout_seconds=settings.statement_timeout_seconds,
        lock_timeout_seconds=settings.lock_timeout_seconds,
        idle_in_transaction_timeout_seconds=settings.idle_in_transaction_timeout_seconds,
    )
