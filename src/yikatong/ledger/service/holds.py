"""Amounts set aside: made, posted, voided, tidied."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import HoldId
from yikatong.kernel.outcomes import Change
from yikatong.ledger import store
from yikatong.ledger.batch import load_holds
from yikatong.ledger.model import Hold, HoldDraft, HoldStatus, Reason, TransferDraft
from yikatong.ledger.rules import Book
from yikatong.ledger.service.working import (
    COMMANDS,
    Outcome,
    owners_of,
    raise_or_give,
    read_book,
    until_won,
    write,
)
from yikatong.plumbing.statements import run_in_order

Conn = psycopg.AsyncConnection[Any]


async def hold(conn: Conn, *, bucket: int, draft: HoldDraft, now: datetime) -> Change:
    """Set an amount aside, once: the same id and content again is ALREADY_SO, even when the hold has ended.

    Refuses HOLD_ID_IS_USED when the id has another content, then as `Book.hold`.
    """

    def decide(book: Book, known: Hold | None) -> Outcome:
        if known is not None:
            is_same = (known.account_id, known.amount_fen, known.reference) == (
                draft.account.id, draft.amount_fen, draft.reference,
            )  # fmt: skip
            return Change.ALREADY_SO if is_same else Reason.HOLD_ID_IS_USED
        return book.hold(draft) or Change.DONE

    owners = [draft.account.owner_id]
    return await _with_hold(
        conn, bucket=bucket, writer=COMMANDS, hold_id=draft.id, owners=owners, now=now, decide=decide
    )


async def post_hold(
    conn: Conn, *, bucket: int, writer: int, hold_id: HoldId, draft: TransferDraft, now: datetime
) -> Change:
    """Post a transfer out of a hold, once: ALREADY_SO when this transfer already ended this hold.

    Refuses as `Book.post_hold`.
    """

    def decide(book: Book, known: Hold | None) -> Outcome:
        if known is not None and known.status is HoldStatus.POSTED and known.transfer_id == draft.id:
            return Change.ALREADY_SO
        return book.post_hold(hold_id, draft) or Change.DONE

    owners = owners_of([draft])
    return await _with_hold(conn, bucket=bucket, writer=writer, hold_id=hold_id, owners=owners, now=now, decide=decide)


async def post_part_of_hold(
    conn: Conn,
    *,
    bucket: int,
    writer: int,
    hold_id: HoldId,
    draft: TransferDraft,
    rest: HoldDraft | None,
    now: datetime,
) -> Change:
    """Post a transfer out of a hold and set what it left aside again under another id, in one, once.

    ALREADY_SO when this transfer already ended this hold. Refuses as `Book.post_hold`, then as `Book.hold`.
    """

    def decide(book: Book, known: Hold | None) -> Outcome:
        if known is not None and known.status is HoldStatus.POSTED and known.transfer_id == draft.id:
            return Change.ALREADY_SO
        before = book.savepoint()
        fault = book.post_hold(hold_id, draft)
        if fault is None and rest is not None:
            fault = book.hold(rest)
        if fault is not None:
            book.rollback_to(before)
        return fault or Change.DONE

    owners = owners_of([draft])
    return await _with_hold(conn, bucket=bucket, writer=writer, hold_id=hold_id, owners=owners, now=now, decide=decide)


async def void_hold(conn: Conn, *, bucket: int, hold_id: HoldId, now: datetime) -> Change:
    """Give a held amount free again, once. Refuses as `Book.void_hold`."""

    def decide(book: Book, known: Hold | None) -> Outcome:
        if known is not None and known.status is HoldStatus.VOIDED:
            return Change.ALREADY_SO
        return book.void_hold(hold_id) or Change.DONE

    return await _with_hold(conn, bucket=bucket, writer=COMMANDS, hold_id=hold_id, owners=[], now=now, decide=decide)


async def tidy_holds(conn: Conn, *, bucket: int, now: datetime, owner_count_max: int = 500) -> int:
    """Record as expired the holds of one bucket that are past their end; returns how many owners were tidied.

    Only tidiness depends on it: every use judges the end itself.
    """
    owners = await store.list_owners_with_due_holds(conn, bucket=bucket, now=now, limit=owner_count_max)
    if owners:
        book, _ = await read_book(conn, bucket=bucket, owner_ids=owners, now=now)
        book.expire_due_holds()
        await write(conn, book, bucket=bucket, writer=COMMANDS)
    return len(owners)


async def _with_hold(
    conn: Conn,
    *,
    bucket: int,
    writer: int,
    hold_id: HoldId,
    owners: Sequence[UUID],
    now: datetime,
    decide: Callable[[Book, Hold | None], Outcome],
) -> Change:
    """Decide about one hold on a book that holds its owner's accounts, and write what was decided."""

    async def attempt() -> Outcome:
        found = (await run_in_order(conn, [load_holds(bucket=bucket, hold_ids=[hold_id])]))[0].rows
        everyone = [*owners, *(each.owner_id for each in found)]
        book, holds = await read_book(conn, bucket=bucket, owner_ids=everyone, now=now, hold_ids=[hold_id])
        outcome = decide(book, next((each for each in holds if each.id == hold_id), None))
        await write(conn, book, bucket=bucket, writer=writer)
        return outcome

    return raise_or_give(await until_won(conn, attempt))
