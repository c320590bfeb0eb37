"""The statements that a batch sends: gates locked in order, facts of holders and devices, gates written back."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards.model import CardState, Device, Gate, GateUpdate, Holder, ResidentStatus, Shell
from yikatong.cards.store.statements import STATEMENTS
from yikatong.kernel.ids import DeviceId, ResidentId
from yikatong.plumbing import wire
from yikatong.plumbing.pipeline import Statement

_STATUS = {status.value: status for status in ResidentStatus}
_STATE: dict[str | None, CardState | None] = {None: None} | {state.value: state for state in CardState}


def lock_gates(*, bucket: int, resident_ids: Sequence[ResidentId]) -> Statement[Gate]:
    """Lock residents' gates in the order of their ids."""
    return Statement(STATEMENTS["lock_gates"], (wire.int2(bucket), wire.uuid_array(resident_ids)), Gate)


def load_holders(*, bucket: int, resident_ids: Sequence[ResidentId], on: date) -> Statement[Holder]:
    """Load what a decision needs to know of residents on a day, one row a resident that exists."""
    return Statement(
        STATEMENTS["load_holders"], (wire.int2(bucket), wire.uuid_array(resident_ids), wire.day(on)), _holder
    )


def load_devices(*, bucket: int, device_ids: Sequence[DeviceId]) -> Statement[Device]:
    """Load devices by their ids, revoked ones too; whose each is, the caller compares."""
    return Statement(STATEMENTS["load_devices"], (wire.int2(bucket), wire.uuid_array(device_ids)), _device)


def write_gates(*, bucket: int, updates: Sequence[GateUpdate]) -> Statement[tuple[UUID, int]]:
    """Write what shown codes spent and add one to each version; gives each gate's new version."""
    parameters = (
        wire.int2(bucket),
        wire.uuid_array([update.resident_id for update in updates]),
        wire.day_array([update.shown_on for update in updates]),
        wire.int8_array([update.shown_spent_fen for update in updates]),
    )
    return Statement(STATEMENTS["write_gates"], parameters, _version)


async def find_holder(
    conn: psycopg.AsyncConnection[Any], *, bucket: int, resident_id: ResidentId, on: date
) -> Holder | None:
    """The same facts of one resident, by the same statement, on an ordinary connection."""
    async with psycopg.AsyncRawCursor(conn) as cursor:
        await cursor.execute(STATEMENTS["load_holders"], (bucket, [resident_id], on))
        row = await cursor.fetchone()
    return None if row is None else _holder(*row)


def _version(resident_id: UUID, version: int) -> tuple[UUID, int]:
    return resident_id, version


def _device(*columns: Any) -> Device:
    """Build a device; the columns of load_devices stand in the order of its fields."""
    facts = dict(zip(Device.__struct_fields__, columns, strict=True))
    facts["shell"] = Shell(facts["shell"])
    return Device(**facts)


def _holder(*columns: Any) -> Holder:
    """Build a holder; the columns of load_holders stand in the order of its fields."""
    facts = list(columns)
    facts[3] = _STATUS[facts[3]]
    facts[5] = _STATE[facts[5]]
    facts[16] = tuple(facts[16])
    facts[19] = tuple(facts[19])
    return Holder._make(facts)
