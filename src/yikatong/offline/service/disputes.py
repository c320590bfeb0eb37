"""Disputes: both sides say their word, an operator decides with a second person, and only then does money move."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec.structs import replace

from yikatong.catalogue import service as catalogue
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.offline import store
from yikatong.offline.model import Dispute, Reason, Side
from yikatong.offline.rules import correction_of

Conn = psycopg.AsyncConnection[Any]


async def list_disputes(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Dispute, ...]:
    """A resident's disputes, the newest first."""
    return await store.list_disputes(conn, bucket=bucket, resident_id=resident_id)


async def list_disputes_of_provider(conn: Conn, *, provider_id: UUID) -> list[Dispute]:
    """A provider's latest disputes, the newest tap first."""
    return await store.list_disputes_of_provider(conn, provider_id=provider_id)


async def answer_dispute(conn: Conn, *, bucket: int, resident_id: ResidentId, tap_id: UUID, agrees: bool) -> Change:
    """The resident says whether the tap was theirs; until it is decided they may change their mind.

    Refuses, in this order: DISPUTE_IS_UNKNOWN (also another resident's), DISPUTE_IS_DECIDED.
    """
    dispute = await store.lock_dispute(conn, bucket=bucket, tap_id=tap_id)
    if dispute is None or dispute.resident_id != resident_id:
        raise Refused(Reason.DISPUTE_IS_UNKNOWN)
    return await _say(conn, dispute, replace(dispute, resident_agrees=agrees))


async def state_dispute(conn: Conn, *, bucket: int, provider_id: UUID, tap_id: UUID, says: str) -> Change:
    """The provider says what happened; until it is decided it may say it better.

    Refuses, in this order: DISPUTE_IS_UNKNOWN (also another provider's), DISPUTE_IS_DECIDED.
    """
    dispute = await store.lock_dispute(conn, bucket=bucket, tap_id=tap_id)
    if dispute is None or dispute.provider_id != provider_id:
        raise Refused(Reason.DISPUTE_IS_UNKNOWN)
    return await _say(conn, dispute, replace(dispute, provider_says=says))


async def decide_dispute(
    conn: Conn, *, bucket: int, region: str, tap_id: UUID, decided_for: Side, now: datetime
) -> tuple[Change, Dispute]:
    """Decide a dispute of a provider of a region, once; for the provider, the purse pays it as a correction.

    Refuses, in this order: DISPUTE_IS_UNKNOWN, DISPUTE_IS_DECIDED (for the other side), then as `ledger.post`, and then
    the dispute stays open.
    """
    dispute = await store.lock_dispute(conn, bucket=bucket, tap_id=tap_id)
    provider = None if dispute is None else await catalogue.find_provider(conn, provider_id=dispute.provider_id)
    if dispute is None or provider is None or provider.region != region:
        raise Refused(Reason.DISPUTE_IS_UNKNOWN)
    if dispute.decided_for is not None:
        if dispute.decided_for is not decided_for:
            raise Refused(Reason.DISPUTE_IS_DECIDED)
        return Change.ALREADY_SO, dispute
    transfer_id = None
    if decided_for is Side.PROVIDER:
        draft = correction_of(dispute)
        await ledger.post(conn, bucket=bucket, writer=ledger.COMMANDS, draft=draft, now=now)
        transfer_id = draft.id
    decided = replace(dispute, decided_for=decided_for, decided_at=now, transfer_id=transfer_id)
    return await _say(conn, dispute, decided), decided


async def _say(conn: Conn, before: Dispute, after: Dispute) -> Change:
    if before.decided_for is not None:
        raise Refused(Reason.DISPUTE_IS_DECIDED)
    if before == after:
        return Change.ALREADY_SO
    await store.set_dispute(conn, dispute=after)
    return Change.DONE
