"""The database server that the settings ask for: an outside one, the embedded one, or the one that runs already."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import SessionLimits
from yikatong.plumbing.postgres.archiving import Archiving, is_copy
from yikatong.plumbing.postgres.configuration import memory_settings
from yikatong.plumbing.postgres.errors import DataFolderInUseError
from yikatong.plumbing.postgres.server import EmbeddedPostgres, find_running
from yikatong.plumbing.scrubbing import scrub_text
from yikatong.plumbing.settings import PREFIX, Settings, SettingsError

_CONNECT_SECONDS = 10


@contextmanager
def database_server(settings: Settings, *, may_join: bool = False) -> Iterator[ServerAddress]:
    """Where the database is, for as long as the block runs; an embedded server that we start ends with it.

    Blocking; meant for the outermost edge, before an event loop runs. With `may_join`, a server that another of our
    processes runs on the data folder is used as it is (the command line beside `yikatong serve`); without, it is a
    DataFolderInUseError that names the other. Raises SettingsError when an outside server does not answer.
    """
    if settings.database_url:
        _verify_answers(settings.database_url, name="database_url")
        if settings.serving_database_url:
            _verify_answers(settings.serving_database_url, name="serving_database_url")
        yield ServerAddress(conninfo=settings.database_url, serving_conninfo=settings.serving_database_url)
        return
    folder = Path(settings.data_folder)
    overrides = memory_settings(settings.database_memory_mb)
    server = EmbeddedPostgres(folder, archiving=archiving_of(settings), overrides=overrides)
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


def archiving_of(settings: Settings) -> Archiving | None:
    """Where the settings have the embedded server archive its log; None without a backup folder, and for a copy."""
    if settings.backup_folder is None or is_copy(Path(settings.data_folder)):
        return None
    return Archiving(backup_folder=Path(settings.backup_folder).resolve(), seconds_max=settings.backup_archive_seconds)


def _verify_answers(url: str, *, name: str) -> None:
    """Go on only if a server lets us in there, to a database that holds every name.

    What libpq cannot read is not repeated, for it may hold a password.
    """
    variable = PREFIX + name.upper()
    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_SECONDS) as conn:
            encoding = conn.info.parameter_status("server_encoding")
    except psycopg.ProgrammingError:
        raise SettingsError(
            f"{variable}的值不可用：地址应为postgresql://用户:口令@主机:端口/数据库。 "
            f"{variable} cannot be used: an address is postgresql://user:password@host:port/database."
        ) from None
    except psycopg.OperationalError as error:
        said = " ".join(scrub_text(str(error)).split())
        raise SettingsError(
            f"{variable}所指的数据库无法连接：{said} 请启动该服务器，或更正设置。 "
            f"The database that {variable} names does not let us in: {said} Start that server, or correct the setting."
        ) from None
    if encoding != "UTF8":
        raise SettingsError(
            f"{variable}所指的数据库编码为{encoding}，请另建UTF-8编码的数据库。 "
            f"The database that {variable} names is encoded in {encoding}. Make one in UTF-8: "
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0;"
        )


def session_limits(settings: Settings) -> SessionLimits:
    """The bounds of serving sessions that the settings ask for."""
    return SessionLimits(
        statement_timeout_seconds=settings.statement_timeout_seconds,
        lock_timeout_seconds=settings.lock_timeout_seconds,
        idle_in_transaction_timeout_seconds=settings.idle_in_transaction_timeout_seconds,
    )
