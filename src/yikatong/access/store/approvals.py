"""Statements of access: requests for a second person."""

from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from yikatong.access.model import Approval, ApprovalState
from yikatong.access.store.statements import STATEMENTS
from yikatong.plumbing.rows import Conn, columns_of

_LATEST = UUID(int=2**128 - 1)


async def insert_approval(conn: Conn, *, approval: Approval) -> None:
    """Add a request for a second person."""
    await STATEMENTS.run(conn, "insert_approval", **columns_of(approval) | {"path": Jsonb(approval.path)})


async def lock_approval(conn: Conn, *, approval_id: UUID) -> Approval | None:
    """The request with an id, locked."""
    return await STATEMENTS.find_one(conn, "lock_approval", Approval, approval_id=approval_id)


async def decide_approval(
    conn: Conn, *, approval_id: UUID, state: ApprovalState, decided_by: UUID, decided_at: datetime
) -> bool:
    """Write a decision; False when the request was no longer pending."""
    return await STATEMENTS.hits(
        conn, "decide_approval", approval_id=approval_id, state=state, decided_by=decided_by, decided_at=decided_at
    )


async def list_approvals(
    conn: Conn, *, region: str, state: ApprovalState, before: UUID | None, limit: int
) -> tuple[Approval, ...]:
    """Requests in one state, the newest first."""
    return await STATEMENTS.list_all(
        conn, "list_approvals", Approval, region=region, state=state, before=before or _LATEST, limit=limit
    )
