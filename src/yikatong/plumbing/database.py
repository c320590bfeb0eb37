"""The database: pools of connections whose sessions are bounded and run as the right role."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import msgspec
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool
from psycopg_pool.base import AttemptWithBackoff

from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.roles import ensure_serving_role, take_serving_role
from yikatong.plumbing.wire import pass_params

Connection = psycopg.AsyncConnection[Any]


class SessionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a session may run, wait and idle before the server ends it, in seconds; 0 is without limit."""

    statement_timeout_seconds: int = 30
    lock_timeout_seconds: int = 10
    idle_in_transaction_timeout_seconds: int = 60


OWNER_LIMITS = SessionLimits(statement_timeout_seconds=0, lock_timeout_seconds=60)
"""Migrations and the command line: long statements are meant, waiting for ever is not."""


_LINE: dict[str, str] = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
"""How soon a server that falls silent is given up, where the address says nothing else; on a socket of this machine the
kernel tells at once."""

BESIDE_MAX = 4
"""Connections for commits of their own, beside the pool of calls."""

_POOL_SECONDS = 10.0
"""So long a call waits for a connection before it hears that the database is busy: sooner than a till gives up."""


class Database:
    """Pools on one database: the owner's for migrations and the command line, the serving role's for traffic, and a few
    connections of that role beside it.

    A call holds a connection of its pool. If it took a second one from there, for what must be committed before its own
    transaction ends, calls that filled the pool would wait for one another for ever.
    """

    def __init__(self, address: ServerAddress, *, limits: SessionLimits, pool_size_max: int) -> None:
        """Use `open`; a database made here is not connected yet."""
        self.address = address
        self._limits = limits
        self._owner_conninfo = _patient(address.conninfo)
        self._serving_conninfo = _patient(address.serving_conninfo or address.conninfo)
        self._owner_pool = _pool(self._owner_conninfo, self._prepare_owner, size_min=0, size_max=4)
        self._serving_pool = _pool(self._serving_conninfo, self._prepare_serving, size_min=1, size_max=pool_size_max)
        self._beside_pool = _pool(self._serving_conninfo, self._prepare_serving, size_min=0, size_max=BESIDE_MAX)

    @classmethod
    async def open(cls, address: ServerAddress, *, limits: SessionLimits | None = None, pool_size_max: int = 8) -> Self:
        """Connect, and on an outside server see that the serving role is there.

        Raises psycopg.OperationalError when the server does not answer, ServingRoleError when it has no serving role.
        """
        database = cls(address, limits=limits or SessionLimits(), pool_size_max=pool_size_max)
        if address.serving_conninfo is None:
            async with await psycopg.AsyncConnection.connect(address.conninfo, autocommit=True) as conn:
                await ensure_serving_role(conn)
        await database._owner_pool.open()
        await database._beside_pool.open()
        await database._serving_pool.open(wait=True, timeout=30)
        return database

    async def close(self) -> None:
        """Close all pools."""
        await self._serving_pool.close()
        await self._beside_pool.close()
        await self._owner_pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction of the serving role: whole when the block ends, absent when it raises."""
        async with self._serving_pool.connection() as conn, conn.transaction():
            yield conn

    @asynccontextmanager
    async def own_commit(self) -> AsyncIterator[Connection]:
        """A transaction of the serving role beside the pool, for who holds a connection of it, or serves those who do.

        Nobody takes a second one while holding one.
        """
        async with self._beside_pool.connection() as conn, conn.transaction():
            yield conn

    @asynccontextmanager
    async def owner_transaction(self) -> AsyncIterator[Connection]:
        """A transaction of the schema's owner, for migrations and the command line."""
        async with self._owner_pool.connection() as conn, conn.transaction():
            yield conn

    async def connect_serving(self) -> Connection:
        """A connection of its own for one long user (the counter's batches), autocommit, as the serving role."""
        conn: Connection = await psycopg.AsyncConnection.connect(self._serving_conninfo, autocommit=True)
        await self._prepare_serving(conn)
        return conn

    async def connect_owner(self) -> Connection:
        """A connection of its own as the owner, autocommit, for migrations."""
        conn: Connection = await psycopg.AsyncConnection.connect(self._owner_conninfo, autocommit=True)
        await self._prepare_owner(conn)
        return conn

    async def _prepare_owner(self, conn: Connection) -> None:
        await _set_limits(conn, OWNER_LIMITS)

    async def _prepare_serving(self, conn: Connection) -> None:
        await _set_limits(conn, self._limits)
        if self.address.serving_conninfo is None:
            await take_serving_role(conn)


class SteadyAttempt(AttemptWithBackoff):
    """Tries to connect again every second.

    Waiting twice as long after each try, as pools do, would keep people waiting for as long again as the database was
    away.
    """

    DELAY_BACKOFF = 1.0


class _SteadyPool(AsyncConnectionPool[Connection]):
    """A pool that has connections again as soon as the database has."""

    async def _add_connection(self, attempt: AttemptWithBackoff | None, growing: bool = False) -> None:
        attempt = attempt or SteadyAttempt(timeout=self.reconnect_timeout)
        await super()._add_connection(attempt, growing)


def _patient(conninfo: str) -> str:
    return make_conninfo("", **{**_LINE, **conninfo_to_dict(conninfo)})


def _pool(
    conninfo: str, prepare: Callable[[Connection], Awaitable[None]], *, size_min: int, size_max: int
) -> AsyncConnectionPool[Connection]:
    return _SteadyPool(
        conninfo,
        kwargs={"autocommit": True},
        min_size=size_min,
        max_size=size_max,
        timeout=_POOL_SECONDS,
        open=False,
        configure=prepare,
        check=AsyncConnectionPool.check_connection,
    )


async def _set_limits(conn: Connection, limits: SessionLimits) -> None:
    pass_params(conn)
    settings = {
        "timezone": "UTC",
        "statement_timeout": f"{limits.statement_timeout_seconds}s",
        "lock_timeout": f"{limits.lock_timeout_seconds}s",
        "idle_in_transaction_session_timeout": f"{limits.idle_in_transaction_timeout_seconds}s",
    }
    statements = [sql.SQL("SET {} = {}").format(sql.Identifier(name), value) for name, value in settings.items()]
    await conn.execute(sql.SQL("; ").join(statements))
