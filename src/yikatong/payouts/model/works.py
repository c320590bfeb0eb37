"""Work on a large roster that goes on page by page, beside requests."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class WorkKind(StrEnum):
    """What is done with every line: the check, or the issue of the batch."""

    CHECK = "check"
    ISSUE = "issue"


class WorkState(StrEnum):
    """Work is open, then done; or dropped, because the roster was changed meanwhile."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class RosterWork(msgspec.Struct, frozen=True, kw_only=True):
    """Work on a roster, and how far it is.

    `last_line` and `line_count` are the roster's as they were when it began. The next page begins in `next_bucket`,
    behind `after_bank` and `after_line`. `found` counts the lines that a check holds, by finding.
    """

    roster_id: UUID
    id: UUID
    kind: WorkKind
    state: WorkState
    by_id: UUID
    last_line: int
    line_count: int
    next_bucket: int
    after_bank: str
    after_line: int
    done_count: int
    clear_count: int
    clear_fen: int
    found: dict[str, int]
    asked_at: datetime
    ended_at: datetime | None
