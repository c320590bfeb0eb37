"""Routes of large rosters: work on them is begun, and asked how far it is."""

from datetime import datetime
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.kernel.ids import RosterIdText, show_id
from yikatong.payouts import service
from yikatong.payouts.api.shapes import SCOPE, get_roster_for, operator_route
from yikatong.payouts.model import Reason, RosterWork, WorkKind, WorkState
from yikatong.plumbing.http import Call, Route


class WorkAnswer(Struct, frozen=True, kw_only=True):
    """How far the work on a roster is: `done_count` lines of `line_count`."""

    roster_id: RosterIdText
    kind: WorkKind
    state: WorkState
    done_count: int
    line_count: int
    clear_count: int
    clear_fen: int
    held: Annotated[dict[str, int], Meta(description="lines that are held so far, by what was found")]
    asked_at: datetime
    ended_at: datetime | None


async def _check(call: Call, body: None, query: None) -> WorkAnswer:
    """Begin to check a roster."""
    roster = await get_roster_for(call)
    return _show(await service.begin_check(call.conn, roster_id=roster.id, by=call.by().id, now=call.now, ids=call.ids))


async def _issue(call: Call, body: None, query: None) -> WorkAnswer:
    """Begin to issue the batch of a roster."""
    roster = await get_roster_for(call)
    return _show(await service.begin_issue(call.conn, roster_id=roster.id, by=call.by().id, now=call.now, ids=call.ids))


async def _view(call: Call, body: None, query: None) -> WorkAnswer:
    """Show how far the last work on a roster is."""
    roster = await get_roster_for(call)
    return _show(await service.get_work(call.conn, roster_id=roster.id))


def _show(work: RosterWork) -> WorkAnswer:
    return WorkAnswer(
        roster_id=show_id("roster", work.roster_id),
        kind=work.kind,
        state=work.state,
        done_count=work.done_count,
        line_count=work.line_count,
        clear_count=work.clear_count,
        clear_fen=work.clear_fen,
        held=work.found,
        asked_at=work.asked_at,
        ended_at=work.ended_at,
    )


_KNOWN = (Reason.ROSTER_IS_UNKNOWN, *SCOPE)
_MOVED = (*_KNOWN, Reason.ROSTER_IS_IN_ANOTHER_STATE)
_ONE = "/v1/rosters/{roster_id}"


def routes() -> tuple[Route, ...]:
    """The routes of work on rosters."""
    enter = partial(operator_route, permission="enter")
    pay = partial(operator_route, permission="pay")
    read = partial(operator_route, permission="read")
    return (
        enter("POST", f"{_ONE}/check/begin", "begin_check", "Begin to check a large roster", "开始核查大花名册", _check,
              answer=WorkAnswer, reasons=(*_MOVED, Reason.ROSTER_HAS_NO_LINES)),
        pay("POST", f"{_ONE}/batch/begin", "begin_issue", "Begin to issue the batch of a large roster",
            "开始生成大花名册的发放批次", _issue, answer=WorkAnswer, reasons=(*_MOVED, Reason.ROSTER_HAS_A_BATCH)),
        read("GET", f"{_ONE}/work", "get_work", "Show how far the work on a roster is", "查看花名册处理进度", _view,
             answer=WorkAnswer, reasons=(*_KNOWN, Reason.ROSTER_HAS_NO_WORK)),
    )  # fmt: skip
