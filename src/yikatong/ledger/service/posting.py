"""Posting transfers: many at once, one, or the last one of an account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.errors import UniqueViolation

from yikatong.kernel.ids import TransferId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import store
from yikatong.ledger.batch import load_pending_holds, lock_accounts_of, write_book
from yikatong.ledger.leaves import leaves_of
from yikatong.ledger.model import (
    AccountKind,
    AccountName,
    Leg,
    Reason,
    Transfer,
    TransferDraft,
    TransferKind,
    bank_clearing,
    name_account,
    owner_of,
)
from yikatong.ledger.rules import Book
from yikatong.ledger.service.accounts import open_account
from yikatong.ledger.service.working import (
    COMMANDS,
    TRIES_MAX,
    Outcome,
    owners_of,
    raise_or_give,
    read_book,
    until_won,
    write,
)
from yikatong.notices import service as notices
from yikatong.notices.model import Template
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.pipeline import BEGIN, COMMIT, ROLLBACK, BatchConnection, BatchMustRerun
from yikatong.plumbing.statements import run_in_order
from yikatong.sealing import service as sealing

Conn = psycopg.AsyncConnection[Any]


async def post_batch(
    conn: Conn, *, bucket: int, writer: int, drafts: Sequence[TransferDraft], now: datetime
) -> tuple[Outcome, ...]:
    """Post transfers of one bucket in the order given; each is done, already so, or refused for a reason.

    The same id again is ALREADY_SO if kind, reference, accounts and legs are the same, else TRANSFER_ID_IS_USED;
    the other reasons and their order are those of `Book.post`. A refused transfer does not touch its neighbours.
    """
    owners = owners_of(drafts)

    async def attempt() -> tuple[Outcome, ...]:
        book, _ = await read_book(conn, bucket=bucket, owner_ids=owners, now=now)
        ids = [draft.id for draft in drafts]
        results = await run_in_order(conn, [store.load_transfers(bucket=bucket, transfer_ids=ids)])
        posted: dict[UUID, Transfer] = {row.id: row for row in results[0].rows}
        outcomes = tuple(_post_once(book, draft, posted) for draft in drafts)
        await write(conn, book, bucket=bucket, writer=writer)
        return outcomes

    return await until_won(conn, attempt)


async def post_pipelined(
    conn: BatchConnection,
    *,
    bucket: int,
    writer: int,
    seals: sealing.Writer,
    drafts: Sequence[TransferDraft],
    now: datetime,
) -> tuple[Outcome, ...]:
    """As `post_batch`, in a transaction of its own on a pipelined connection: for thousands of transfers a second.

    `seals` writes the batches of this connection alone; after any error but a refusal it is to `forget`. Ids are looked
    up only after one was found to be used, since nearly all are new. Raises BatchMustRerun when others were first five
    times in a row.
    """
    owners = owners_of(drafts)
    ids: list[UUID] = []
    for _ in range(TRIES_MAX):
        try:
            accounts, holds, known = (
                await conn.run(
                    [
                        BEGIN,
                        lock_accounts_of(bucket=bucket, owner_ids=owners),
                        load_pending_holds(bucket=bucket, owner_ids=owners),
                        store.load_transfers(bucket=bucket, transfer_ids=ids),
                    ]
                )
            )[1:]
            posted: dict[UUID, Transfer] = {row.id: row for row in known.rows}
            book = Book(accounts=accounts.rows, holds=holds.rows, now=now)
            outcomes = tuple(_post_once(book, draft, posted) for draft in drafts)
            book_writes = book.writes
            sealed = seals.seal(leaves_of(book_writes), now=now)
            written = write_book(bucket=bucket, writer=writer, book_writes=book_writes)
            await conn.run([*written, *sealed.statements, COMMIT])
            seals.advance(sealed, now=now)
        except (BatchMustRerun, UniqueViolation):
            await conn.run([ROLLBACK])
            ids = [draft.id for draft in drafts]
        else:
            return outcomes
    raise BatchMustRerun("others were first in every try")


async def post(conn: Conn, *, bucket: int, writer: int, draft: TransferDraft, now: datetime) -> Change:
    """Post one transfer, once. Refuses as `post_batch`."""
    outcome = (await post_batch(conn, bucket=bucket, writer=writer, drafts=[draft], now=now))[0]
    return raise_or_give(outcome)


async def grant_benefit(
    conn: Conn,
    *,
    bucket: int,
    resident_id: UUID,
    benefit: str,
    amount_fen: int,
    reference: UUID,
    now: datetime,
    ids: Ids,
) -> AccountName:
    """Pay into a resident's benefit account, opening it if need be, and tell them; gives its name. Refuses as `post`.

    What the benefit's payer still owes us for it stands in the payer's funding account.
    """
    account = name_account(resident_id, AccountKind.BENEFIT, benefit)
    payer = name_account(owner_of("benefit", benefit), AccountKind.FUNDING, benefit)
    await open_account(conn, bucket=bucket, account=account, now=now)
    draft = TransferDraft(
        TransferId(ids.new()), TransferKind.GRANT, reference, (Leg(payer, -amount_fen), Leg(account, amount_fen))
    )
    await post(conn, bucket=bucket, writer=COMMANDS, draft=draft, now=now)
    await notices.tell(
        conn,
        Template.BENEFIT_ARRIVED,
        bucket=bucket,
        resident_id=resident_id,
        now=now,
        ids=ids,
        amount_fen=amount_fen,
    )
    return account


async def top_up_purse(
    conn: Conn,
    *,
    bucket: int,
    resident_id: UUID,
    bank_code: str,
    amount_fen: int,
    transfer_id: TransferId,
    reference: UUID,
    now: datetime,
) -> AccountName:
    """Pay what a bank has debited into a resident's purse, once, opening it if need be; gives its name.

    Refuses as `post`. The reserve follows in the same commit.
    """
    account = name_account(resident_id, AccountKind.PURSE)
    await open_account(conn, bucket=bucket, account=account, now=now)
    legs = (Leg(bank_clearing(bank_code), -amount_fen), Leg(account, amount_fen))
    draft = TransferDraft(transfer_id, TransferKind.TOP_UP, reference, legs)
    await post(conn, bucket=bucket, writer=COMMANDS, draft=draft, now=now)
    return account


async def close_account(
    conn: Conn, *, bucket: int, writer: int, account: AccountName, closing: TransferDraft | None, now: datetime
) -> Change:
    """Close an account, after `closing` has paid out the whole rest (None when there is none).

    Refuses, in this order:
        ACCOUNT_IS_UNKNOWN, ACCOUNT_IS_FROZEN
        ACCOUNT_HAS_HOLDS      amounts are set aside and their holds are not past their end
        the reasons of `post` for the closing transfer
        ACCOUNT_HAS_BALANCE    something is left after it
    """
    book, holds = await read_book(conn, bucket=bucket, owner_ids=[account.owner_id], now=now)
    row = book.find_account(account.id)
    if row is None:
        raise Refused(Reason.ACCOUNT_IS_UNKNOWN)
    if row.closed_at is not None:
        return Change.ALREADY_SO
    if row.frozen_at is not None:
        raise Refused(Reason.ACCOUNT_IS_FROZEN)
    if any(each.account_id == account.id and each.expires_at > now for each in holds):
        raise Refused(Reason.ACCOUNT_HAS_HOLDS)
    book.expire_due_holds()
    await write(conn, book, bucket=bucket, writer=writer)
    if closing is not None:
        await post(conn, bucket=bucket, writer=writer, draft=closing, now=now)
    if not await store.close_account(conn, bucket=bucket, account=account, now=now):
        raise Refused(Reason.ACCOUNT_HAS_BALANCE)
    return Change.DONE


def _post_once(book: Book, draft: TransferDraft, posted: dict[UUID, Transfer]) -> Outcome:
    before = posted.get(draft.id)
    if before is None:
        return book.post(draft) or Change.DONE
    is_same = (before.kind, before.reference, before.accounts, before.legs) == (
        draft.kind, draft.reference, [leg.account.id for leg in draft.legs], [leg.amount_fen for leg in draft.legs],
    )  # fmt: skip
    return Change.ALREADY_SO if is_same else Reason.TRANSFER_ID_IS_USED
