"""Cards, e-cards and devices for many residents at once: a migration from an older system, or a benchmark's people.

The rows are those that the use cases leave behind one by one (apply, make, activate, issue, enrol), so an audit finds
no difference.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from yikatong.cards.model import Actor
from yikatong.cards.rules.e_cards import E_CARD_YEARS
from yikatong.cards.rules.life import add_months
from yikatong.cards.rules.numbering import write_sign_no
from yikatong.cards.store.statements import STATEMENTS
from yikatong.kernel.ids import CardId, DeviceId, ECardId, ResidentId, bucket_of
from yikatong.kernel.instants import day_of
from yikatong.plumbing.cluster_faults import faults_named
from yikatong.plumbing.ids import Ids
from yikatong.trust.model import PublicKey

Conn = psycopg.AsyncConnection[Any]

CARD_YEARS = 10
CHANNEL = "wallet"


class Enrolling(NamedTuple):
    """Who is to be enrolled, under which card number (unique in the region), with which device key."""

    resident_id: ResidentId
    card_number: str
    device_key: PublicKey


class Binding(NamedTuple):
    """Whose bank account is bound: the bank's own handle of it, and the last four digits."""

    resident_id: ResidentId
    bank_code: str
    token: str
    tail: str


class EnrolledAtOnce(NamedTuple):
    """What somebody has now."""

    resident_id: ResidentId
    card_id: CardId
    e_card_id: ECardId
    device_id: DeviceId


async def enrol_many(
    conn: Conn,
    people: Sequence[Enrolling],
    *,
    region: str,
    bank_code: str,
    password_hash: str,
    by: Actor,
    bucket_count: int,
    now: datetime,
    ids: Ids,
) -> tuple[EnrolledAtOnce, ...]:
    """Give each a card in force, an e-card of level 1 and a device; all or nobody.

    Raises psycopg.errors.UniqueViolation when somebody has a card already or a number is taken.
    """
    enrolled = tuple(
        EnrolledAtOnce(one.resident_id, CardId(ids.new()), ECardId(ids.new()), DeviceId(ids.new())) for one in people
    )
    issued_on = day_of(now)
    params: dict[str, Any] = {
        "buckets": [bucket_of(one.resident_id, bucket_count) for one in people],
        "resident_ids": [one.resident_id for one in people],
        "card_ids": [one.card_id for one in enrolled],
        "e_card_ids": [one.e_card_id for one in enrolled],
        "device_ids": [one.device_id for one in enrolled],
        "card_numbers": [one.card_number for one in people],
        "algorithms": [int(one.device_key.algorithm) for one in people],
        "public_keys": [one.device_key.data for one in people],
        "sign_nos": [write_sign_no(ids.random_bytes(16)) for _ in people],
        "region": region,
        "bank_code": bank_code,
        "password_hash": password_hash,
        "channel": CHANNEL,
        "by_kind": by.kind,
        "by_id": by.id,
        "issued_on": issued_on,
        "expires_on": add_months(issued_on, 12 * CARD_YEARS),
        "valid_until": add_months(issued_on, 12 * E_CARD_YEARS),
        "now": now,
    }
    with faults_named():
        for statement in _STATEMENTS:
            await conn.execute(STATEMENTS[statement], params)
    return enrolled


_STATEMENTS = (
    "enrol_many_cards",
    "enrol_many_numbers",
    "enrol_many_events",
    "enrol_many_gates",
    "enrol_many_e_cards",
    "enrol_many_channels",
    "enrol_many_devices",
)


async def bind_many(conn: Conn, bindings: Sequence[Binding], *, bucket_count: int, now: datetime, ids: Ids) -> None:
    """Bind a bank account to the e-card of each, which is of level 2 then; all or nobody.

    The bank has confirmed them: this is for a register that moves in with its accounts.
    Raises psycopg.errors.UniqueViolation when somebody has an account bound already.
    """
    params: dict[str, Any] = {
        "buckets": [bucket_of(one.resident_id, bucket_count) for one in bindings],
        "ids": [ids.new() for _ in bindings],
        "resident_ids": [one.resident_id for one in bindings],
        "bank_codes": [one.bank_code for one in bindings],
        "tokens": [one.token for one in bindings],
        "tails": [one.tail for one in bindings],
        "now": now,
    }
    for statement in ("enrol_many_bindings", "enrol_many_levels"):
        await conn.execute(STATEMENTS[statement], params)
