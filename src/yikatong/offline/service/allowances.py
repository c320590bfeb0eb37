"""Granting, listing and ending a resident's allowances."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards import service as cards
from yikatong.cards.model import Vault
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Terminal
from yikatong.codes.model import SceneGroup
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import HoldDraft
from yikatong.lines.rules import PURSE, account_of_source
from yikatong.notices import service as notices
from yikatong.notices.model import PARAM_LENGTH_MAX, Template
from yikatong.offline import store
from yikatong.offline.model import UPLOAD_TERM, Allowance, Reason
from yikatong.offline.rules import decide_grant, hold_id_of
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def grant_allowance(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    terminal: Terminal,
    whole_place: bool,
    scene_group: SceneGroup,
    amount_fen: int,
    days: int,
    with_e_card: bool,
    without_pin: bool,
    vault: Vault,
    now: datetime,
    ids: Ids,
) -> Allowance:
    """Set an amount of the purse aside for a terminal, or for the terminals of its place, in one group of scenes.

    A wallet grants `with_e_card`, a counter without: the plastic card is enough, and the resident gets a notice of it,
    whoever stood there. `without_pin` lets the card's chip
    take from it without its password.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, cards' reasons why card or e-card may not be used now,
    PAYMENTS_ARE_FROZEN, PLACE_OF_THE_ALLOWANCE_IS_UNKNOWN, those of `rules.decide_grant`, then as `ledger.hold`.
    """
    gate = await cards.lock_gate(conn, bucket=bucket, resident_id=resident_id)
    holder = await cards.get_holder(conn, bucket=bucket, resident_id=resident_id, on=day_of(now))
    refused = cards.decide_holder(holder, with_e_card=with_e_card) or cards.decide_freeze(gate)
    if refused is not None:
        raise Refused(refused)
    if terminal.revoked_at is not None:
        raise Refused(Reason.PLACE_OF_THE_ALLOWANCE_IS_UNKNOWN)
    age = await cards.age_of(conn, bucket=bucket, resident_id=resident_id, on=day_of(now), vault=vault)
    held = await store.list_allowances(conn, bucket=bucket, resident_id=resident_id, now=now)
    living = sum(one.ended_at is None and one.accept_until > now for one in held)
    reason = decide_grant(amount_fen=amount_fen, days=days, age=age, living_count=living)
    if reason is not None:
        raise Refused(reason)
    accept_until = now + timedelta(days=days)
    allowance = Allowance(
        bucket=bucket,
        resident_id=resident_id,
        id=ids.new(),
        scene_group=scene_group,
        provider_id=terminal.provider_id,
        place_id=terminal.place_id,
        terminal_id=None if whole_place else terminal.id,
        amount_fen=amount_fen,
        spent_fen=0,
        hold_number=0,
        granted_at=now,
        accept_until=accept_until,
        upload_until=accept_until + UPLOAD_TERM,
        ended_at=None,
        without_pin=without_pin,
    )
    await store.insert_allowance(conn, allowance=allowance)
    await ledger.hold(conn, bucket=bucket, draft=hold_of(allowance, number=0, amount_fen=amount_fen), now=now)
    if not with_e_card:
        await _tell(conn, allowance, now=now, ids=ids)
    return allowance


async def _tell(conn: Conn, allowance: Allowance, *, now: datetime, ids: Ids) -> None:
    provider = await catalogue.find_provider(conn, provider_id=allowance.provider_id)
    assert provider is not None, "a terminal's provider is registered"
    await notices.tell(
        conn,
        Template.ALLOWANCE_GRANTED,
        bucket=allowance.bucket,
        resident_id=allowance.resident_id,
        now=now,
        ids=ids,
        amount_fen=allowance.amount_fen,
        place=provider.name_zh[:PARAM_LENGTH_MAX],
        place_en=provider.name_en[:PARAM_LENGTH_MAX],
        expires_at=allowance.accept_until.isoformat(),
    )


def hold_of(allowance: Allowance, *, number: int, amount_fen: int) -> HoldDraft:
    """The hold that carries so much of an allowance, until its upload term is over."""
    return HoldDraft(
        id=hold_id_of(allowance, number),
        account=account_of_source(allowance.resident_id, PURSE),
        amount_fen=amount_fen,
        expires_at=allowance.upload_until,
        reference=allowance.id,
    )


async def list_allowances(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> tuple[Allowance, ...]:
    """A resident's allowances that are not past their upload term, oldest first."""
    return await store.list_allowances(conn, bucket=bucket, resident_id=resident_id, now=now)


async def end_allowance(
    conn: Conn, *, bucket: int, resident_id: ResidentId, allowance_id: UUID, now: datetime
) -> Change:
    """End an allowance: no newer sheet names it. Its hold stays until the upload term, for what was taken meanwhile.

    Refuses RESIDENT_IS_NOT_KNOWN, ALLOWANCE_IS_UNKNOWN.
    """
    await cards.lock_gate(conn, bucket=bucket, resident_id=resident_id)
    found = await store.find_allowance(conn, bucket=bucket, resident_id=resident_id, id=allowance_id)
    if found is None:
        raise Refused(Reason.ALLOWANCE_IS_UNKNOWN)
    return Change.of(await store.end_allowance(conn, allowance=found, now=now))
