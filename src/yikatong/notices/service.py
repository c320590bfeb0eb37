"""Notices: make them in the transaction of what they tell of, show them, and deliver them afterwards."""

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec

from yikatong.notices import rules, store
from yikatong.notices.model import Draft, Notice, Template, TemplateWords
from yikatong.notices.outside import Message, MessageGateway
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.pipeline import Statement
from yikatong.plumbing.rows import Conn
from yikatong.plumbing.statements import run_in_order

GATEWAY_SECONDS_MAX = 10.0
_AT_ONCE = 50
_FAILURE_LENGTH_MAX = 200


@cache
def read_templates() -> Mapping[Template, TemplateWords]:
    """The words of every template, from `data/templates.toml`."""
    text = files("yikatong.notices").joinpath("data", "templates.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[Template, TemplateWords])


async def send(
    conn: Conn,
    *,
    bucket: int,
    resident_id: UUID,
    template: Template,
    params: Mapping[str, str | int],
    now: datetime,
    ids: Ids,
) -> UUID:
    """Tell a resident something; it is delivered after the transaction. Gives the notice's id.

    Raises ValueError when the parameters are not those of the template (see `rules.verify_params`).
    """
    draft = Draft(resident_id=resident_id, template=template, params=params, made_at=now)
    (notice_id,) = await send_many(conn, bucket=bucket, drafts=[draft], ids=ids)
    return notice_id


async def tell(
    conn: Conn,
    template: Template,
    *,
    bucket: int,
    resident_id: UUID,
    now: datetime,
    ids: Ids,
    **params: str | int,
) -> None:
    """Tell a resident of what happens now: `send`, with the instant among the parameters."""
    happened = {"happened_at": now.isoformat(), **params}
    await send(conn, bucket=bucket, resident_id=resident_id, template=template, params=happened, now=now, ids=ids)


async def send_many(conn: Conn, *, bucket: int, drafts: Sequence[Draft], ids: Ids) -> tuple[UUID, ...]:
    """Tell residents of one bucket something, in one statement; gives the notices' ids in the order of the drafts.

    Raises ValueError when parameters are not those of their template.
    """
    notice_ids = tuple(ids.new() for _ in drafts)
    if drafts:
        await run_in_order(conn, [telling(bucket=bucket, drafts=drafts, notice_ids=notice_ids)])
    return notice_ids


def telling(*, bucket: int, drafts: Sequence[Draft], notice_ids: Sequence[UUID]) -> Statement[tuple[Any, ...]]:
    """The same, as the statement of a batch; the ids are fresh, one for each draft."""
    templates = read_templates()
    for draft in drafts:
        rules.verify_params(draft.params, words=templates[draft.template])
    return store.insert_notices(bucket=bucket, drafts=drafts, notice_ids=notice_ids)


def word_notice(notice: Notice) -> TemplateWords:
    """A notice in words, in both languages."""
    return rules.word_notice(read_templates()[notice.template], params=notice.params)


async def list_notices(
    conn: Conn, *, bucket: int, resident_id: UUID, before: UUID | None, limit: int
) -> tuple[Notice, ...]:
    """A resident's notices, the newest first."""
    return await store.list_notices(conn, bucket=bucket, resident_id=resident_id, before=before, limit=limit)


async def deliver_due(database: Database, gateway: MessageGateway, *, bucket: int, clock: Clock) -> int:
    """Hand the notices of one bucket that are due to the gateway, up to fifty at once; how many were tried.

    A lease is committed before the gateway is called and the outcome after it, so no transaction waits for the
    outside. A worker that dies between the two leaves a notice that is tried again under the same message id.
    """
    now = clock.now()
    async with database.transaction() as conn:
        leased = await store.lease_due(conn, bucket=bucket, now=now, lease_until=now + rules.LEASE, limit=_AT_ONCE)
    outcomes = await asyncio.gather(*(_deliver(gateway, notice) for notice in leased), return_exceptions=True)
    async with database.transaction() as conn:
        for notice, outcome in zip(leased, outcomes, strict=True):
            await _mark(conn, bucket=bucket, notice=notice, outcome=outcome, now=clock.now())
    return len(leased)


async def delete_notices(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete notices of one bucket made before an instant; how many there were."""
    return await store.delete_notices(conn, bucket=bucket, before=before, limit=limit)


async def _deliver(gateway: MessageGateway, notice: Notice) -> str:
    message = Message(
        message_id=notice.notice_id,
        resident_id=notice.resident_id,
        template=notice.template.value,
        words=word_notice(notice),
    )
    async with asyncio.timeout(GATEWAY_SECONDS_MAX):
        return await gateway.deliver(message)


async def _mark(conn: Conn, *, bucket: int, notice: Notice, outcome: str | BaseException, now: datetime) -> None:
    if isinstance(outcome, str):
        await store.mark_sent(conn, bucket=bucket, notice=notice, channel=outcome, sent_at=now)
        return
    if not isinstance(outcome, Exception):
        raise outcome
    failure = f"{type(outcome).__name__}: {outcome}"[:_FAILURE_LENGTH_MAX]
    next_try_at = rules.decide_next_try(tries_count=notice.tries_count, now=now).next_try_at
    await store.mark_failed(conn, bucket=bucket, notice=notice, failure=failure, next_try_at=next_try_at)
