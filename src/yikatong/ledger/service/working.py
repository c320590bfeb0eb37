"""How a use case works on the book: read under locks, decided, written, and again when others were first."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.errors import UniqueViolation

from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger.batch import load_holds, load_pending_holds, lock_accounts_of, write_book
from yikatong.ledger.leaves import leaves_of
from yikatong.ledger.model import Hold, Reason, TransferDraft
from yikatong.ledger.rules import Book
from yikatong.plumbing.pipeline import BatchMustRerun
from yikatong.plumbing.statements import run_in_order
from yikatong.sealing import service as sealing

Conn = psycopg.AsyncConnection[Any]
Outcome = Change | Reason
Result = TypeVar("Result")

COMMANDS = 0
"""The writer of jobs and of commands that come one at a time."""

TRIES_MAX = 5


def owners_of(drafts: Sequence[TransferDraft]) -> list[UUID]:
    """The owners of the floored accounts that these transfers move."""
    return [leg.account.owner_id for draft in drafts for leg in draft.legs if leg.account.has_floor]


def raise_or_give(outcome: Outcome) -> Change:
    """Raise the reason of a refusal, or give what changed."""
    if isinstance(outcome, Reason):
        raise Refused(outcome)
    return outcome


async def read_book(
    conn: Conn, *, bucket: int, owner_ids: Sequence[UUID], now: datetime, hold_ids: Sequence[UUID] = ()
) -> tuple[Book, list[Hold]]:
    """Lock the owners' accounts, then read their pending holds and the named holds, and lay them out as a book."""
    accounts, pending, named = await run_in_order(
        conn,
        [
            lock_accounts_of(bucket=bucket, owner_ids=owner_ids),
            load_pending_holds(bucket=bucket, owner_ids=owner_ids),
            load_holds(bucket=bucket, hold_ids=hold_ids),
        ],
    )
    holds: dict[UUID, Hold] = {each.id: each for each in (*pending.rows, *named.rows)}
    return Book(accounts=accounts.rows, holds=holds.values(), now=now), list(holds.values())


async def write(conn: Conn, book: Book, *, bucket: int, writer: int) -> None:
    """Write what a book has decided, and leave its leaves for the sealer.

    Raises BatchMustRerun when others were first.
    """
    book_writes = book.writes
    statements = write_book(bucket=bucket, writer=writer, book_writes=book_writes)
    leaves = leaves_of(book_writes)
    if leaves:
        statements.append(sealing.leaving(leaves, now=book_writes.now))
    await run_in_order(conn, statements)


async def until_won(conn: Conn, attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Run an attempt behind a savepoint; when another writer was first, roll it back and decide on fresh facts."""
    for _ in range(TRIES_MAX - 1):
        try:
            async with conn.transaction():
                return await attempt()
        except (BatchMustRerun, UniqueViolation):
            continue
    return await attempt()
