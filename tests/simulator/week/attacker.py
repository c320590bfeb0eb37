"""The week's sealed log at its end: clean where nobody touched anything, and every edit found where somebody did.

In every other seed somebody who owns the database edits, takes out or puts in one row of what is sealed, at random,
some times over, each time alone and undone after; what is put in may bring a leaf of its own for the sealer. What they
change is read from the tables themselves, so that no column is left out: only the bucket is in no leaf, because a
change of the number of buckets moves rows.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.support.world import FixedClock
from yikatong.app.audits.log import audit_log_in
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.settings import Settings
from yikatong.sealing.model import LeafKind
from yikatong.trust.model import KeyHolder

EDITS = 4
_TRIES_MAX = 200
_KEYS = {
    "taps.tap": "id",
    "taps.refund": "id",
    "taps.reversal": "tap_id",
    "ledger.transfer": "id",
    "ledger.hold": "id",
    "access.record": "record_id",
    "trade_in.decision": "decision_id",
}
_KINDS = {
    "taps.tap": LeafKind.TAP,
    "taps.refund": LeafKind.REFUND,
    "taps.reversal": LeafKind.REVERSAL,
    "ledger.transfer": LeafKind.TRANSFER,
    "ledger.hold": LeafKind.HOLD,
    "access.record": LeafKind.RECORD,
    "trade_in.decision": LeafKind.DECISION,
}
_IN_NO_LEAF = frozenset({"bucket"})
_OTHERWISE = {
    "int2": "{} + 1",
    "int4": "{} + 1",
    "int8": "{} + 1",
    "text": "{} || 'x'",
    "date": "{} + 1",
    "timestamptz": "{} + interval '1 second'",
    "bytea": "{} || '\\x00'::bytea",
    "bool": "NOT {}",
    "_text": "{} || 'x'::text",
    "_uuid": "{}[2:] || {}[1]",
    "_int8": "ARRAY(SELECT -one FROM unnest({}) AS one)",
}
"""A value that is another, by the type of its column."""


class Edit(NamedTuple):
    """What somebody did to one row: a sentence, and the ids by one of which the audit has to name it."""

    what: str
    ids: frozenset[UUID]


def is_attacked(seed: int) -> bool:
    """Whether somebody edits rows at the end of the week."""
    return seed % 2 == 0


async def differences_of_the_log(address: ServerAddress, *, keys: KeyHolder, now: datetime, seed: int) -> list[str]:
    """What the audit of the log finds in a week that nobody touched; which edits it does not find in one of another."""
    async with await Database.open(address) as database:
        if not is_attacked(seed):
            async with _undone(database) as conn:
                return [f"nobody touched the log: {one}" for one in await _audited(conn, keys=keys, now=now)]
        random, missed = Random(seed + 6), []
        for _ in range(EDITS):
            async with _undone(database) as conn:
                edit = await _edit(conn, random)
                found = await _audited(conn, keys=keys, now=now)
                if not any(str(id) in one for one in found for id in edit.ids):
                    missed.append(f"{edit.what} was not found, but {found[:3]}")
        return missed


async def _audited(conn: Connection, *, keys: KeyHolder, now: datetime) -> tuple[str, ...]:
    audit = await audit_log_in(conn, settings=Settings(), keys=keys, witnessed=None, clock=FixedClock(now))
    assert audit.leaves > 0
    return audit.differences


@asynccontextmanager
async def _undone(database: Database) -> AsyncIterator[Connection]:
    """A transaction of the owner that changes nothing for good."""
    async with database.owner_transaction() as conn:
        yield conn
        raise psycopg.Rollback


async def _edit(conn: Connection, random: Random) -> Edit:
    """Change one row at random; what the tables do not allow is left for another try."""
    for _ in range(_TRIES_MAX):
        table = random.choice(list(_KEYS))
        id = await _some_row(conn, table, random)
        if id is None:
            continue
        columns = await _columns_of(conn, table)
        other = UUID(int=random.getrandbits(128))
        for what, statement, ids in _ways(table, id, columns, random, other=other):
            try:
                async with conn.transaction():
                    done = await conn.execute(statement, {"id": id, "other": other, "changes": _another(table, other)})
            except psycopg.IntegrityError:
                continue
            if done.rowcount == 1:
                return Edit(f"{what} of {table} {id}", ids)
    raise AssertionError("there is nothing to edit")


def _another(table: str, other: UUID) -> Jsonb:
    return Jsonb({_KEYS[table]: str(other)} | ({"spends_nonce": False} if table == "taps.tap" else {}))


def _ways(
    table: str, id: UUID, columns: dict[str, str], random: Random, *, other: UUID
) -> Iterator[tuple[str, sql.Composed, frozenset[UUID]]]:
    """One way to change a row, chosen at random: mostly a column of it."""
    name = sql.SQL(".").join(map(sql.Identifier, table.split(".")))
    key = sql.Identifier(_KEYS[table])
    chance = random.random()
    if chance < 0.2:
        yield "the removal", sql.SQL("DELETE FROM {} WHERE {} = %(id)s").format(name, key), frozenset({id})
    elif chance < 0.4:
        copied = sql.SQL(
            "INSERT INTO {} SELECT (jsonb_populate_record(one, %(changes)s)).* FROM {} one WHERE {} = %(id)s"
        )
        copy = copied.format(name, name, key)
        if chance < 0.3:
            yield "a copy", copy, frozenset({other})
        else:
            leaf = sql.SQL(
                "WITH copy AS ({} RETURNING {} AS id) INSERT INTO sealing.loose (id, kind, hash, mark, left_at)"
                " SELECT id, {}, sha256(''), sha256(''), now() FROM copy"
            )
            yield "a copy with a leaf", leaf.format(copy, key, sql.Literal(int(_KINDS[table]))), frozenset({other})
    else:
        column = random.choice(sorted(columns))
        value: sql.Composable = sql.SQL("%(other)s::uuid")
        if columns[column] != "uuid":
            value = sql.SQL(_OTHERWISE[columns[column]].replace("{}", "{0}")).format(sql.Identifier(column))
        changed = sql.SQL("UPDATE {} SET {} = {} WHERE {} = %(id)s AND {} IS DISTINCT FROM {}")
        named = sql.Identifier(column)
        yield f"{column}", changed.format(name, named, value, key, named, value), frozenset({id, other})


async def _some_row(conn: Connection, table: str, random: Random) -> UUID | None:
    name = sql.SQL(".").join(map(sql.Identifier, table.split(".")))
    key = sql.Identifier(_KEYS[table])
    rows = await (await conn.execute(sql.SQL("SELECT {} FROM {} ORDER BY 1").format(key, name))).fetchall()
    return random.choice(rows)[0] if rows else None


async def _columns_of(conn: Connection, table: str) -> dict[str, str]:
    """The columns that are sealed, and their types."""
    schema, _, name = table.partition(".")
    rows: list[Any] = await (
        await conn.execute(
            "SELECT column_name, udt_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
            [schema, name],
        )
    ).fetchall()
    return {column: kind for column, kind in rows if column not in _IN_NO_LEAF}
