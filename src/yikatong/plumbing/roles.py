"""The serving role: what traffic runs as; it may do what each room's schema grants it, and no more."""

from typing import Any

import psycopg
from psycopg import errors, sql

SERVING_ROLE = "yikatong_serving"
_ROLE = sql.Identifier(SERVING_ROLE)


class ServingRoleError(RuntimeError):
    """The serving role is missing or closed to us on an outside server; the message says what to run there."""


async def ensure_serving_role(conn: psycopg.AsyncConnection[Any]) -> None:
    """Make the serving role when it is missing, and see that the connected role may take it on.

    Raises ServingRoleError when the server does not let us; its message carries the statements an administrator runs.
    """
    try:
        async with conn.transaction():
            if not await _row(conn, "SELECT 1 FROM pg_roles WHERE rolname = %s"):
                await conn.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(_ROLE))
            if not await _row(conn, "SELECT 1 WHERE pg_has_role(current_user, %s, 'MEMBER')"):
                await conn.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(_ROLE))
    except (errors.DuplicateObject, errors.UniqueViolation):
        return  # another process made it at the same moment
    except errors.InsufficientPrivilege:
        raise ServingRoleError(
            f"The database server has no role {SERVING_ROLE} that {conn.info.user} may take on, and {conn.info.user} "
            f"may not make one. An administrator of the server runs: CREATE ROLE {SERVING_ROLE} NOLOGIN; "
            f"GRANT {SERVING_ROLE} TO {conn.info.user}; or name a login of that role in YIKATONG_SERVING_DATABASE_URL."
        ) from None


async def take_serving_role(conn: psycopg.AsyncConnection[Any]) -> None:
    """Make a session the serving role's."""
    await conn.execute(sql.SQL("SET ROLE {}").format(_ROLE))


async def _row(conn: psycopg.AsyncConnection[Any], question: Any) -> Any:
    return await (await conn.execute(question, [SERVING_ROLE])).fetchone()
