"""The ledger's part of a batch: what to lock, what to read, what to write, as statements of one pipeline.

A batch belongs to one bucket. It locks the accounts of its residents (`lock_accounts_of`), for refunds also the
gates of accounts that have a limit (`lock_open_gates`); it then reads, in later statements, pending holds and
open totals; builds a `Book`; decides; and sends `write_book`, with COMMIT behind it.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from yikatong.kernel.instants import day_of
from yikatong.ledger import store
from yikatong.ledger.model import Account, AccountKind, AccountName, BookWrites, Hold, Leg, OpenTotal
from yikatong.plumbing.pipeline import Statement

__all__ = [
    "load_holds",
    "load_open_totals",
    "load_pending_holds",
    "lock_accounts_of",
    "lock_open_gates",
    "write_book",
]


def lock_accounts_of(*, bucket: int, owner_ids: Iterable[UUID]) -> Statement[Account]:
    """Lock and read every floored account of these owners; every batch locks in the same order."""
    return store.lock_accounts(bucket=bucket, owner_ids=_each_once(owner_ids))


def load_pending_holds(*, bucket: int, owner_ids: Iterable[UUID]) -> Statement[Hold]:
    """Read the pending holds of these owners, those past their end too; after `lock_accounts_of`."""
    return store.load_pending_holds(bucket=bucket, owner_ids=_each_once(owner_ids))


def load_holds(*, bucket: int, hold_ids: Iterable[UUID]) -> Statement[Hold]:
    """Read holds by id, ended ones too, so that a book knows what became of them; after `lock_accounts_of`."""
    return store.load_holds(bucket=bucket, hold_ids=_each_once(hold_ids))


def lock_open_gates(*, bucket: int, accounts: Iterable[AccountName]) -> Statement[tuple[Any, ...]]:
    """Lock the gates of accounts without a floor that the batch may lower only to a limit; after the accounts.

    Payments do not take it: they only raise a receivable, and never wait for a refund.
    """
    return store.lock_open_gates(bucket=bucket, accounts=_in_order(accounts))


def load_open_totals(*, bucket: int, accounts: Iterable[AccountName]) -> Statement[OpenTotal]:
    """Read the balances of accounts without a floor in this bucket; exact downwards once their gates are locked."""
    return store.load_open_totals(bucket=bucket, accounts=_in_order(accounts))


def write_book(*, bucket: int, writer: int, book_writes: BookWrites) -> list[Statement[Any]]:
    """The statements that make a book's writes true; one that does not win all its rows fails (BatchMustRerun).

    `writer` numbers the connection that writes (1 and up; 0 is for jobs): it has rows of its own for accounts
    without a floor. At most one statement per table and kind of change, none where nothing changes.
    """
    assert writer >= 0
    writes, now = book_writes, book_writes.now
    statements: list[Statement[Any]] = []
    if writes.transfers:
        statements.append(store.insert_transfers(bucket=bucket, transfers=writes.transfers, now=now))
        statements.append(store.insert_entries(bucket=bucket, transfers=writes.transfers, posted_on=day_of(now)))
    if writes.accounts:
        statements.append(store.update_accounts(bucket=bucket, writes=writes.accounts))
    if writes.holds_made:
        statements.append(store.insert_holds(bucket=bucket, holds=writes.holds_made, now=now))
    if writes.holds_ended:
        statements.append(store.end_holds(bucket=bucket, holds=writes.holds_ended, now=now))
    if writes.open_changes:
        statements += _change_open_accounts(bucket=bucket, writer=writer, changes=writes.open_changes)
    return statements


def _change_open_accounts(*, bucket: int, writer: int, changes: Sequence[Leg]) -> list[Statement[Any]]:
    """Add to this writer's rows; a slice of a budget has one row alone, which is lowered only while it has enough."""
    slices = [leg for leg in changes if leg.account.kind is AccountKind.BUDGET_SLICE]
    if not slices:
        return [store.add_to_open_accounts(bucket=bucket, writer=writer, changes=changes)]
    raised = [leg for leg in slices if leg.amount_fen > 0]
    lowered = [leg for leg in slices if leg.amount_fen < 0]
    others = [leg for leg in changes if leg.account.kind is not AccountKind.BUDGET_SLICE]
    statements: list[Statement[Any]] = []
    if lowered:
        statements.append(store.lower_slices(bucket=bucket, changes=lowered))
    if raised:
        statements.append(store.add_to_open_accounts(bucket=bucket, writer=0, changes=raised))
    if others:
        statements.append(store.add_to_open_accounts(bucket=bucket, writer=writer, changes=others))
    return statements


def _each_once(ids: Iterable[UUID]) -> list[UUID]:
    """Without repetitions, told by the numbers of ids, which compare in C."""
    return list({id.int: id for id in ids}.values())


def _in_order(accounts: Iterable[AccountName]) -> list[AccountName]:
    return sorted(set(accounts), key=_id_of)


def _id_of(account: AccountName) -> UUID:
    return account.id
