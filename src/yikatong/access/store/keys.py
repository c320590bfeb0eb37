"""Statements of access: keys and sessions."""

from datetime import datetime
from uuid import UUID

from yikatong.access.model import Credential, Session
from yikatong.access.store.statements import STATEMENTS
from yikatong.plumbing.rows import Conn, columns_of

_EARLIEST = UUID(int=0)


async def insert_credential(conn: Conn, *, credential: Credential) -> None:
    """Add a key."""
    await STATEMENTS.run(conn, "insert_credential", **columns_of(credential))


async def find_credential(conn: Conn, *, key_id: UUID) -> Credential | None:
    """The key with an id."""
    return await STATEMENTS.find_one(conn, "find_credential", Credential, key_id=key_id)


async def list_credentials(
    conn: Conn, *, region: str, subject_id: UUID | None, after: UUID | None, limit: int
) -> tuple[Credential, ...]:
    """Keys in order of making."""
    return await STATEMENTS.list_all(
        conn,
        "list_credentials",
        Credential,
        region=region,
        subject_id=subject_id,
        after=after or _EARLIEST,
        limit=limit,
    )


async def list_credentials_that_end(
    conn: Conn, *, region: str | None, now: datetime, until: datetime, after: UUID | None, limit: int
) -> tuple[Credential, ...]:
    """Keys that expire in a time, in order of making."""
    return await STATEMENTS.list_all(
        conn,
        "list_credentials_that_end",
        Credential,
        region=region,
        now=now,
        until=until,
        after=after or _EARLIEST,
        limit=limit,
    )


async def revoke_credential(conn: Conn, *, key_id: UUID, region: str, revoked_at: datetime) -> bool:
    """Revoke one key; False when that changed nothing."""
    return await STATEMENTS.hits(conn, "revoke_credential", key_id=key_id, region=region, revoked_at=revoked_at)


async def revoke_credentials_of(conn: Conn, *, subject_id: UUID, revoked_at: datetime) -> int:
    """Revoke every key of a subject; how many there were."""
    return len(await STATEMENTS.run(conn, "revoke_credentials_of", subject_id=subject_id, revoked_at=revoked_at))


async def insert_session(conn: Conn, *, session: Session) -> None:
    """Add a session."""
    await STATEMENTS.run(conn, "insert_session", **columns_of(session))


async def find_session(conn: Conn, *, token_digest: bytes) -> Session | None:
    """The session whose token has a digest."""
    return await STATEMENTS.find_one(conn, "find_session", Session, token_digest=token_digest)


async def touch_session(conn: Conn, *, token_digest: bytes, used_at: datetime) -> None:
    """Write when a session was last used."""
    await STATEMENTS.run(conn, "touch_session", token_digest=token_digest, used_at=used_at)


async def end_session(conn: Conn, *, session_id: UUID, subject_id: UUID, ended_at: datetime) -> bool:
    """End one session; False when it had ended."""
    return await STATEMENTS.hits(conn, "end_session", session_id=session_id, subject_id=subject_id, ended_at=ended_at)


async def end_sessions_of(conn: Conn, *, subject_id: UUID, ended_at: datetime) -> int:
    """End every session of a subject; how many there were."""
    return len(await STATEMENTS.run(conn, "end_sessions_of", subject_id=subject_id, ended_at=ended_at))


async def delete_sessions(conn: Conn, *, before: datetime, limit: int) -> int:
    """Delete sessions whose time was over before an instant; how many there were."""
    return len(await STATEMENTS.run(conn, "delete_sessions", before=before, limit=limit))
