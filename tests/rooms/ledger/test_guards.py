"""The database is the last judge of the ledger's promises, and the audit finds what went past it."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.support.builders.ledger import IDS, a_benefit, a_hold_draft, a_purse, a_receivable, a_transfer, open_with
from tests.support.world import NOON
from yikatong.kernel.ids import show_id
from yikatong.ledger import service
from yikatong.ledger.audit import audit
from yikatong.ledger.model import AccountName, AccountWrite, BookWrites, TransferDraft
from yikatong.ledger.store import load_transfers
from yikatong.plumbing.database import Database
from yikatong.plumbing.pipeline import BEGIN, COMMIT, ROLLBACK, BatchConnection, BatchMustRerun
from yikatong.plumbing.statements import run_in_order

pytestmark = pytest.mark.anyio

Conn = psycopg.AsyncConnection[Any]
BUCKET = 7_100
"""A bucket of this module's own, so that the whole ledger's other books need not balance at this instant."""


class Undo(Exception):  # noqa: N818  takes a deliberate damage back
    """Ends a transaction that must not commit."""


async def a_day_at_the_shop(conn: Conn) -> tuple[AccountName, TransferDraft]:
    meals, shop = a_benefit(), a_receivable()
    payment = a_transfer(meals, shop, 300)
    await open_with(conn, meals, fen=1_000, bucket=BUCKET)
    await service.post(conn, bucket=BUCKET, writer=1, draft=payment, now=NOON)
    return meals, payment


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        ("floor_holds", "UPDATE ledger.account SET posted_fen = -1 WHERE id = %(account)s"),
        ("floor_holds", "UPDATE ledger.account SET held_fen = 701 WHERE id = %(account)s"),
        ("held_is_not_negative", "UPDATE ledger.account SET held_fen = -1 WHERE id = %(account)s"),
        ("closed_is_empty", "UPDATE ledger.account SET closed_at = %(now)s WHERE id = %(account)s"),
        ("kind_has_a_floor", "UPDATE ledger.account SET kind = 'bank_clearing' WHERE id = %(account)s"),
    ],
)
async def test_no_statement_passes_a_floor(db: Database, constraint: str, statement: str) -> None:
    with pytest.raises(errors.CheckViolation) as caught:
        async with db.transaction() as conn:
            meals, _ = await a_day_at_the_shop(conn)
            await conn.execute(statement.encode(), {"account": meals.id, "now": NOON})
    # In its words, because a cluster tells it without the field.
    assert f'"{constraint}"' in str(caught.value)


@pytest.mark.parametrize(
    ("constraint", "legs"),
    [
        ("legs_sum_to_zero", [-5, 4]),
        ("legs_sum_to_zero", [-5, 1, 1, 1, 1, 1, 1, 1]),
        ("legs_are_two_to_eight", [7]),
        ("legs_are_two_to_eight", [-8, 1, 1, 1, 1, 1, 1, 1, 1]),
        ("legs_are_not_zero", [0, 0]),
        ("legs_are_not_zero", [None, None]),
    ],
)
async def test_no_statement_writes_a_transfer_that_does_not_balance(
    db: Database, constraint: str, legs: list[int | None]
) -> None:
    accounts = [IDS.new() for _ in legs]
    with pytest.raises(errors.CheckViolation) as caught:
        async with db.transaction() as conn:
            await conn.execute(
                "INSERT INTO ledger.transfer (bucket, id, kind, reference, accounts, legs, posted_at)"
                " VALUES (0, %s, 'payment', %s, %s, %s, %s)",
                [IDS.new(), IDS.new(), accounts, legs, NOON],
            )
    # In its words, because a cluster tells it without the field.
    assert f'"{constraint}"' in str(caught.value)


async def test_a_transfer_names_an_account_for_every_leg(db: Database) -> None:
    with pytest.raises(errors.CheckViolation, match="legs_are_two_to_eight"):
        async with db.transaction() as conn:
            await conn.execute(
                "INSERT INTO ledger.transfer (bucket, id, kind, reference, accounts, legs, posted_at)"
                " VALUES (0, %s, 'payment', %s, %s, '{1,-1}', %s)",
                [IDS.new(), IDS.new(), [IDS.new()], NOON],
            )


@pytest.mark.parametrize("table", ["ledger.transfer", "ledger.entry"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET bucket = bucket", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_serving_role_cannot_change_what_is_written_once(db: Database, table: str, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        async with db.transaction() as conn:
            await conn.execute(statement.format(table).encode())


@pytest.mark.parametrize("table", ["ledger.account", "ledger.open_account", "ledger.hold"])
async def test_the_serving_role_cannot_delete_a_balance_or_a_hold(db: Database, table: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        async with db.transaction() as conn:
            await conn.execute(f"DELETE FROM {table}".encode())


DAMAGES = {
    "UPDATE ledger.account SET posted_fen = posted_fen + 1 WHERE id = %(account)s": (
        "the entries of account {account} in bucket 7100 sum to 700 fen, its balance is 701"
    ),
    "UPDATE ledger.entry SET amount_fen = -299 WHERE transfer_id = %(transfer)s AND amount_fen < 0": (
        "a leg of transfer {transfer} in bucket 7100 is -300 fen, its entry is -299"
    ),
    "DELETE FROM ledger.entry WHERE transfer_id = %(transfer)s AND amount_fen < 0": (
        "a leg of transfer {transfer} in bucket 7100 is -300 fen, its entry is nothing"
    ),
    "DELETE FROM ledger.transfer WHERE id = %(transfer)s": (
        "a leg of transfer {transfer} in bucket 7100 is nothing fen, its entry is -300"
    ),
    "ALTER TABLE ledger.transfer DROP CONSTRAINT legs_sum_to_zero;"
    " UPDATE ledger.transfer SET legs = '{{1,1}}' WHERE legs = '{{-300,300}}'": (
        "the legs of transfer {transfer} in bucket 7100 should sum to 0 fen and sum to 2"
    ),
    "UPDATE ledger.account SET held_fen = held_fen + 5 WHERE id = %(account)s": (
        "the pending holds of account {account} in bucket 7100 sum to 40 fen, held is 45"
    ),
    "UPDATE ledger.hold SET status = 'posted', ended_at = made_at, transfer_id = %(transfer)s"
    " WHERE account_id = %(account)s": "hold {hold} in bucket 7100 set 40 fen aside, its transfer took 300",
    "UPDATE ledger.hold SET reference = %(reference)s,"
    " status = 'voided', ended_at = made_at WHERE account_id = %(account)s": (
        "hold {hold} in bucket 7100 took 0 fen of its 40, though what it was for was paid"
    ),
    "UPDATE ledger.account SET owner_id = '00000000-0000-7000-8000-000000000001' WHERE id = %(account)s": (
        "account {account} in bucket 7100 is not its owner's"
    ),
    "UPDATE ledger.account SET kind = 'purse' WHERE id = %(account)s": (
        "the purses in bucket 7100 hold 700 fen, the reserve is 0"
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_the_audit_names_what_was_damaged(db: Database, damage: str) -> None:
    with pytest.raises(Undo):
        async with db.owner_transaction() as conn:
            meals, payment = await a_day_at_the_shop(conn)
            hold = a_hold_draft(meals, 40)
            await service.hold(conn, bucket=BUCKET, draft=hold, now=NOON)
            names = {
                "account": show_id("account", meals.id),
                "transfer": show_id("transfer", payment.id),
                "hold": show_id("hold", hold.id),
            }
            for statement in damage.replace("{{", "{").replace("}}", "}").split(";"):
                params = {"account": meals.id, "transfer": payment.id, "reference": payment.reference}
                await conn.execute(statement.encode(), params if "%(" in statement else None)
            mine = [line for line in await audit(conn) if f"bucket {BUCKET}" in line]
            assert f"ledger: {DAMAGES[damage].format(**names)}" in mine
            raise Undo


async def test_the_audit_finds_nothing_in_honest_books(db: Database) -> None:
    async with db.transaction() as conn:
        meals, _ = await a_day_at_the_shop(conn)
        await open_with(conn, a_purse(), fen=77, bucket=BUCKET)
        hold = a_hold_draft(meals, 700, expires_at=NOON + timedelta(minutes=1))
        await service.hold(conn, bucket=BUCKET, draft=hold, now=NOON)
        assert [] == [line for line in await audit(conn) if f"bucket {BUCKET} " in line]


async def test_a_balance_that_others_changed_since_it_was_read_is_not_written_and_nothing_beside_it(
    db: Database,
) -> None:
    meals, shop = a_benefit(), a_receivable()
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=1_000, bucket=BUCKET)
    batch = await BatchConnection.over(await db.connect_serving())
    payment = a_transfer(meals, shop, 300)
    stale = AccountWrite(owner_id=meals.owner_id, id=meals.id, version=0, posted_fen=700, held_fen=0)
    writes = BookWrites(
        now=NOON, transfers=(payment,), accounts=(stale,), holds_made=(), holds_ended=(), open_changes=()
    )

    with pytest.raises(BatchMustRerun):
        await batch.run([BEGIN, *service.write_book(bucket=BUCKET, writer=1, book_writes=writes), COMMIT])

    await batch.run([ROLLBACK])
    await batch.close()
    async with db.transaction() as conn:
        accounts, found = await run_in_order(
            conn,
            [
                service.lock_accounts_of(bucket=BUCKET, owner_ids=[meals.owner_id]),
                load_transfers(bucket=BUCKET, transfer_ids=[payment.id]),
            ],
        )
    assert [1_000] == [account.posted_fen for account in accounts.rows]
    assert [] == found.rows
