"""T19 Whoever holds the serving role, or the database itself, edits a written row (docs/threats.md)."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.house.house import PACKAGE
from tests.house.sql import Table, read_schema_file
from tests.support.builders.counter import CounterWorld, a_counter_world
from tests.support.builders.follow_ups import id_of, refunded
from tests.support.database import a_fresh_database, build_schema
from yikatong.app.audits.rooms import CHECKS
from yikatong.kernel.ids import ResidentId, TapId
from yikatong.plumbing.database import Database
from yikatong.plumbing.roles import SERVING_ROLE

pytestmark = pytest.mark.anyio


def written_once() -> list[Table]:
    """Every table that a schema calls written once."""
    schemas = [read_schema_file(file) for file in sorted(PACKAGE.glob("*/schema.sql"))]
    return [table for schema in schemas for table in schema.tables if table.written_once]


TABLES = written_once()


def test_what_is_money_or_proof_is_written_once() -> None:
    names = {table.name for table in TABLES}

    assert {"taps.tap", "taps.refund", "taps.reversal", "ledger.transfer", "ledger.entry", "access.record"} <= names


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_the_serving_role_changes_no_written_row(db: Database, table: Table, statement: str) -> None:
    column = sql.Identifier(table.columns[0].name)
    text = sql.SQL(statement).format(sql.Identifier(*table.name.split(".")), column, column)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with db.transaction() as conn:
            await conn.execute(text)


async def test_the_serving_role_cannot_become_another_or_turn_checks_off(db: Database) -> None:
    for statement in (
        "ALTER TABLE taps.tap DISABLE TRIGGER ALL",
        "ALTER TABLE taps.tap DROP CONSTRAINT tap_pkey",
        "DROP TABLE taps.tap",
        "CREATE TABLE taps.mine (n integer)",
        "SET session_replication_role = replica",
        f"ALTER ROLE {SERVING_ROLE} SUPERUSER",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with db.transaction() as conn:
                await conn.execute(statement.encode())


@pytest.fixture
async def alone(db: Database) -> AsyncIterator[Database]:
    """A database of our own, for edits that every audit after them would find."""
    with a_fresh_database(db.address.conninfo) as address:
        assert {} == build_schema(address.conninfo)
        async with await Database.open(address) as database:
            yield database


async def a_paid_tap(world: CounterWorld) -> tuple[TapId, ResidentId]:
    """A tap that moved money, one that waits with a hold, and a refund."""
    phone = await world.a_phone(purse_fen=40_000)
    paid = await world.tap(world.answered(phone, amount_fen=1_000))
    await world.tap(world.answered(phone, amount_fen=15_000))
    await refunded(world, id_of(paid), 100, request_id="a-refund")
    return id_of(paid), phone.resident.resident_id


_EDITS = {
    "the amount of a tap": "UPDATE taps.tap SET amount_fen = amount_fen + 1 WHERE id = %(tap)s",
    "the payee of a tap": "UPDATE taps.tap SET provider_id = id WHERE id = %(tap)s",
    "the transfer of a tap": "UPDATE taps.tap SET transfer_id = id WHERE id = %(tap)s",
    "whether a tap moved money": "UPDATE taps.tap SET transfer_id = NULL WHERE id = %(tap)s",
    "whether a tap was refused": "UPDATE taps.tap SET transfer_id = NULL, reason = 'CARD_IS_LOCKED' WHERE id = %(tap)s",
    "what decided a tap": "UPDATE taps.tap SET facts = decode('ff', 'hex') WHERE id = %(tap)s",
    "a tap taken away": "DELETE FROM taps.tap WHERE id = %(tap)s",
    "a request taken away": "DELETE FROM taps.request WHERE tap_id = %(tap)s",
    "the amount of a refund": "UPDATE taps.refund SET amount_fen = amount_fen + 1 WHERE tap_id = %(tap)s",
    "a refund taken away": "DELETE FROM taps.refund WHERE tap_id = %(tap)s",
    "the legs of a transfer": "UPDATE ledger.transfer SET legs = array[-7, 7] "
    "WHERE reference = %(tap)s AND kind = 'payment'",
    "a transfer taken away": "DELETE FROM ledger.transfer WHERE reference = %(tap)s AND kind = 'payment'",
    "the amount of an entry": "UPDATE ledger.entry SET amount_fen = amount_fen + 1 WHERE transfer_id = "
    "(SELECT transfer_id FROM taps.tap WHERE id = %(tap)s)",
    "an entry taken away": "DELETE FROM ledger.entry WHERE transfer_id = "
    "(SELECT transfer_id FROM taps.tap WHERE id = %(tap)s)",
    "a balance": "UPDATE ledger.account SET posted_fen = posted_fen + 1 "
    "WHERE owner_id = %(resident)s AND kind = 'purse'",
    "whose a purse is": "UPDATE ledger.account SET owner_id = %(tap)s WHERE owner_id = %(resident)s AND kind = 'purse'",
    "whose a benefit is": "UPDATE ledger.account SET owner_id = %(tap)s "
    "WHERE owner_id = %(resident)s AND kind = 'benefit'",
    "what is held": "UPDATE ledger.account SET held_fen = held_fen + 1 "
    "WHERE owner_id = %(resident)s AND kind = 'purse'",
    "a hold": "UPDATE ledger.hold SET amount_fen = amount_fen - 1 WHERE owner_id = %(resident)s",
    "the end of a hold": "UPDATE ledger.hold SET status = 'voided', ended_at = made_at WHERE owner_id = %(resident)s",
    "what a provider is owed": "UPDATE ledger.open_account SET posted_fen = posted_fen + 1 "
    "WHERE kind = 'provider_receivable'",
    "the state of a card": "UPDATE cards.card SET state = 'locked' WHERE resident_id = %(resident)s",
    "an event of a card": "DELETE FROM cards.card_event WHERE resident_id = %(resident)s AND command = 'activate'",
    "a waiting tap taken away": "DELETE FROM taps.waiting WHERE resident_id = %(resident)s",
}


class _Undo(Exception):  # noqa: N818  it ends a transaction that was only tried
    """Roll back."""


async def differences_after(database: Database, edit: str | None, named: dict[str, Any]) -> list[str]:
    """All that the audit finds after an edit by the owner, which is then undone."""
    found: list[str] = []
    try:
        async with database.owner_transaction() as conn:
            if edit is not None:
                edited = await conn.execute(edit.encode(), named)
                assert edited.rowcount > 0, edit
            for _, check in CHECKS:
                found += await check(conn)
            raise _Undo
    except _Undo:
        return found


async def test_every_edit_of_a_row_is_named_by_the_audit(alone: Database) -> None:
    async with a_counter_world(alone) as world:
        tap, resident = await a_paid_tap(world)
    named = {"tap": tap, "resident": resident}
    assert [] == await differences_after(alone, None, named)

    missed = [what for what, edit in _EDITS.items() if not await differences_after(alone, edit, named)]

    assert [] == missed
