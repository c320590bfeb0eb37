"""Passing a resident's gate: the first thing every command does."""

from datetime import datetime
from typing import Any, TypeVar

import psycopg

from yikatong.cards.model import Gate, Reason, RegionRule, Resident
from yikatong.cards.rules.application import decide_standing
from yikatong.cards.store import residents as store
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Change, Refused

Conn = psycopg.AsyncConnection[Any]
Row = TypeVar("Row")


async def pass_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Gate:
    """Lock a resident's gate and add one to its version; refuses RESIDENT_IS_NOT_KNOWN."""
    return _known(await store.pass_gate(conn, bucket=bucket, resident_id=resident_id))


async def lock_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Gate:
    """Lock a resident's gate and change nothing; refuses RESIDENT_IS_NOT_KNOWN."""
    return _known(await store.lock_gate(conn, bucket=bucket, resident_id=resident_id))


async def get_gate(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Gate:
    """A resident's gate, not locked; refuses RESIDENT_IS_NOT_KNOWN."""
    return _known(await store.find_gate(conn, bucket=bucket, resident_id=resident_id))


async def get_resident(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Resident:
    """One resident; refuses RESIDENT_IS_NOT_KNOWN."""
    return _known(await store.find_resident(conn, bucket=bucket, resident_id=resident_id))


def _known(found: Row | None) -> Row:
    """Give what was found of a resident; refuses RESIDENT_IS_NOT_KNOWN."""
    if found is None:
        raise Refused(Reason.RESIDENT_IS_NOT_KNOWN)
    return found


async def get_living_resident(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Resident:
    """One resident who can be served; refuses RESIDENT_IS_NOT_KNOWN, RESIDENT_IS_DECEASED, RESIDENT_HAS_LEFT."""
    resident = await get_resident(conn, bucket=bucket, resident_id=resident_id)
    refused = decide_standing(resident.status)
    if refused is not None:
        raise Refused(refused)
    return resident


async def get_region_rule(conn: Conn, *, region: str) -> RegionRule:
    """What a region has decided for itself about cards; the published defaults where it has decided nothing."""
    return await store.find_region_rule(conn, region=region) or RegionRule()


async def put_region_rule(conn: Conn, *, region: str, rule: RegionRule) -> Change:
    """Set what a region decides for itself about cards."""
    known = await get_region_rule(conn, region=region)
    await store.put_region_rule(conn, region=region, rule=rule)
    return Change.of(rule != known)


async def freeze_payments(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> Change:
    """Freeze a resident's payments; the card still proves identity. Refuses RESIDENT_IS_NOT_KNOWN."""
    gate = await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    if gate.payments_frozen_at is not None:
        return Change.ALREADY_SO
    await store.set_payments_frozen(conn, bucket=bucket, resident_id=resident_id, frozen_at=now)
    return Change.DONE


async def unfreeze_payments(conn: Conn, *, bucket: int, resident_id: ResidentId) -> Change:
    """Lift the freeze of a resident's payments. Refuses RESIDENT_IS_NOT_KNOWN."""
    gate = await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    if gate.payments_frozen_at is None:
        return Change.ALREADY_SO
    await store.set_payments_frozen(conn, bucket=bucket, resident_id=resident_id, frozen_at=None)
    return Change.DONE
