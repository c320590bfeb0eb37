"""A second person: what waits for one, and how it is decided once."""

from datetime import datetime
from uuid import UUID

from yikatong.access import rules
from yikatong.access.model import Approval, ApprovalState, Reason
from yikatong.access.store import approvals
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Caller
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.rows import Conn


async def ask_approval(
    conn: Conn,
    *,
    asker: Caller,
    what: str,
    path: dict[str, str],
    query: bytes,
    body: bytes,
    purpose: str | None,
    request_id: str,
    now: datetime,
    ids: Ids,
) -> Approval:
    """Let a command wait for a second person; its body must hold no personal field, for it is kept in the clear."""
    approval = Approval(
        approval_id=ids.new(),
        region=asker.region,
        what=what,
        path=path,
        query=query,
        body=body,
        purpose=purpose,
        request_id=request_id,
        asked_by=asker.id,
        asked_at=now,
        expires_at=now + rules.APPROVAL_LIVES,
        state=ApprovalState.PENDING,
        decided_by=None,
        decided_at=None,
    )
    await approvals.insert_approval(conn, approval=approval)
    return approval


async def decide_approval(
    conn: Conn, *, approval_id: UUID, decider: Caller, state: ApprovalState, now: datetime
) -> Approval:
    """Approve or decline once; the approved command runs in the same transaction or the approval is undone.

    Refuses in this order: APPROVAL_IS_UNKNOWN, APPROVER_IS_THE_ASKER, APPROVAL_IS_DECIDED, APPROVAL_HAS_EXPIRED.
    """
    found = await approvals.lock_approval(conn, approval_id=approval_id)
    approval = rules.verify_decidable(found, decider=decider, now=now)
    decided = await approvals.decide_approval(
        conn, approval_id=approval_id, state=state, decided_by=decider.id, decided_at=now
    )
    if not decided:
        raise Refused(Reason.APPROVAL_IS_DECIDED)
    return approval


async def list_approvals(
    conn: Conn, *, region: str, state: ApprovalState, before: UUID | None, limit: int
) -> tuple[Approval, ...]:
    """Requests of a region in one state, the newest first."""
    return await approvals.list_approvals(conn, region=region, state=state, before=before, limit=limit)
