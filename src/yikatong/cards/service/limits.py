"""How much a shown code may pay: nothing, until an adult resident says otherwise."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.cards.model import Vault
from yikatong.cards.rules.limits import decide_shown_limit
from yikatong.cards.service.gates import get_living_resident, pass_gate
from yikatong.cards.service.people import age_of
from yikatong.cards.store import residents as store
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.notices import service as notices
from yikatong.notices.model import Template
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def set_small_payment_limit(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    limit_fen: int,
    day_limit_fen: int,
    unknown_posture_allowed: bool,
    vault: Vault,
    now: datetime,
    ids: Ids,
) -> Change:
    """Set what a shown code may pay at once and in a day, in fen, and whether it may where the posture is unknown.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, RESIDENT_IS_DECEASED, RESIDENT_HAS_LEFT, PERSON_IS_ERASED, then as
    `rules.limits.decide_shown_limit`.
    """
    gate = await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    await get_living_resident(conn, bucket=bucket, resident_id=resident_id)
    age = await age_of(conn, bucket=bucket, resident_id=resident_id, on=day_of(now), vault=vault)
    refused = decide_shown_limit(limit_fen=limit_fen, day_limit_fen=day_limit_fen, age=age)
    if refused is not None:
        raise Refused(refused)
    if (limit_fen, day_limit_fen, unknown_posture_allowed) == (
        gate.shown_limit_fen,
        gate.shown_day_limit_fen,
        gate.unknown_posture_allowed,
    ):
        return Change.ALREADY_SO
    await store.set_shown_limits(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        limit_fen=limit_fen,
        day_limit_fen=day_limit_fen,
        unknown_posture_allowed=unknown_posture_allowed,
    )
    await notices.tell(
        conn,
        Template.SMALL_PAYMENT_LIMIT_CHANGED,
        bucket=bucket,
        resident_id=resident_id,
        now=now,
        ids=ids,
        limit_fen=limit_fen,
    )
    return Change.DONE
