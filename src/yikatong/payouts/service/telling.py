"""Telling people what became of their payments: the money was sent, came back, or was stopped, and what to do now."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import psycopg

from yikatong.notices import service as notices
from yikatong.notices.model import Draft, Template
from yikatong.payouts.model import LinesMoved, MovedLine, PaymentState
from yikatong.payouts.rules.telling import WHY, is_told
from yikatong.payouts.service.news import list_moved
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

_TEMPLATE = {
    PaymentState.PAID: Template.PAYMENT_PAID,
    PaymentState.RETURNED: Template.PAYMENT_RETURNED,
    PaymentState.STOPPED: Template.PAYMENT_STOPPED,
}


async def tell_payees(conn: Conn, *, moved: LinesMoved, now: datetime, ids: Ids, bucket_count: int) -> int:
    """Send a notice to everybody whose payment moved, as of the instant when it did; how many were sent."""
    drafts: defaultdict[int, list[Draft]] = defaultdict(list)
    for line in await list_moved(conn, moved=moved, bucket_count=bucket_count):
        if is_told(moved.state, line.reason):
            drafts[line.bucket].append(_draft(moved, line, now=now))
    for bucket, of_bucket in sorted(drafts.items()):
        await notices.send_many(conn, bucket=bucket, drafts=of_bucket, ids=ids)
    return sum(len(of_bucket) for of_bucket in drafts.values())


def _draft(moved: LinesMoved, line: MovedLine, *, now: datetime) -> Draft:
    params: dict[str, str | int] = {
        "title": moved.title,
        "amount_fen": line.amount_fen,
        "happened_at": now.isoformat(),
    }
    if moved.state is not PaymentState.PAID:
        why = WHY[line.reason or ""]
        params |= {
            "why": why.zh,
            "why_en": why.en,
            "remedy": why.remedy_zh,
            "remedy_en": why.remedy_en,
        }
    return Draft(resident_id=line.resident_id, template=_TEMPLATE[moved.state], params=params, made_at=now)
